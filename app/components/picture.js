// A picture whose pixels can be chosen: by mouse, touch or arrow keys. Reports exact pixels of the
// full-size image (data.width × data.height), whatever size the picture is drawn or was sent at.

const clamp = (value, most) => Math.max(0, Math.min(most, value));

export default function ({ data, parentElement, setTriggerValue }) {
  const figure = parentElement.querySelector("figure");
  const image = figure.querySelector("img");
  const marker = figure.querySelector(".marker");
  const place = figure.querySelector(".place");
  const frame = figure.querySelector(".frame");

  if (image.getAttribute("src") !== data.src) image.src = data.src;
  image.alt = data.alt;
  image.classList.toggle("cells", Boolean(data.cells));
  frame.style.aspectRatio = `${data.width} / ${data.height}`;
  // A tall picture must not push everything else off the screen.
  frame.style.maxWidth = `calc(${data.most_height} * ${data.width / data.height})`;
  figure.querySelector(".title").textContent = data.title ?? "";
  figure.querySelector(".title").hidden = !data.title;

  const bar = figure.querySelector(".bar");
  bar.hidden = !data.bar;
  if (data.bar) {
    bar.querySelector("img").src = data.bar.src;
    bar.querySelector("img").alt = `Colour scale from ${data.bar.ticks[0]} to ${data.bar.ticks.at(-1)}`;
    bar.querySelector(".ticks").replaceChildren(
      ...data.bar.ticks.map((text, index, all) => {
        const share = (100 * index) / (all.length - 1);
        const tick = Object.assign(document.createElement("span"), { textContent: text });
        // The outer labels stay inside the picture's width; every other stands exactly under its colour.
        tick.style.left = `${share}%`;
        tick.style.transform = `translateX(-${share === 0 || share === 100 ? share : 50}%)`;
        return tick;
      }),
    );
    bar.querySelector(".label").textContent = data.bar.label ?? "";
  }

  const show = (pixel) => {
    marker.hidden = !pixel;
    if (!pixel) return;
    marker.style.left = `${((pixel.x + 0.5) / data.width) * 100}%`;
    marker.style.top = `${((pixel.y + 0.5) / data.height) * 100}%`;
  };
  let chosen = data.pixel;
  show(chosen);

  frame.style.cursor = data.still ? "default" : "";
  const choose = (pixel) => {
    if (data.still) return; // teacher mode holds the pixel
    chosen = pixel;
    show(pixel);
    setTriggerValue("pixel", pixel);
  };
  const under = (event) => {
    const box = frame.getBoundingClientRect();
    return {
      x: clamp(Math.floor(((event.clientX - box.left) / box.width) * data.width), data.width - 1),
      y: clamp(Math.floor(((event.clientY - box.top) / box.height) * data.height), data.height - 1),
    };
  };
  // A click event has its place rounded down to whole CSS pixels; the pointer that made it knows better.
  let released;
  frame.onpointerup = (event) => (released = under(event));
  frame.onclick = (event) => {
    choose(released ?? under(event));
    released = undefined;
  };
  frame.onpointermove = (event) => {
    const { x, y } = under(event);
    place.textContent = `x ${x}, y ${y}`;
    place.hidden = event.pointerType === "touch";
  };
  frame.onpointerleave = () => (place.hidden = true);
  let waiting;
  frame.onkeydown = (event) => {
    const step = event.shiftKey ? 10 : 1;
    const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[event.key];
    if (!move || data.still) return;
    event.preventDefault();
    const from = chosen ?? { x: data.width >> 1, y: data.height >> 1 };
    chosen = { x: clamp(from.x + move[0], data.width - 1), y: clamp(from.y + move[1], data.height - 1) };
    show(chosen);
    clearTimeout(waiting); // a held key walks over many pixels: ask once, where it comes to rest
    waiting = setTimeout(() => setTriggerValue("pixel", chosen), 150);
  };
  return () => clearTimeout(waiting);
}
