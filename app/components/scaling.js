// A picture above sliders that scale the skips. While the hand moves, the newest value is sent as soon as the answer to
// the one before has arrived: nothing waits for the hand to rest, and nothing queues up.
const states = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".scaling");
  const image = root.querySelector("img");
  const state = states.get(root) ?? { busy: false, wish: null, sent: 0 };
  states.set(root, state);
  const frame = root.querySelector(".frame");
  frame.style.aspectRatio = `${data.width} / ${data.height}`;
  frame.style.maxWidth = `calc(60vh * ${data.width / data.height})`;
  if (image.getAttribute("src") !== data.src) image.src = data.src;
  image.alt = data.alt;

  const rows = root.querySelector(".rows");
  const names = data.skips.map((skip) => skip.name).join();
  if (rows.dataset.names !== names) {
    rows.dataset.names = names;
    rows.replaceChildren(...data.skips.map((skip) => {
      const row = document.createElement("div");
      row.className = "row";
      row.style.setProperty("--colour", skip.colour);
      row.innerHTML = `<span class="name"></span><div class="slide"><input type="range" min="-100" max="200" step="5">
        <div class="marks"><span style="left:0">−1</span><span style="left:33.33%">0 off</span>
        <span style="left:66.67%">1 as trained</span><span style="left:100%">2</span></div></div><output></output>
        <div class="buttons"><button type="button" data-value="0">Off</button>
        <button type="button" data-value="100">As trained</button></div>`;
      row.querySelector(".name").textContent = skip.name;
      row.querySelector("input").setAttribute("aria-label", `Scale of ${skip.name}, percent`);
      return row;
    }));
  }
  const all = [...rows.children];
  all.forEach((row, i) => {
    row.dataset.way = data.skips[i].way; // teacher mode: free, lock or hide
    row.querySelectorAll("input, button").forEach((control) => (control.disabled = data.skips[i].way === "lock"));
  });
  const values = () => Object.fromEntries(data.skips.map((skip, i) => [skip.name, Number(all[i].querySelector("input").value)]));
  const mark = (row) => {
    const value = Number(row.querySelector("input").value);
    row.querySelector("output").textContent = (value / 100).toFixed(2).replace("-", "−");
    row.querySelectorAll("button").forEach((b) => b.setAttribute("aria-pressed", String(Number(b.dataset.value) === value)));
  };
  const send = (wish) => {
    state.busy = true;
    state.wish = null;
    state.began = performance.now();
    state.asked = JSON.stringify(wish);
    clearTimeout(state.late); // an answer that never comes must not lock the sliders
    state.late = setTimeout(() => (state.busy = false), 3000);
    setTriggerValue("scales", wish);
  };
  const want = () => (state.busy ? (state.wish = values()) : send(values()));
  all.forEach((row, i) => {
    const input = row.querySelector("input");
    input.oninput = () => { mark(row); want(); };
    row.querySelectorAll("button").forEach((button) => {
      button.onclick = () => { input.value = button.dataset.value; mark(row); want(); };
    });
    input.onpointerdown = () => (state.held = true);
    input.onpointerup = input.onpointercancel = () => (state.held = false);
    // A hand on a slider, or a wish that is not answered yet, goes before what the page last knew.
    if (!state.busy && !state.held && !state.wish) input.value = data.skips[i].value;
    mark(row);
  });

  const answer = JSON.stringify(Object.fromEntries(data.skips.map((skip) => [skip.name, skip.value])));
  if (state.busy && answer === state.asked) {
    clearTimeout(state.late);
    const took = Math.round(performance.now() - state.began);
    root.querySelector(".took").textContent =
      `Answered in ${took} ms, of which ${data.milliseconds} ms fusing; the trunk was not run.`;
    root.dataset.took = took;
    state.busy = false;
    if (state.wish) send(state.wish);
  }
}
