// One transposed convolution in three views that step together: scatter, zero insertion, matrix. All numbers come from
// the server; what is shown after a step is what each way has computed so far. A cell under the pointer lights every cell
// that shares a product with it, in all views.
const places = new WeakMap();
const SVG = "http://www.w3.org/2000/svg";
const text = (value) => (value < -1e-12 ? "−" : "") + String(Math.abs(Math.round(value * 100) / 100));
const factor = (value) => (value < -1e-12 ? `(${text(value)})` : text(value));
const make = (name, attributes = {}, content = "") => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  if (content !== "") node.textContent = content;
  return node;
};

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".transposed");
  const place = places.get(root) ?? {};
  const fresh = !places.has(root);
  places.set(root, place);
  const find = (name) => root.querySelector(name);
  const { x, w, y, axes, flat } = data;
  const inputs = x.values.length, outputs = y.values.length;
  const [rows, columns] = axes; // of one axis, the rows are one pixel high

  // Products by what takes part in them: "x:2" -> all products with input 2.
  const shared = new Map();
  const join = (key, product) => { if (!shared.has(key)) shared.set(key, []); shared.get(key).push(product); };
  for (const [i, t, j] of data.products) {
    const product = { i, t, j, keys: [`x:${i}`, `w:${t}`, `y:${j}`, `m:${i * outputs + j}`] };
    for (const key of product.keys) join(key, product);
  }
  const among = (key) => shared.get(key) ?? [];

  // Drawing: cells are remembered by key, so that steps and the pointer only change their text and classes.
  const cells = [];
  const sheet = (art, width, height) => {
    const scale = data.large ? 1.3 : 1;
    const svg = make("svg", { width: width * scale, height: height * scale, viewBox: `0 0 ${width} ${height}` });
    art.append(svg);
    return svg;
  };
  const label = (svg, left, top, words) => svg.append(make("text", { class: "label", x: left, y: top }, words));
  const cell = (svg, left, top, side, key, kind, value, extra = {}) => {
    const group = make("g", { class: "cell", transform: `translate(${left} ${top})`, "data-key": key, style: `--side: ${side}px` });
    const shown = make("text", { x: side / 2, y: side / 2 + 0.5 });
    group.append(make("rect", { width: side, height: side }), shown);
    svg.append(group);
    cells.push({ group, shown, key, kind, value, side, ...extra });
  };
  const grid = (svg, left, top, side, map, key, kind, extra = {}) => {
    map.values.forEach((value, n) => {
      const at = { row: Math.floor(n / map.columns), column: n % map.columns };
      cell(svg, left + at.column * side, top + at.row * side, side, `${key}:${n}`, kind, value, { ...extra, n });
    });
  };
  const hatch = (svg, left, top, width, height) => {
    if (width > 0 && height > 0) svg.append(make("rect", { class: "hatch", fill: "url(#cut)", x: left, y: top, width, height }));
  };
  const stripes = (svg) => {
    const pattern = make("pattern", { id: "cut", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" });
    pattern.append(make("line", { class: "hatch-line", x1: 0, y1: 0, x2: 0, y2: 6 }));
    svg.append(pattern);
  };
  const outline = (svg) => {
    const box = make("rect", { class: "window" });
    svg.append(box);
    return (left, top, width, height) => {
      box.setAttribute("visibility", width ? "visible" : "hidden");
      if (width) for (const [name, value] of Object.entries({ x: left, y: top, width, height })) box.setAttribute(name, value);
    };
  };
  const SIDE = flat ? 34 : 26, GAP = 22, NARROWEST = 220; // room for the labels
  const across = (axis, n) => (n - 1) * axis.stride + axis.extent + axis.output_padding; // of all stamps, uncut
  const moves = []; // what follows a step besides the cells

  const drawScatter = () => {
    const art = find(".scatter .art");
    art.replaceChildren();
    const wide = across(columns, x.columns), high = across(rows, x.rows);
    if (flat) {
      const most = Math.max(wide, x.columns, w.columns);
      const svg = sheet(art, Math.max(most * SIDE, NARROWEST), (inputs + 3) * SIDE + 4 * GAP);
      stripes(svg);
      label(svg, 0, 14, "input");
      grid(svg, 0, GAP, SIDE, x, "x", "x");
      label(svg, 0, SIDE + GAP + 14, "kernel");
      grid(svg, 0, SIDE + 2 * GAP, SIDE, w, "w", "w");
      const top = 2 * SIDE + 3 * GAP;
      label(svg, 0, top - 8, columns.padding ? "stamps, one row each; hatched: cut off" : "stamps: one row for each input");
      hatch(svg, 0, top, columns.padding * SIDE, inputs * SIDE);
      hatch(svg, (columns.padding + outputs) * SIDE, top, (wide - columns.padding - outputs) * SIDE, inputs * SIDE);
      for (let i = 0; i < inputs; i += 1) {
        const landed = new Map(among(`x:${i}`).map((product) => [product.j, product]));
        for (let j = 0; j < outputs; j += 1) {
          cell(svg, (columns.padding + j) * SIDE, top + i * SIDE, SIDE, landed.has(j) ? `m:${i * outputs + j}` : `e:${i}:${j}`,
            landed.has(j) ? "stamp" : "empty", data.stamps[i][j], { i, j });
        }
        for (let t = 0; t < w.columns; t += 1) {
          const at = i * columns.stride + t * columns.dilation;
          if (at < columns.padding || at >= columns.padding + outputs)
            cell(svg, at * SIDE, top + i * SIDE, SIDE, `l:${i}:${t}`, "lost", x.values[i] * w.values[t], { i });
        }
      }
      label(svg, 0, top + inputs * SIDE + 15, "output: the sum of each column");
      grid(svg, columns.padding * SIDE, top + inputs * SIDE + GAP, SIDE, y, "y", "y", { way: "scatter" });
      return;
    }
    const left = Math.max(x.columns * SIDE, w.columns * SIDE, 60) + 26;
    const svg = sheet(art, left + Math.max(wide * SIDE, 140), Math.max(GAP + high * SIDE, (x.rows + 2 * w.rows) * SIDE + 3 * GAP) + 2);
    stripes(svg);
    label(svg, 0, 14, "input");
    grid(svg, 0, GAP, SIDE, x, "x", "x");
    label(svg, 0, x.rows * SIDE + GAP + 16, "kernel");
    grid(svg, 0, x.rows * SIDE + 2 * GAP, SIDE, w, "w", "w");
    label(svg, 0, (x.rows + w.rows) * SIDE + 2 * GAP + 16, "this stamp");
    w.values.forEach((value, n) => cell(svg, (n % w.columns) * SIDE, (x.rows + w.rows + Math.floor(n / w.columns)) * SIDE + 3 * GAP,
      SIDE, `w:${n}`, "product", value, { n }));
    label(svg, left, 14, rows.padding || columns.padding ? "output; hatched: cut off" : "output");
    hatch(svg, left, GAP, wide * SIDE, high * SIDE);
    grid(svg, left + columns.padding * SIDE, GAP + rows.padding * SIDE, SIDE, y, "y", "y", { way: "scatter" });
    const box = outline(svg);
    moves.push((by, step) => {
      if (by !== "input" || !step) { box(0, 0, 0, 0); return; }
      const i = step - 1;
      box(left + (i % x.columns) * columns.stride * SIDE, GAP + Math.floor(i / x.columns) * rows.stride * SIDE,
        columns.extent * SIDE, rows.extent * SIDE);
    });
  };

  const drawZeros = () => {
    const art = find(".zeros .art");
    art.replaceChildren();
    const z = data.stretched, window = [rows.extent, columns.extent];
    const gap = flat ? 0 : 26, kernelWidth = flat ? 0 : Math.max(w.columns * SIDE, 64) + gap;
    const width = flat ? Math.max(z.columns, window[1], outputs) * SIDE : kernelWidth + Math.max(z.columns * SIDE, y.columns * SIDE, 90);
    const height = flat ? 3 * SIDE + 3 * GAP : Math.max((z.rows + y.rows) * SIDE + 2 * GAP, w.rows * SIDE + GAP);
    const svg = sheet(art, width, height + 2);
    label(svg, kernelWidth, 14, "stretched input");
    const of = new Map(data.places.map((at, i) => [at, i]));
    z.values.forEach((value, n) => {
      const i = of.get(n), row = Math.floor(n / z.columns), column = n % z.columns;
      const inside = row >= z.first[0] && row <= z.last[0] && column >= z.first[1] && column <= z.last[1];
      cell(svg, kernelWidth + column * SIDE, GAP + row * SIDE, SIDE, i === undefined ? `z:${n}` : `x:${i}`,
        i === undefined ? (inside ? "zero" : "rim") : "x", value, { n: i ?? n, stretched: true });
    });
    if (flat) {
      label(svg, 0, SIDE + GAP + 15, "flipped kernel");
      const slides = make("g");
      svg.append(slides);
      data.flipped.forEach((value, n) => cell(slides, n * columns.dilation * SIDE, SIDE + 2 * GAP, SIDE,
        `w:${w.values.length - 1 - n}`, "w", value, { n: w.values.length - 1 - n }));
      label(svg, 0, 2 * SIDE + 2 * GAP + 15, "output");
      grid(svg, 0, 2 * SIDE + 3 * GAP, SIDE, y, "y", "y", { way: "zeros" });
      moves.push((by, step) => slides.setAttribute("transform", `translate(${by === "output" && step ? (step - 1) * SIDE : 0} 0)`));
    } else {
      label(svg, 0, 14, "flipped kernel");
      data.flipped.forEach((value, n) => cell(svg, (n % w.columns) * SIDE, GAP + Math.floor(n / w.columns) * SIDE, SIDE,
        `w:${w.values.length - 1 - n}`, "w", value, { n: w.values.length - 1 - n }));
      label(svg, kernelWidth, z.rows * SIDE + GAP + 16, "output");
      grid(svg, kernelWidth, z.rows * SIDE + 2 * GAP, SIDE, y, "y", "y", { way: "zeros" });
    }
    const box = outline(svg);
    moves.push((by, step) => {
      if (by !== "output" || !step) { box(0, 0, 0, 0); return; }
      const j = step - 1;
      box(kernelWidth + (j % y.columns) * SIDE, GAP + Math.floor(j / y.columns) * SIDE, window[1] * SIDE, window[0] * SIDE);
    });
  };

  const drawMatrix = () => {
    const art = find(".matrix .art");
    art.replaceChildren();
    const side = flat ? 28 : 18;
    const of = (svg, left, top, turned) => {
      for (let i = 0; i < inputs; i += 1) {
        for (let j = 0; j < outputs; j += 1) {
          const key = `m:${i * outputs + j}`, known = shared.has(key);
          cell(svg, left + (turned ? i : j) * side, top + (turned ? j : i) * side, side, known ? key : `e:${i}:${j}`,
            known ? "weight" : "empty", data.matrix[i][j], { i, j });
        }
      }
    };
    const first = sheet(art, outputs * side, inputs * side + GAP + 2);
    label(first, 0, 14, `C, the convolution: ${inputs}×${outputs}`);
    of(first, 0, GAP, false);
    const svg = sheet(art, (inputs + 2) * side + 40, outputs * side + GAP + 2);
    label(svg, 0, 14, `Cᵀ: ${outputs}×${inputs}`);
    of(svg, 0, GAP, true);
    const right = inputs * side + 16;
    label(svg, right - 13, GAP + side / 2 + 4, "·");
    label(svg, right + 2, 14, "x");
    x.values.forEach((value, n) => cell(svg, right, GAP + n * side, side, `x:${n}`, "x", value, { n }));
    label(svg, right + side + 6, GAP + side / 2 + 4, "=");
    label(svg, right + side + 22, 14, "y");
    y.values.forEach((value, n) => cell(svg, right + side + 20, GAP + n * side, side, `y:${n}`, "y", value, { n, way: "matrix" }));
  };

  // What a cell shows after a step: its words, and whether it takes part now, has done so, or will.
  const shown = (one, by, step) => {
    const last = step - 1, byInput = by === "input";
    const now = step > 0 && among(byInput ? `x:${last}` : `y:${last}`);
    const part = now && now.some((product) => product.keys.includes(one.key));
    const done = (i, j) => (byInput ? i <= last : j <= last);
    switch (one.kind) {
      case "y": {
        const value = byInput ? (step ? data.partial[one.way][last][one.n] : 0) : one.value;
        const ready = byInput ? step > 0 : one.n <= last;
        return { words: ready ? text(value) : "", now: part, todo: !ready };
      }
      case "x": {
        const waits = byInput && one.n > last;
        return { words: one.stretched && waits ? "0" : text(one.value), now: part || (byInput && one.n === last), todo: waits };
      }
      case "w": return { words: text(one.value), now: part };
      case "product": return { words: byInput && step ? text(x.values[last] * one.value) : "", now: false, todo: !byInput || !step };
      case "stamp": return { words: done(one.i, one.j) ? text(one.value) : "", now: part, todo: !done(one.i, one.j) };
      case "weight": return { words: text(one.value), now: part, todo: !done(one.i, one.j) };
      case "lost": return { words: !byInput || one.i <= last ? text(one.value) : "", now: false };
      case "empty": return { words: "", now: false };
      default: return { words: "0", now: false };
    }
  };

  const name = (map, n) => (flat ? String(n) : `(${Math.floor(n / map.columns)}, ${n % map.columns})`);
  const sum = (products) => {
    const listed = products.slice(0, 9).map(({ i, t }) => `${factor(x.values[i])}·${factor(w.values[t])}`).join(" + ");
    return listed + (products.length > 9 ? ` + ${products.length - 9} more` : "");
  };
  const span = (word, numbers) => {
    const low = Math.min(...numbers), high = Math.max(...numbers);
    return low === high ? `${word} ${low}` : `${word}s ${low} to ${high}`;
  };
  const target = (products) => {
    const all = products.map((product) => product.j);
    if (flat) return span("output", all);
    return `output ${span("row", all.map((j) => Math.floor(j / y.columns)))}, ${span("column", all.map((j) => j % y.columns))}`;
  };
  const ofInput = (i) => {
    const products = among(`x:${i}`), cut = w.values.length - products.length;
    const lands = products.length ? `; times the kernel, it goes to ${target(products)}` : ": its whole stamp is cut off by the padding";
    return `Input ${name(x, i)} is ${text(x.values[i])}${lands}.${products.length && cut ? ` ${cut} of its ${w.values.length} products ${cut > 1 ? "are" : "is"} cut off by the padding.` : ""}`;
  };
  const ofOutput = (j) => {
    const products = among(`y:${j}`);
    return products.length ? `Output ${name(y, j)} = ${sum(products)} = ${text(y.values[j])}.` : `Output ${name(y, j)} = 0: no input reaches it.`;
  };
  const ofKey = (key) => {
    const [kind, n, other] = key.split(":");
    if (kind === "x") return ofInput(Number(n));
    if (kind === "y") return ofOutput(Number(n));
    if (kind === "w") return `Weight ${name(w, Number(n))} of the kernel is ${text(w.values[n])}. It takes part in ${among(key).length} products, one for each input whose stamp reaches the output with it.`;
    if (kind === "m") {
      const [{ i, t, j }] = among(key);
      return `Input ${name(x, i)} meets output ${name(y, j)} through weight ${name(w, t)}: ${factor(x.values[i])}·${factor(w.values[t])} = ${text(x.values[i] * w.values[t])}.`;
    }
    if (kind === "e") return `Input ${name(x, Number(n))} does not reach output ${name(y, Number(other))}: a zero of the matrix, and no connection of the network.`;
    if (kind === "l") return `Input ${name(x, Number(n))} times weight ${other}: it falls outside, and the padding cuts it off.`;
    return "A zero that was put in. It adds nothing; it keeps the inputs a stride apart.";
  };
  const story = () => {
    const total = place.by === "input" ? inputs : outputs;
    if (!place.step) return `Nothing is done yet. Press Play, or move the slider: one step for each ${place.by} pixel.`;
    const words = place.by === "input" ? ofInput(place.step - 1) : ofOutput(place.step - 1);
    return place.step < total ? words : `${words} That was the last: the output is complete, and the same in all three.`;
  };

  const slider = find("input"), play = find(".play");
  const show = (step) => {
    const total = place.by === "input" ? inputs : outputs;
    place.step = Math.max(0, Math.min(step, total));
    slider.max = total;
    slider.value = place.step;
    slider.setAttribute("aria-valuetext", `${place.step} of ${total} ${place.by} pixels`);
    find("output").textContent = `${place.step} of ${total}`;
    find(".back").disabled = place.step === 0;
    find(".next").disabled = place.step === total;
    for (const one of cells) {
      const { words, now, todo } = shown(one, place.by, place.step);
      one.words = words;
      const tight = words.length > (one.side < 22 ? 2 : one.side < 30 ? 3 : 4) ? " tight" : one.side < 30 ? " small" : "";
      one.base = `cell ${one.kind}${tight}${now ? " now" : ""}${todo ? " todo" : ""}`;
    }
    for (const move of moves) move(place.by, place.step);
    for (const button of root.querySelectorAll(".by button")) button.setAttribute("aria-pressed", String(button.dataset.by === place.by));
    light();
  };
  const light = () => {
    const key = place.over ?? place.pinned ?? null;
    const keys = new Set(key ? [key, ...among(key).flatMap((product) => product.keys)] : []);
    for (const one of cells) {
      const lit = keys.has(one.key);
      // A product that is pointed at shows its number, even before its step.
      one.shown.textContent = lit && one.kind === "stamp" ? text(one.value) : one.words;
      one.group.setAttribute("class", one.base + (lit ? " lit" : "") + (one.key === key ? " here" : ""));
    }
    find(".panels").classList.toggle("dim", Boolean(key));
    find(".reading").textContent = key ? ofKey(key) : story();
  };
  const under = (event) => event.target.closest?.(".cell")?.dataset.key;
  find(".panels").onpointerover = (event) => { place.over = under(event); light(); };
  find(".panels").onpointerleave = () => { place.over = undefined; light(); };
  // A finger has no hover: a tapped cell stays lit until another place is tapped.
  find(".panels").onclick = (event) => { const key = under(event); place.pinned = key === place.pinned ? undefined : key; light(); };

  const report = () => {
    const now = { by: place.by, step: place.step };
    place.reported = [...(place.reported ?? []), `${now.by}:${now.step}`];
    setTriggerValue("place", now);
  };
  const mark = () => { play.classList.toggle("on", Boolean(place.timer)); play.ariaLabel = place.timer ? "Pause" : "Play"; };
  const stop = () => { clearInterval(place.timer); place.timer = undefined; mark(); };
  const ended = () => place.step >= (place.by === "input" ? inputs : outputs);
  const start = () => {
    clearInterval(place.timer);
    place.timer = setInterval(() => {
      show(place.step + 1);
      if (ended()) { stop(); report(); }
    }, place.by === "input" ? 1200 : 800);
    mark();
  };
  play.onclick = () => {
    if (place.timer) { stop(); report(); return; }
    place.pinned = undefined;
    show(ended() ? 0 : place.step + 1);
    if (!ended()) start();
    else report();
  };
  const go = (step) => { stop(); place.pinned = undefined; show(step); report(); };
  find(".back").onclick = () => go(place.step - 1);
  find(".next").onclick = () => go(place.step + 1);
  slider.oninput = () => { stop(); place.pinned = undefined; show(Number(slider.value)); };
  slider.onchange = report;
  for (const button of root.querySelectorAll(".by button")) {
    button.onclick = () => {
      if (place.by === button.dataset.by) return;
      const share = place.step / (place.by === "input" ? inputs : outputs);
      place.by = button.dataset.by;
      go(Math.round(share * (place.by === "input" ? inputs : outputs)));
    };
  }

  find(".scatter .about").textContent = data.about.scatter;
  find(".zeros .about").textContent = data.about.zeros;
  find(".matrix .about").textContent = data.about.matrix;
  find(".panels").classList.toggle("flat", flat);
  drawScatter();
  drawZeros();
  drawMatrix();
  // The address moves the step when it changed itself; the late answer to an own report must not pull the hand back.
  const asked = `${data.by}:${data.step}`;
  const echo = (place.reported ?? []).lastIndexOf(asked);
  if (echo >= 0) place.reported.splice(0, echo + 1);
  if (fresh || (place.asked !== asked && echo < 0)) Object.assign(place, { by: data.by, step: data.step });
  place.asked = asked;
  if (place.size !== data.size) Object.assign(place, { size: data.size, over: undefined, pinned: undefined });
  if (place.timer) start();
  show(place.step);
  return () => clearInterval(place.timer);
}
