// Which input cell writes which output pixel: cells on top, the kernel's stamps below them, the counted writes at the
// bottom. Hovering, tapping or the arrow keys choose an output pixel or a cell, and all that belongs to it lights up.
const SVG = "http://www.w3.org/2000/svg";
const NARROWEST = 15, WIDEST = 38, LANE = 13, HEIGHT = 26, WORDS = 18;
const states = new WeakMap();

const make = (name, attributes, ...children) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
};
const listed = (numbers) =>
  numbers.length < 2 ? numbers.join("") : `${numbers.slice(0, -1).join(", ")} and ${numbers.at(-1)}`;

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".overlap");
  const svg = root.querySelector("svg");
  const reading = root.querySelector(".reading");
  const { n, kernel, stride, writes } = data;
  const spelled = `${n} ${kernel} ${stride}`;
  const state = states.get(root) ?? {};
  states.set(root, state);
  if (state.spelled !== spelled) Object.assign(state, { spelled, kind: "out", at: data.start, drawn: 0 });

  const draw = () => {
    const room = root.clientWidth - 4;
    if (room <= 0 || room === state.drawn) return;
    state.drawn = room;
    const side = Math.max(NARROWEST, Math.min(WIDEST, room / writes.length));
    const lanes = Math.min(n, Math.ceil(kernel / stride));
    const most = Math.max(...writes);
    const stamps = WORDS + HEIGHT + 8, out = stamps + lanes * LANE + WORDS + 6;
    svg.setAttribute("width", side * writes.length + 2);
    svg.setAttribute("height", out + HEIGHT + 3);
    svg.setAttribute("aria-label", `${n} input cells and the ${writes.length} output pixels that they write`);
    const parts = [make("text", { class: "row", x: 1, y: 12 }, "input cells, and the pixels that each one stamps")];
    for (let i = 0; i < n; i++) {
      const x = i * stride * side + 1, middle = x + (kernel * side) / 2;
      parts.push(make("g", { class: "cell", "data-kind": "cell", "data-at": i },
        make("rect", { x: middle - side / 2 + 1, y: WORDS, width: side - 2, height: HEIGHT }),
        make("text", { x: middle, y: WORDS + HEIGHT / 2 }, i)));
      parts.push(make("rect", { class: "stamp", "data-kind": "cell", "data-at": i, x, y: stamps + (i % lanes) * LANE,
        width: kernel * side, height: LANE - 2, rx: 2 }));
    }
    parts.push(make("text", { class: "row", x: 1, y: out - 7 }, "output pixels: how often each is written"));
    writes.forEach((count, j) => {
      const strong = count / most > 0.55 && count ? " strong" : count ? "" : " hole";
      parts.push(make("g", { class: `out${strong}`, "data-kind": "out", "data-at": j },
        make("rect", { x: j * side + 1, y: out, width: side, height: HEIGHT, "fill-opacity": 0.12 + (0.8 * count) / most }),
        make("text", { x: (j + 0.5) * side + 1, y: out + HEIGHT / 2 }, count)));
    });
    svg.replaceChildren(...parts);
    light();
  };
  const light = () => {
    const writers = (j) => [...Array(n).keys()].filter((i) => j - i * stride >= 0 && j - i * stride < kernel);
    const cells = state.kind === "cell" ? [state.at] : writers(state.at);
    const pixels = state.kind === "out" ? [state.at] : [...Array(kernel).keys()].map((t) => state.at * stride + t);
    svg.querySelectorAll("[data-kind]").forEach((part) => {
      const of = part.dataset.kind === "cell" ? cells : pixels;
      part.classList.toggle("on", of.includes(Number(part.dataset.at)));
    });
    reading.textContent = state.kind === "cell"
      ? `Input cell ${state.at} stamps output pixels ${pixels[0]} to ${pixels.at(-1)}.`
      : cells.length === 0 ? `No input cell reaches output pixel ${state.at}: it stays zero.`
      : `Output pixel ${state.at} is written ${cells.length === 1 ? "once, by input cell" : `${cells.length} times, by input cells`} ${listed(cells)}: ` +
        `tap${cells.length === 1 ? "" : "s"} ${listed(cells.map((i) => state.at - i * stride))} of the kernel.`;
  };
  const choose = (event) => {
    const part = event.target.closest("[data-kind]");
    if (!part) return;
    Object.assign(state, { kind: part.dataset.kind, at: Number(part.dataset.at) });
    light();
  };
  svg.onpointermove = choose;
  svg.onpointerdown = choose;
  svg.onkeydown = (event) => {
    const move = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!move) return;
    event.preventDefault();
    const last = (state.kind === "cell" ? n : writes.length) - 1;
    state.at = Math.max(0, Math.min(last, state.at + move));
    light();
  };
  state.redraw = draw;
  if (!state.watch) {
    state.watch = new ResizeObserver(() => state.redraw());
    state.watch.observe(root);
  }
  draw();
}
