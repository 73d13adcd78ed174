// Two pictures of one size under a movable edge. Everything happens in the browser; nothing is reported back.

export default function ({ data, parentElement }) {
  const frame = parentElement.querySelector(".frame");
  const input = frame.querySelector("input");
  const left = frame.querySelector("img.left");
  const right = frame.querySelector("img.right");
  for (const [image, side] of [[left, data.left], [right, data.right]]) {
    if (image.getAttribute("src") !== side.src) image.src = side.src;
    image.alt = side.name;
  }
  frame.querySelector(".name-left").textContent = data.left.name;
  frame.querySelector(".name-right").textContent = data.right.name;
  frame.style.aspectRatio = `${data.width} / ${data.height}`;
  frame.style.maxWidth = `calc(${data.most_height} * ${data.width / data.height})`;

  const move = (share) => {
    left.style.clipPath = `inset(0 ${100 - share * 100}% 0 0)`;
    frame.querySelector(".edge").style.left = `${share * 100}%`;
  };
  // The invisible range input brings keyboard and screen readers; the pointer is read exactly.
  const under = (event) => {
    const box = frame.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  };
  const drag = (event) => {
    if (event.buttons !== 1) return;
    input.value = String(Math.round(under(event) * 1000));
    move(under(event));
  };
  input.onpointerdown = drag;
  input.onpointermove = drag;
  input.oninput = () => move(Number(input.value) / 1000);
  move(Number(input.value) / 1000);
}
