// From score_fr to the label map, one step at a time. All maps of one class are here, so stepping needs no server; the
// step and the chosen cell are reported, so that the address of the page can hold them.
const places = new WeakMap();
const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
const number = (value) => (value < 0 ? "−" : "") + Math.abs(value).toFixed(2);

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".addition");
  const place = places.get(root) ?? {};
  const fresh = !places.has(root);
  places.set(root, place);
  const table = bytes(data.table);
  const maps = Object.fromEntries(Object.entries(data.maps).map(([name, map]) => [name, {
    ...map,
    values: map.values ? new Float32Array(bytes(map.values).buffer) : null,
    best: map.best ? bytes(map.best) : null,
  }]));
  const board = root.querySelector(".board");
  const find = (name) => root.querySelector(name);

  const draw = (figure, name, limit) => {
    const map = maps[name], canvas = figure.querySelector("canvas"), image = figure.querySelector("img");
    figure.querySelector("figcaption").innerHTML = "";
    figure.querySelector("figcaption").append(
      Object.assign(document.createElement("strong"), { textContent: name }),
      ` ${map.width}×${map.height}, stride ${map.stride}`,
    );
    figure.querySelector(".map").style.aspectRatio = `${map.width} / ${map.height}`;
    image.hidden = !map.src;
    canvas.hidden = Boolean(map.src);
    if (map.src) image.src = map.src;
    else {
      canvas.width = map.width;
      canvas.height = map.height;
      const picture = new ImageData(map.width, map.height);
      map.values.forEach((value, i) => {
        const level = Math.max(0, Math.min(255, Math.round(127.5 + (127.5 * value) / limit)));
        picture.data.set([table[3 * level], table[3 * level + 1], table[3 * level + 2], 255], 4 * i);
      });
      canvas.getContext("2d").putImageData(picture, 0, 0);
    }
    const [column, row] = map.cell;
    const cell = figure.querySelector(".cell");
    cell.style.left = `${(100 * column) / map.width}%`;
    cell.style.top = `${(100 * row) / map.height}%`;
    cell.style.width = `${100 / map.width}%`;
    cell.style.height = `${100 / map.height}%`;
    const value = map.values ? map.values[row * map.width + column] : map.value;
    figure.querySelector(".number").textContent = value === undefined ? "" : number(value);
    figure.querySelector(".map").onclick = (event) => {
      const box = figure.querySelector(".map").getBoundingClientRect();
      const at = (share, count) => Math.max(0, Math.min(count - 1, Math.floor(share * count)));
      map.cell = [at((event.clientX - box.left) / box.width, map.width), at((event.clientY - box.top) / box.height, map.height)];
      for (const other of Object.values(maps)) {
        if (other.width === map.width && other.height === map.height) other.cell = map.cell;
      }
      show(place.step, false);
      setTriggerValue("cell", { name, column: map.cell[0], row: map.cell[1] });
    };
  };

  const show = (index, move) => {
    place.step = index;
    const step = data.steps[index];
    const shown = [...step.sources, step.name];
    const limit = Math.max(1e-6, ...shown.map((name) => maps[name].limit));
    board.className = `board ${["one", "two", "three"][shown.length - 1]}`;
    const figures = { 1: [".sum"], 2: [".first", ".sum"], 3: [".first", ".second", ".sum"] }[shown.length];
    figures.forEach((figure, i) => draw(find(figure), shown[i], limit));
    find(".sign").textContent = shown.length === 3 ? "+" : "→";
    find(".ticks").firstElementChild.textContent = number(-limit);
    find(".ticks").lastElementChild.textContent = `+${number(limit)}`;
    find(".labels img").src = data.pictures[step.labels];
    find(".labels img").alt = step.labels_title;
    find(".labels figcaption").textContent = step.labels_title;
    find("h4").textContent = step.title;
    find(".story").textContent = step.story;
    const map = maps[step.name], [column, row] = map.cell, i = row * map.width + column;
    const values = step.sources.map((name) => maps[name].values?.[i]);
    const whole = map.values ? map.values[i] : map.value;
    const sum = step.sources.length === 2
      ? `${number(values[0])} ${values[1] < 0 ? "−" : "+"} ${number(Math.abs(values[1]))} = ${number(whole)}` : number(whole);
    const best = map.best ? ` The largest score there: ${data.classes[map.best[i]]}.` : map.winner ? ` The largest there: ${map.winner}.` : "";
    const kind = map.stride === 1 ? "Pixel" : "Cell";
    find(".reading").textContent = `${kind} (${column}, ${row}) of ${step.name}, ${data.cls}: ${sum}.${best}`;
    find(".back").disabled = index === 0;
    find(".next").disabled = index === data.steps.length - 1;
    [...rail.children].forEach((item, n) => {
      const button = item.firstElementChild;
      if (n === index) {
        button.setAttribute("aria-current", "step");
        rail.scrollLeft = item.offsetLeft + item.offsetWidth / 2 - rail.clientWidth / 2;
      }
      else button.removeAttribute("aria-current");
    });
    if (move) {
      board.classList.remove("moving");
      void board.offsetWidth; // so that the same animation starts anew
      board.classList.add("moving");
    }
  };

  const rail = root.querySelector(".rail");
  rail.replaceChildren(...data.steps.map((step, index) => {
    const item = document.createElement("li");
    item.dataset.sign = step.kind === "skip" ? "+" : step.kind === "add" ? "=" : "→";
    const button = Object.assign(document.createElement("button"), { type: "button", textContent: step.name });
    button.onclick = () => { stop(); go(index); };
    item.append(button);
    return item;
  }));
  const report = () => {
    place.reported = [...(place.reported ?? []), place.step];
    setTriggerValue("step", place.step + 1);
  };
  const go = (index) => { show(index, true); report(); };
  const play = find(".play");
  const mark = () => { play.classList.toggle("on", Boolean(place.timer)); play.ariaLabel = place.timer ? "Pause" : "Play"; };
  const stop = () => { clearInterval(place.timer); place.timer = undefined; mark(); };
  const start = () => {
    clearInterval(place.timer);
    place.timer = setInterval(() => {
      if (place.step >= data.steps.length - 1) { stop(); report(); } else show(place.step + 1, true);
    }, 2200);
    mark();
  };
  play.onclick = () => {
    if (place.timer) { stop(); report(); return; }
    show(place.step >= data.steps.length - 1 ? 0 : place.step + 1, true);
    start();
  };
  find(".back").onclick = () => { stop(); go(Math.max(0, place.step - 1)); };
  find(".next").onclick = () => { stop(); go(Math.min(data.steps.length - 1, place.step + 1)); };
  find(".bar img").src = data.bar;
  const asked = Math.min(data.step - 1, data.steps.length - 1);
  // The address moves the step when it changed itself. The answer to an own report may come when the hand has already
  // gone on, and must not pull it back.
  const echo = (place.reported ?? []).lastIndexOf(asked);
  if (echo >= 0) place.reported.splice(0, echo + 1);
  const moved = fresh || (place.asked !== asked && echo < 0);
  const step = moved ? asked : Math.min(place.step, data.steps.length - 1);
  place.asked = asked;
  if (place.timer) start();
  show(place.timer ? Math.min(place.step, data.steps.length - 1) : step, false);
  return () => clearInterval(place.timer);
}
