// Where an output pixel looks. Every map is drawn where its cells look on the photo, so where a chain is in place the
// way down from a pixel is a plumb line. data.rows, top to bottom: name, scale, offset (centre of cell 0 on the photo),
// cells, colour, level (which of the rows). data.way: the steps down, each {kind: "enlarge", name, from, to, kernel,
// stride, padding, crop} or {kind: "skip", name, from, to, crop}; from and to name rows.
const SVG = "http://www.w3.org/2000/svg";
const HIGH = 34, BAR = 15, FEWEST = 2.2;

const make = (name, attributes, text) => {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  if (text !== undefined) element.textContent = text;
  return element;
};
const show = (value) => String(Math.round(value * 1000) / 1000).replace("-", "−");

// Cells of the coarse map that reach row j of a bilinear enlargement, with their weights (Caffe's filler).
function readers(j, { kernel, stride, padding }, cells) {
  const factor = Math.floor((kernel + 1) / 2), centre = kernel % 2 ? factor - 1 : factor - 0.5;
  const found = [];
  for (let c = Math.ceil((j + padding - kernel + 1) / stride); c * stride <= j + padding; c++) {
    const weight = 1 - Math.abs(j + padding - c * stride - centre) / factor;
    if (weight > 1e-9 && c >= 0 && c < cells) found.push({ cell: c, weight });
  }
  return found;
}

// The lit cells of every row, and for each row the weighted middle of its lit cells, in cells.
function follow(data, pixel) {
  const rows = new Map(data.rows.map((row) => [row.name, { ...row, lit: new Map(), words: "" }]));
  rows.get(data.rows[0].name).lit.set(pixel, 1);
  for (const step of data.way) {
    const from = rows.get(step.from), to = rows.get(step.to);
    for (const [cell, share] of from.lit) {
      const next = step.kind === "skip" ? [{ cell: cell + step.crop, weight: 1 }] : readers(cell + step.crop, step, to.cells);
      const sum = next.reduce((all, one) => all + one.weight, 0);
      for (const { cell: c, weight } of next) to.lit.set(c, (to.lit.get(c) ?? 0) + (share * weight) / sum);
    }
  }
  for (const row of rows.values()) {
    let sum = 0, place = 0;
    row.lit.forEach((share, cell) => ((sum += share), (place += share * cell)));
    row.middle = sum > 0 ? place / sum : null;
    row.place = row.middle === null ? null : row.scale * row.middle + row.offset;
  }
  return rows;
}

function draw(root, data, pixel) {
  const svg = root.querySelector("svg");
  const wide = Math.max(300, root.clientWidth - 2), left = 8, right = wide - 8;
  const half = data.near ? 72 : 0;
  const low = data.near ? pixel - half : -Math.max(8, data.width * 0.02);
  const high = data.near ? pixel + half : data.width - 1 + Math.max(8, data.width * 0.02);
  const x = (place) => left + ((place - low) / (high - low)) * (right - left);
  const rows = follow(data, pixel);
  const size = parseFloat(getComputedStyle(root).fontSize) * 0.78;
  const step = HIGH + size * 1.2;
  const y = (level) => 6 + size + level * step;
  const parts = [];
  for (const row of rows.values()) {
    const top = y(row.level), each = x(row.scale) - x(0);
    const first = Math.max(0, Math.floor((low - row.offset) / row.scale)), last = Math.min(row.cells - 1, Math.ceil((high - row.offset) / row.scale));
    parts.push(make("text", { class: "name", x: left, y: top - 4, "font-size": size, fill: row.colour || "" }, row.title));
    if (last < first) continue;
    const edge = (cell) => Math.min(Math.max(x(row.offset + row.scale * (cell - 0.5)), left), right);
    parts.push(make("rect", { class: "map", x: edge(first), y: top, width: Math.max(edge(last + 1) - edge(first), 0), height: BAR }));
    if (each > FEWEST) {
      for (let cell = first; cell <= last; cell++) {
        parts.push(make("rect", { class: "cell", x: edge(cell), y: top, width: Math.max(edge(cell + 1) - edge(cell), 0), height: BAR, "stroke-width": each > 6 ? 1 : 0.35 }));
      }
    }
    const heaviest = Math.max(...row.lit.values());
    row.lit.forEach((share, cell) => {
      if (cell < first || cell > last) return;
      const from = edge(cell), width = Math.max(edge(cell + 1) - from, 2);
      parts.push(make("rect", { class: "lit", x: from, y: top, width, height: BAR, fill: row.colour || "var(--st-primary-color)", "fill-opacity": 0.25 + (0.75 * share) / heaviest }));
      if (width > size * 2.4) {
        parts.push(make("text", { class: "tick", x: from + width / 2, y: top + BAR + size, "font-size": size * 0.92, "text-anchor": "middle" }, String(cell)));
      }
    });
  }
  const bottom = y(Math.max(...data.rows.map((row) => row.level)));
  parts.push(make("line", { class: "own", x1: x(pixel), x2: x(pixel), y1: y(0), y2: bottom + BAR }));
  for (const [number, ray] of data.rays.entries()) {
    const width = 2.2 + 2.6 * (data.rays.length - 1 - number); // rays on one line show as stripes
    const stops = ray.rows.map((name) => rows.get(name)).filter((row) => row.place !== null);
    if (stops.length < ray.rows.length) continue;
    const end = stops[stops.length - 1];
    const points = stops.map((row) => [x(row === stops[0] ? pixel : row.place), y(row.level) + BAR / 2]);
    points.push([x(end.place), bottom + BAR / 2]);
    const inside = points.filter(([across]) => across >= left - 1 && across <= right + 1);
    parts.push(make("path", { class: "ray", d: `M${inside.map((p) => p.map((v) => v.toFixed(1)).join(" ")).join("L")}`, stroke: ray.colour, "stroke-width": width }));
    const [across, down] = points[points.length - 1];
    if (across >= left && across <= right) parts.push(make("circle", { cx: across, cy: down, r: 3.2 + width / 2, fill: ray.colour, stroke: "var(--st-background-color)", "stroke-width": 1.5 }));
  }
  const ticks = [];
  const gap = [1, 2, 4, 8, 16, 32, 64, 100, 200, 500, 1000].find((one) => x(one) - x(0) > size * 4) ?? 2000;
  for (let place = Math.ceil(low / gap) * gap; place <= high; place += gap) {
    const across = x(place);
    if (across < left + size || across > right - size) continue;
    ticks.push(make("line", { class: "line", x1: across, x2: across, y1: bottom + BAR, y2: bottom + BAR + 4 }));
    ticks.push(make("text", { class: "tick", x: across, y: bottom + BAR + 6 + size, "font-size": size * 0.92, "text-anchor": "middle" }, show(place)));
  }
  ticks.push(make("text", { class: "tick", x: (left + right) / 2, y: bottom + BAR + 9 + 2.1 * size, "font-size": size * 0.92, "text-anchor": "middle" }, "column of the photo, pixels"));
  svg.setAttribute("viewBox", `0 0 ${wide} ${bottom + BAR + 14 + 2.3 * size}`);
  svg.replaceChildren(...parts, ...ticks);
  read(root, data, rows, pixel);
}

function read(root, data, rows, pixel) {
  const list = (row) => {
    const cells = [...row.lit].sort((a, b) => a[0] - b[0]);
    if (!cells.length) return "none: it lies beyond the map";
    return cells.map(([cell, share]) => (cells.length > 1 ? `${cell} (${share.toFixed(2)})` : `${cell}`)).join(", ");
  };
  const lines = data.way.map((step) => {
    const to = rows.get(step.to);
    const line = document.createElement("li");
    if (step.from === data.rows[0].name) {
      line.textContent = `Output pixel ${pixel} is column ${pixel} + ${step.crop} = ${pixel + step.crop} of ${step.name}; it mixes ${to.title}’s cells ${list(to)}.`;
    } else if (step.kind === "skip") {
      line.textContent = `There ${step.name}, cropped by ${step.crop}, adds its cells ${list(to)}.`;
    } else {
      line.textContent = `Those come from ${step.name}, cropped by ${step.crop}: ${to.title}’s cells ${list(to)}.`;
    }
    return line;
  });
  const last = document.createElement("li");
  last.className = "places";
  last.innerHTML = data.rays
    .map((ray) => {
      const place = rows.get(ray.rows[ray.rows.length - 1]).place;
      return `through ${ray.name} at <b>${place === null ? "nothing" : show(place)}</b>`;
    })
    .join(", ");
  last.prepend(`Pixel ${pixel} looks `);
  last.append(".");
  root.querySelector(".reading").replaceChildren(...lines, last);
}

const states = new WeakMap();
export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".looking");
  const state = states.get(root) ?? { playing: null, sent: null };
  states.set(root, state);
  state.data = data;
  const input = root.querySelector("input"), play = root.querySelector(".play");
  input.max = data.most;
  const known = Math.min(data.pixel, data.most);
  // What the hand last wished goes before what the page last knew.
  if (state.known !== known || state.most !== data.most) input.value = known;
  state.known = known;
  state.most = data.most;
  const paint = () => {
    root.querySelector("output").textContent = `pixel ${input.value}`;
    draw(root, state.data, Number(input.value));
  };
  const tell = () => {
    if (Number(input.value) !== state.sent) setTriggerValue("pixel", (state.sent = Number(input.value)));
  };
  const stop = () => {
    clearInterval(state.playing);
    state.playing = null;
    play.textContent = "Play";
    play.setAttribute("aria-pressed", "false");
  };
  input.oninput = paint;
  input.onchange = tell;
  play.onclick = () => {
    if (state.playing) {
      stop();
      tell();
      return;
    }
    play.textContent = "Pause";
    play.setAttribute("aria-pressed", "true");
    state.playing = setInterval(() => {
      input.value = Number(input.value) >= state.data.most ? 0 : Number(input.value) + 1;
      paint();
    }, 90);
  };
  paint();
  if (!state.watch) {
    state.watch = new ResizeObserver(() => paint());
    state.watch.observe(root.querySelector(".board"));
  }
  return () => {
    stop();
    state.watch?.disconnect();
    state.watch = null;
  };
}
