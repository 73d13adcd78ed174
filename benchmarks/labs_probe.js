// Watches a page of the app after a key press: when it begins to run, and when what it shows has changed.
// Times are taken after the frame in which a change was drawn. Sliders' own marks do not count as an answer.
(() => {
  const seen = new WeakSet();
  let started = 0, asked = 0;
  let began, first, last, latest;

  const app = document.querySelector("[data-testid=stApp]");
  const main = document.querySelector("[data-testid=stMain]");
  const own = "output, [data-testid=stSlider], [data-testid=stStatusWidget], [data-testid=stTooltipContent], style";

  const counts = (record) => {
    const node = record.target.nodeType === 1 ? record.target : record.target.parentElement;
    if (!node || node.closest(own)) return false;
    // A component with a slider of its own: its handle and its number move at once, which is no answer either.
    if (record.type === "attributes") return true;
    const nodes = [...record.addedNodes, ...record.removedNodes];
    return record.type === "characterData" || nodes.some((each) => each.nodeType !== 1 || !each.matches(own));
  };
  const changed = () => {
    latest = performance.now();
    requestAnimationFrame(() =>
      setTimeout(() => {
        const now = performance.now() - started;
        first ??= now;
        last = now;
      }),
    );
  };
  for (const name of ["putImageData", "drawImage", "fillRect"]) {  // what is drawn on a canvas changes no element
    const draw = CanvasRenderingContext2D.prototype[name];
    CanvasRenderingContext2D.prototype[name] = function (...all) {
      if (started > 0) changed();
      return draw.apply(this, all);
    };
  }
  const watch = new MutationObserver((records) => {
    records.forEach((record) => record.addedNodes.forEach(enter));
    if (started > 0 && records.some(counts)) changed();
  });
  const enter = (node) => {
    if (node.nodeType !== 1) return;
    for (const each of [node, ...node.querySelectorAll("*")]) {
      if (!each.shadowRoot || seen.has(each.shadowRoot)) continue;
      seen.add(each.shadowRoot);
      watch.observe(each.shadowRoot, wanted);
      enter(each.shadowRoot.firstElementChild ?? each);
      each.shadowRoot.querySelectorAll("*").forEach((inner) => inner.shadowRoot && enter(inner));
    }
  };
  const wanted = {
    subtree: true, childList: true, characterData: true, attributes: true,
    attributeFilter: ["src", "href", "d", "points", "transform", "x", "y", "width", "height"],
  };
  watch.observe(main, wanted);
  enter(main);
  new MutationObserver(() => {
    if (started > 0 && app.getAttribute("data-test-script-state") !== "notRunning") began ??= performance.now() - started;
    latest = performance.now();
  }).observe(app, { attributes: true, attributeFilter: ["data-test-script-state"] });

  addEventListener("keydown", (event) => { if (started < 0) started = event.timeStamp; }, true);
  window.fcnProbe = {
    start() {
      enter(main);
      began = first = last = latest = undefined;
      started = -1;
      asked = performance.now();
    },
    quiet(milliseconds) {
      // A slider that lost the focus gets no key; something that plays on its own never rests.
      const waited = performance.now() - asked;
      if (waited > 10000 || (started < 0 && waited > 2000)) return true;
      const idle = app.getAttribute("data-test-script-state") === "notRunning";
      const since = latest ?? (started > 0 ? started + 1000 : Infinity);
      return started > 0 && idle && performance.now() - since > milliseconds;
    },
    answer: () => ({ began: began ?? null, first: first ?? null, last: last ?? null }),
  };
})();
