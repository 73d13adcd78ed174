// From photo to label map, stage by stage. Everything is in the browser; the place is kept while the page runs again.

const places = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".stages");
  const frame = root.querySelector(".frame");
  const map = root.querySelector(".map");
  const slider = root.querySelector("input");
  const play = root.querySelector(".play");
  const rail = root.querySelector(".rail");
  const [photo] = data.stages;

  frame.style.aspectRatio = `${photo.width} / ${photo.height}`;
  // The controls under the picture must stay on the screen with it.
  root.style.maxWidth = `calc(60vh * ${photo.width / photo.height} + 16.5rem)`;
  root.querySelector(".photo").src = photo.src;
  slider.max = data.stages.length - 1;
  rail.replaceChildren(
    ...data.stages.map((stage, index) => {
      const button = Object.assign(document.createElement("button"), { type: "button" });
      const place = Object.assign(document.createElement("span"), { className: "place" });
      place.style.setProperty("--shape", `${photo.width} / ${photo.height}`);
      const picture = Object.assign(document.createElement("img"), { src: stage.src, alt: "" });
      picture.style.setProperty("--size", `${Math.max(26, stage.scale * 100)}%`);
      place.append(picture);
      const text = document.createElement("span");
      text.append(
        Object.assign(document.createElement("strong"), { textContent: stage.name }),
        Object.assign(document.createElement("span"), { className: "small", textContent: stage.size }),
      );
      button.append(place, text);
      button.onclick = () => { stop(); show(index); };
      const item = document.createElement("li");
      item.append(button);
      return item;
    }),
  );

  const show = (index) => {
    const stage = data.stages[index];
    places.set(root, index);
    slider.value = String(index);
    slider.setAttribute("aria-valuetext", stage.name);
    map.hidden = index === 0;
    map.style.display = index === 0 ? "none" : "block";
    map.src = stage.src;
    map.style.width = `${(stage.width / photo.width) * 100}%`;
    map.style.height = `${(stage.height / photo.height) * 100}%`;
    root.querySelector(".story").textContent = stage.story;
    [...rail.querySelectorAll("button")].forEach((button, i) =>
      i === index ? button.setAttribute("aria-current", "step") : button.removeAttribute("aria-current"));
  };
  let timer;
  const stop = () => { clearInterval(timer); timer = undefined; play.classList.remove("on"); play.ariaLabel = "Play"; };
  play.onclick = () => {
    if (timer) return stop();
    play.classList.add("on");
    play.ariaLabel = "Pause";
    show((places.get(root) + 1) % data.stages.length);
    timer = setInterval(() => show((places.get(root) + 1) % data.stages.length), 1800);
  };
  slider.oninput = () => { stop(); show(Number(slider.value)); };
  show(places.get(root) ?? 1);
  return stop;
}
