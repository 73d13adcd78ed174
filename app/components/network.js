// The network as boxes and arrows. data.boxes: name, title, size, stride, column, row, colour, src (a small heat map) and
// sources; a click or Enter on a box reports its name.
const SVG = "http://www.w3.org/2000/svg";
const WIDE = 118, HIGH = 62, ACROSS = 142, DOWN = 84, EDGE = 4;

const make = (name, attributes, text) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const svg = parentElement.querySelector("svg");
  const boxes = new Map(data.boxes.map((box) => [box.name, box]));
  const at = (box) => ({ x: EDGE + box.column * ACROSS, y: EDGE + box.row * DOWN });
  const columns = Math.max(...data.boxes.map((box) => box.column)) + 1;
  const rows = Math.max(...data.boxes.map((box) => box.row)) + 1;
  const focused = svg.querySelector(":focus")?.dataset.name;
  svg.setAttribute("viewBox", `0 0 ${(columns - 1) * ACROSS + WIDE + 2 * EDGE} ${(rows - 1) * DOWN + HIGH + 2 * EDGE}`);
  svg.style.maxWidth = `${columns * 10.5}rem`;
  svg.style.minWidth = `${columns * 7.5}rem`; // in rem, so that the projector's large type makes the boxes larger too

  const edges = [];
  for (const box of data.boxes) {
    for (const name of box.sources) {
      const a = at(boxes.get(name)), b = at(box);
      const down = b.y > a.y && Math.abs(b.x - a.x) < 1;
      const [x1, y1, x2, y2] = down
        ? [a.x + WIDE / 2, a.y + HIGH, b.x + WIDE / 2, b.y - 6]
        : [a.x + WIDE, a.y + HIGH / 2, b.x - 6, b.y + HIGH / 2];
      const path = y1 === y2 || x1 === x2 ? `M${x1} ${y1}L${x2} ${y2}` : `M${x1} ${y1}H${(x1 + x2) / 2}V${y2}H${x2}`;
      edges.push(make("path", { class: "edge", d: path }));
      const tip = down ? `M${x2 - 4} ${y2}h8l-4 6z` : `M${x2} ${y2 - 4}v8l6 -4z`;
      edges.push(make("path", { class: "tip", d: tip }));
      if (box.plus) {
        const label = down ? { x: x2 + 9, y: y2 - 3 } : { x: x2 - 14, y: y2 - 6 };
        edges.push(make("text", { ...label, "font-size": 15, "font-weight": 700, fill: "currentColor" }, "+"));
      }
    }
  }

  const drawn = data.boxes.map((box) => {
    const { x, y } = at(box);
    const group = make("g", {
      class: "box", tabindex: 0, role: "button", "data-name": box.name,
      "aria-pressed": String(box.name === data.chosen), "aria-label": `${box.title}: ${box.size}, stride ${box.stride}`,
    });
    group.append(make("rect", { class: "body", x, y, width: WIDE, height: HIGH, rx: 5 }));
    if (box.colour) group.append(make("rect", { class: "stripe", x: x + 1.5, y: y + 5, width: 4, height: HIGH - 10, fill: box.colour }));
    if (box.src) {
      group.append(make("image", {
        href: box.src, x: x + WIDE - 36, y: y + 24, width: 31, height: 33, preserveAspectRatio: "xMaxYMid meet",
      }));
    }
    group.append(make("text", { class: "title", x: x + 10, y: y + 18 }, box.title));
    group.append(make("text", { class: "small", x: x + 10, y: y + 35 }, box.size));
    group.append(make("text", { class: "small", x: x + 10, y: y + 50 }, `${box.channels} ch, /${box.stride}`));
    group.append(make("title", {}, `${box.title}: ${box.size}, ${box.channels} channels, stride ${box.stride}. ${box.about}`));
    const choose = () => {
      svg.querySelectorAll(".box").forEach((other) => other.setAttribute("aria-pressed", String(other === group)));
      setTriggerValue("box", box.name);
    };
    group.onclick = choose;
    group.onkeydown = (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();
      choose();
    };
    return group;
  });
  svg.replaceChildren(...edges, ...drawn);
  const frame = parentElement.querySelector(".network");
  const box = boxes.get(data.chosen);
  if (box && frame.dataset.chosen !== data.chosen) {
    // On a phone the picture is wider than the screen: begin where the chosen box is.
    const middle = (svg.clientWidth * (at(box).x + WIDE / 2)) / svg.viewBox.baseVal.width;
    if (middle > frame.scrollLeft + frame.clientWidth - 40 || middle < frame.scrollLeft) {
      frame.scrollLeft = middle - frame.clientWidth / 2;
    }
    frame.dataset.chosen = data.chosen;
  }
  if (focused) svg.querySelector(`[data-name="${focused}"]`)?.focus();
}
