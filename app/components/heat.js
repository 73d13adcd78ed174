// Maps of numbers beside each other. A map arrives as a PNG whose red and green bytes are one number (app/labs/heatmaps/
// packing.py), so that colours are given here and the value under the pointer can be told, in every map at once.

const clamp = (value, most) => Math.max(0, Math.min(most, value));
const make = (tag, className, properties = {}) => Object.assign(document.createElement(tag), { className, ...properties });

/** Rows of the colour table: base64 of 3 bytes a colour. */
const table = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Logits of a coarse grid: 16 bits a number, K×rows×columns, and where the cells' centres lie on the picture. */
function logits(grid) {
  const bytes = table(grid.packed);
  const numbers = new Uint16Array(bytes.buffer);
  const scale = (grid.high - grid.low) / 65535;
  return { ...grid, values: Float32Array.from(numbers, (number) => grid.low + scale * number) };
}

/** Cells before and after a place and the share of the latter; beyond the grid are zeros, or its last cell again. */
function between(at, start, step, cells, zeros) {
  let place = (at - start) / step;
  if (!zeros) place = clamp(place < 0 ? 0 : place, cells - 1);
  const before = Math.floor(place);
  return [before, before + 1, place - before];
}

/** All logits at places (xs, ys) of the picture: the bilinear upsampling of the cells. K×ys×xs. */
function upsample(grid, xs, ys) {
  const { values, classes, rows, columns, start, step, zeros } = grid;
  const out = new Float32Array(classes * ys.length * xs.length);
  const across = xs.map((x) => between(x, start[1], step[1], columns, zeros));
  const cell = (k, row, column) =>
    row < 0 || column < 0 || row >= rows || column >= columns
      ? (zeros ? 0 : values[(k * rows + clamp(row, rows - 1)) * columns + clamp(column, columns - 1)])
      : values[(k * rows + row) * columns + column];
  for (let j = 0; j < ys.length; j++) {
    const [top, bottom, down] = between(ys[j], start[0], step[0], rows, zeros);
    for (let k = 0; k < classes; k++) {
      const line = new Float32Array(columns + 2); // one cell beyond each end
      for (let c = -1; c <= columns; c++) line[c + 1] = (1 - down) * cell(k, top, c) + down * cell(k, bottom, c);
      const from = (k * ys.length + j) * xs.length;
      for (let i = 0; i < xs.length; i++) {
        const [left, right, share] = across[i];
        const a = left < -1 || left > columns ? 0 : line[left + 1], b = right < -1 || right > columns ? 0 : line[right + 1];
        out[from + i] = (1 - share) * a + share * b;
      }
    }
  }
  return out;
}

/** softmax(z / T) of the wanted classes: `places` numbers for each. z: K×places. */
function softmax(z, classes, places, temperature, wanted) {
  const largest = z.slice(0, places);
  for (let k = 1; k < classes; k++) {
    for (let i = 0; i < places; i++) if (z[k * places + i] > largest[i]) largest[i] = z[k * places + i];
  }
  const sum = new Float32Array(places);
  const powers = new Map();
  for (let k = 0; k < classes; k++) {
    const own = wanted.has(k) ? new Float32Array(places) : null;
    for (let i = 0; i < places; i++) {
      const power = Math.exp((z[k * places + i] - largest[i]) / temperature);
      sum[i] += power;
      if (own) own[i] = power;
    }
    if (own) powers.set(k, own);
  }
  for (const own of powers.values()) for (let i = 0; i < places; i++) own[i] /= sum[i];
  return powers;
}

const kept = new Map(); // upsampled logits do not depend on the temperature: the last few are kept

function placesOf(length, step) {
  return Array.from({ length: Math.ceil(length / step) }, (_, i) => i * step);
}

/** Maps of live tiles at a temperature: what was sent are logits, the rest happens here, while the hand moves. */
function live(tiles, grids, data, temperature) {
  const groups = new Map();
  for (const entry of tiles) {
    const { grid, up } = entry.tile.live;
    const wide = (entry.frame.clientWidth || 300) * (window.devicePixelRatio || 1);
    const step = up ? Math.max(1, Math.round(data.width / wide)) : 0;
    const name = `${grid} ${step}`;
    if (!groups.has(name)) groups.set(name, { grid: grids[grid], up, step, entries: [] });
    groups.get(name).entries.push(entry);
  }
  for (const [name, { grid, up, step, entries }] of groups) {
    const xs = up ? placesOf(data.width, step) : [], ys = up ? placesOf(data.height, step) : [];
    const rows = up ? ys.length : grid.rows, columns = up ? xs.length : grid.columns;
    const key = `${data.digest} ${name}`;
    if (up && !kept.has(key)) {
      if (kept.size > 5) kept.delete(kept.keys().next().value);
      kept.set(key, upsample(grid, xs, ys));
    }
    const z = up ? kept.get(key) : grid.values;
    const places = rows * columns;
    const wanted = new Set(entries.map(({ tile }) => tile.live.index));
    const found = data.signed ? null : softmax(z, grid.classes, places, temperature, wanted);
    for (const entry of entries) {
      const k = entry.tile.live.index;
      entry.map = { values: found ? found.get(k) : z.subarray(k * places, (k + 1) * places), rows, columns };
      if (up) entry.tile.extent = [0, 0, step * columns, step * rows];
      entry.exact = up && ((x, y) => {
        const there = upsample(grid, [x], [y]);
        return data.signed ? there[k] : softmax(there, grid.classes, 1, temperature, new Set([k])).get(k)[0];
      });
    }
  }
  const most = (values) => values.reduce((a, b) => Math.max(a, data.signed ? Math.abs(b) : b), 0) || 1;
  const shared = data.signed ? Math.max(...tiles.map(({ map }) => most(map.values))) : 1;
  for (const { tile, map } of tiles) {
    const high = data.own ? most(map.values) : shared;
    tile.shown = [data.signed ? -high : 0, high];
    if (data.own) tile.own = tile.shown.map((value) => tell(value, data.decimals));
  }
}

async function unpack(tile) {
  const image = new Image();
  image.src = tile.src;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(image, 0, 0);
  const bytes = context.getImageData(0, 0, image.width, image.height).data;
  const values = new Float32Array(image.width * image.height);
  const scale = (tile.high - tile.low) / 65535;
  for (let i = 0; i < values.length; i++) {
    const number = 256 * bytes[4 * i] + bytes[4 * i + 1];
    values[i] = tile.names ? number : tile.low + scale * number;
  }
  return { values, columns: image.width, rows: image.height };
}

function paint(canvas, map, tile, colours) {
  const { values, columns, rows } = map;
  const count = colours.length / 3;
  const [low, high] = tile.shown;
  const scale = high > low ? (count - 1) / (high - low) : 0;
  // Cells of a coarse map are drawn as squares, with a line between them where there is room for one.
  const wide = (canvas.parentElement.clientWidth || 300) * (window.devicePixelRatio || 1);
  const roomy = tile.cells && wide / columns >= 6;
  const side = roomy ? Math.min(24, Math.max(6, Math.round(wide / columns))) : 1;
  canvas.width = columns * side;
  canvas.height = rows * side;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(canvas.width, canvas.height);
  const pixels = new Uint32Array(picture.data.buffer);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const value = values[row * columns + column];
      const at = 3 * (tile.names ? value % count : clamp(Math.round((value - low) * scale), count - 1));
      const colour = (255 << 24) | (colours[at + 2] << 16) | (colours[at + 1] << 8) | colours[at];
      for (let y = 0; y < side; y++) {
        const start = (row * side + y) * canvas.width + column * side;
        pixels.fill(colour, start, start + side);
      }
    }
  }
  if (roomy) {
    for (let i = 0; i < pixels.length; i++) {
      const x = i % canvas.width, y = Math.floor(i / canvas.width);
      if (x % side === 0 || y % side === 0) {
        const colour = pixels[i];
        const mix = (shift) => ((((colour >> shift) & 255) * 0.62 + 128 * 0.38) | 0) << shift;
        pixels[i] = (255 << 24) | mix(16) | mix(8) | mix(0);
      }
    }
  }
  context.putImageData(picture, 0, 0);
}

function ramp(canvas, colours) {
  const count = colours.length / 3;
  canvas.width = count;
  canvas.height = 1;
  const context = canvas.getContext("2d");
  const picture = context.createImageData(count, 1);
  for (let i = 0; i < count; i++) picture.data.set([colours[3 * i], colours[3 * i + 1], colours[3 * i + 2], 255], 4 * i);
  context.putImageData(picture, 0, 0);
}

const tell = (value, decimals) => value.toFixed(decimals).replace("-", "−");

export default function ({ data, parentElement, setTriggerValue }) {
  const wall = parentElement.querySelector(".wall");
  wall.setAttribute("aria-label", data.label);
  wall.classList.toggle("small", data.side < 220);
  wall.style.setProperty("--side", `${data.side}px`);
  wall.style.setProperty("--columns", data.columns || 1);
  wall.style.setProperty("--narrow", data.narrow || 1);
  if (data.columns) wall.dataset.columns = data.columns;
  else delete wall.dataset.columns;
  wall.dataset.narrow = data.narrow;
  const tables = Object.fromEntries(Object.entries(data.tables).map(([name, text]) => [name, table(text)]));
  const spot = (element, { x, y }) => {
    element.style.left = `${((x + 0.5) / data.width) * 100}%`;
    element.style.top = `${((y + 0.5) / data.height) * 100}%`;
  };
  const place = (element, [left, top, right, bottom]) => {
    element.style.left = `${(100 * left) / data.width}%`;
    element.style.top = `${(100 * top) / data.height}%`;
    element.style.width = `${(100 * (right - left)) / data.width}%`;
    element.style.height = `${(100 * (bottom - top)) / data.height}%`;
  };
  const focused = [...wall.querySelectorAll(".frame")].indexOf(parentElement.activeElement ?? document.activeElement?.shadowRoot?.activeElement);

  const range = (figure, tile) => {
    figure.querySelector(".own").hidden = !tile.own;
    if (!tile.own) return;
    ramp(figure.querySelector(".own canvas"), tables[tile.table]);
    figure.querySelector(".low").textContent = tile.own[0];
    figure.querySelector(".high").textContent = tile.own[1];
  };

  let pixel = data.pixel;
  const tiles = data.tiles.map((tile, index) => {
    // Figures of the last drawing are used again: a changed value must not make the page blink.
    const figure = wall.children[index] ?? wall.appendChild(make("figure", ""));
    figure.className = tile.key !== null && tile.key === data.chosen ? "chosen" : "";
    figure.dataset.key = tile.key ?? "";
    figure.classList.toggle("large", Boolean(tile.large));
    if (!figure.firstChild) {
      const caption = make("figcaption", "");
      caption.append(make("span", "swatch"), make("span", "name"), make("span", "value"));
      const frame = make("div", "frame", { tabIndex: 0 });
      frame.append(make("img", "", { alt: "", draggable: false }), make("canvas", ""), make("div", "boxes"));
      frame.append(make("span", "marker"), make("span", "cross"));
      const own = make("div", "own");
      own.append(make("span", "low"), make("canvas", ""), make("span", "high"));
      figure.append(caption, frame, own);
    }
    const frame = figure.querySelector(".frame");
    const find = (name) => figure.querySelector(name);
    find(".swatch").hidden = !tile.colour;
    find(".swatch").style.background = tile.colour ?? "";
    find(".name").textContent = tile.title;
    find(".name").title = tile.title;
    find(".value").textContent = tile.note;
    frame.style.aspectRatio = `${data.width} / ${data.height}`;
    frame.style.maxWidth = `calc(72vh * ${data.width / data.height})`;
    frame.setAttribute("role", "application");
    frame.setAttribute("aria-label", `${tile.title} ${tile.note}: click a pixel, or move with the arrow keys`);
    const under = find(".frame > img");
    under.hidden = !tile.photo;
    if (tile.photo && under.getAttribute("src") !== tile.photo) under.src = tile.photo;
    const canvas = find(".frame > canvas");
    canvas.hidden = !tile.src && !tile.live;
    canvas.classList.toggle("smooth", !tile.cells);
    if (!tile.live) place(canvas, tile.extent);
    find(".boxes").replaceChildren(
      ...(tile.boxes ?? []).map((box) => {
        const drawn = make("span", "box");
        place(drawn, box.extent);
        if (box.label) drawn.append(make("b", "", { textContent: box.label }));
        return drawn;
      }),
    );
    range(figure, tile);
    const entry = { tile, figure, frame, canvas, map: null };
    if (tile.src && canvas.dataset.src === tile.src && canvas.map) entry.map = canvas.map;
    if (tile.src) {
      const draw = (map) => {
        entry.map = canvas.map = map;
        canvas.dataset.src = tile.src;
        paint(canvas, map, tile, tables[tile.table]);
        figure.dataset.ready = "1";
      };
      figure.wanted = tile.src;
      if (entry.map) draw(entry.map);
      else unpack(tile).then((map) => figure.wanted === tile.src && draw(map));
    }
    return entry;
  });
  while (wall.children.length > tiles.length) wall.lastChild.remove();
  if (focused >= 0 && focused < tiles.length) tiles[focused].frame.focus({ preventScroll: true });

  const cell = ({ tile, map }, { x, y }) => {
    const [left, top, right, bottom] = tile.extent;
    const column = Math.floor(((x + 0.5 - left) / (right - left)) * map.columns);
    const row = Math.floor(((y + 0.5 - top) / (bottom - top)) * map.rows);
    return column < 0 || row < 0 || column >= map.columns || row >= map.rows ? null : { row, column };
  };
  const show = (entry, at) => {
    const { tile, figure, map } = entry;
    const cross = figure.querySelector(".cross");
    cross.hidden = !at;
    if (at) spot(cross, at);
    let text = tile.note;
    if (at && map) {
      const found = cell(entry, at);
      const value = found && map.values[found.row * map.columns + found.column];
      if (found && entry.exact) text = tell(entry.exact(at.x, at.y), data.decimals);
      else if (found) text = tile.names ? (tile.names[value] ?? "") : tell(value, data.decimals);
    }
    figure.querySelector(".value").textContent = text;
  };
  // What the cell under the pointer sees: data.field is the box of cell 0 and the step to the next, in pixels.
  const field = (entry, at) => {
    for (const { figure } of tiles) figure.querySelector(".box.hover")?.remove();
    if (!data.field || !at || !entry?.map || entry.tile.fieldless) return;
    const found = cell(entry, at);
    if (!found) return;
    const { start, size, stride } = data.field;
    const left = start[1] + stride[1] * found.column, top = start[0] + stride[0] * found.row;
    for (const { tile, figure } of tiles.filter((other) => other.tile.fieldless || other === entry)) {
      const box = make("span", "box hover");
      place(box, [left, top, left + size[1], top + size[0]]);
      figure.querySelector(".boxes").append(box);
    }
  };
  const hover = (entry, at) => {
    for (const other of tiles) show(other, at);
    field(entry, at);
  };
  const mark = () => {
    for (const { figure } of tiles) {
      const marker = figure.querySelector(".marker");
      marker.hidden = !pixel;
      if (pixel) spot(marker, pixel);
    }
  };
  mark();
  hover(null, null);
  let waiting;
  for (const entry of tiles) {
    const { frame, tile } = entry;
    const under = (event) => {
      const box = frame.getBoundingClientRect();
      return {
        x: clamp(Math.floor(((event.clientX - box.left) / box.width) * data.width), data.width - 1),
        y: clamp(Math.floor(((event.clientY - box.top) / box.height) * data.height), data.height - 1),
      };
    };
    let released;
    frame.onpointerup = (event) => (released = under(event));
    frame.onclick = (event) => {
      if (data.still) return; // teacher mode holds the pixel
      pixel = released ?? under(event);
      released = undefined;
      mark();
      setTriggerValue("pixel", { ...pixel, key: tile.key ?? "" });
    };
    frame.onpointermove = (event) => event.pointerType !== "touch" && hover(entry, under(event));
    frame.onpointerleave = () => hover(null, null);
    frame.onkeydown = (event) => {
      const step = event.shiftKey ? 10 : 1;
      const move = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step], Enter: [0, 0] }[event.key];
      if (!move || data.still) return;
      event.preventDefault();
      const from = pixel ?? { x: data.width >> 1, y: data.height >> 1 };
      pixel = { x: clamp(from.x + move[0], data.width - 1), y: clamp(from.y + move[1], data.height - 1) };
      mark();
      hover(entry, pixel);
      clearTimeout(waiting); // a held key walks over many pixels: ask once, where it comes to rest
      waiting = setTimeout(() => setTriggerValue("pixel", { ...pixel, key: tile.key ?? "" }), 150);
    };
  }

  const bar = parentElement.querySelector(".bar");
  bar.hidden = !data.bar;
  const scale = (ticks, label) => {
    ramp(bar.querySelector("canvas"), tables[data.bar.table]);
    bar.querySelector(".label").textContent = label;
    bar.querySelector(".ticks").replaceChildren(
      ...ticks.map((text, index, all) => {
        const share = (100 * index) / (all.length - 1);
        const tick = make("span", "", { textContent: text });
        tick.style.left = `${share}%`;
        tick.style.transform = `translateX(-${share === 0 || share === 100 ? share : 50}%)`;
        return tick;
      }),
    );
  };
  if (data.bar) scale(data.bar.ticks, data.bar.label);

  // Live tiles: logits came with the page, so a temperature needs nobody but this browser.
  const slider = parentElement.querySelector(".temperature");
  slider.hidden = !data.temperature || data.temperature.way === "hide";
  const living = tiles.filter(({ tile }) => tile.live);
  if (!living.length) return () => clearTimeout(waiting);
  const grids = Object.fromEntries(Object.entries(data.grids).map(([name, grid]) => [name, logits(grid)]));
  const input = slider.querySelector("input");
  const redraw = () => {
    const temperature = 10 ** (Number(input.value) / 20);
    slider.querySelector("output").textContent = `T = ${temperature.toFixed(2)}`;
    live(living, grids, data, temperature);
    for (const { tile, canvas, figure, map } of living) {
      place(canvas, tile.extent);
      paint(canvas, map, tile, tables[tile.table]);
      range(figure, tile);
      figure.dataset.ready = "1";
    }
    if (data.bar) {
      const [low, high] = living[0].tile.shown;
      const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => tell(low + share * (high - low), data.signed ? 1 : 2));
      scale(ticks, data.signed ? data.bar.label : `${data.bar.label}, T = ${temperature.toFixed(2)}`);
    }
  };
  input.disabled = data.temperature?.way === "lock";
  const moving = data.temperature && parentElement.temperatureMoving;
  if (!moving) input.value = data.temperature?.value ?? 0;
  let frame;
  input.oninput = () => {
    parentElement.temperatureMoving = true;
    cancelAnimationFrame(frame);
    frame = requestAnimationFrame(redraw);
  };
  input.onchange = () => {
    parentElement.temperatureMoving = false;
    setTriggerValue("temperature", Number(input.value));
  };
  redraw();
  return () => {
    clearTimeout(waiting);
    cancelAnimationFrame(frame);
  };
}
