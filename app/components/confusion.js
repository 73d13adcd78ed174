// The confusion matrix as a grid of buttons. data.classes: index, name, colour; data.counts: rows truth, columns
// prediction; data.cell: the chosen one. A click reports the cell, a click on the chosen one reports none.

const RIGHT = "#2f7fb8", WRONG = "#d55e00";
const make = (tag, properties = {}) => Object.assign(document.createElement(tag), properties);

export default function ({ data, parentElement, setTriggerValue }) {
  const table = parentElement.querySelector("table");
  const reading = parentElement.querySelector(".reading");
  const root = parentElement.querySelector(".confusion");
  const active = table.getRootNode().activeElement?.dataset?.at;
  const { classes, counts } = data;
  const sums = counts.map((row) => row.reduce((sum, count) => sum + count, 0));

  const tell = (r, c) => {
    const part = sums[r] ? `, ${((100 * counts[r][c]) / sums[r]).toFixed(2)} % of the true ${classes[r].name}` : "";
    const judged = r === c ? "right" : `predicted ${classes[c].name}`;
    return `Truth ${classes[r].name}, ${judged}: ${counts[r][c].toLocaleString("en")} pixels${part}`;
  };
  const chosenAt = () => {
    const { truth, said } = data.cell ?? {};
    return [classes.findIndex((one) => one.index === truth), classes.findIndex((one) => one.index === said)];
  };
  const rest = () => {
    const [r, c] = chosenAt();
    reading.textContent = r < 0 || c < 0 ? "" : tell(r, c);
  };

  const head = make("tr");
  head.append(make("td"));
  for (const { name, colour } of classes) {
    const cell = make("th", { className: "column", title: `predicted ${name}`, scope: "col" });
    cell.style.setProperty("--swatch", colour);
    cell.append(make("span", { textContent: name }), make("i"));
    head.append(cell);
  }
  const [chosenRow, chosenColumn] = chosenAt();
  const rows = counts.map((row, r) => {
    const line = make("tr");
    const name = make("th", { className: "row", textContent: classes[r].name, title: `truth ${classes[r].name}`, scope: "row" });
    name.style.setProperty("--swatch", classes[r].colour);
    line.append(name);
    row.forEach((count, c) => {
      const share = sums[r] ? count / sums[r] : 0;
      const percent = 100 * share;
      const chosen = r === chosenRow && c === chosenColumn;
      const text = count === 0 ? "" : percent < 0.5 ? "·" : String(Math.round(percent));
      const button = make("button", { type: "button", textContent: text });
      button.setAttribute("aria-pressed", String(chosen));
      button.setAttribute("aria-label", tell(r, c));
      button.dataset.at = `${r},${c}`;
      button.tabIndex = chosen || (chosenRow < 0 && r === 0 && c === 0) ? 0 : -1;
      // Square root: a few percent of confusion should be seen beside the diagonal.
      button.style.setProperty("--share", `${Math.round(85 * Math.sqrt(share))}%`);
      button.style.setProperty("--tone", r === c ? RIGHT : WRONG);
      button.style.setProperty("--ink", share > 0.3 ? "#fff" : "var(--st-text-color)");
      button.onpointerenter = () => (reading.textContent = tell(r, c));
      button.onfocus = () => (reading.textContent = tell(r, c));
      button.onclick = () =>
        setTriggerValue("cell", chosen ? { truth: -1, said: -1 } : { truth: classes[r].index, said: classes[c].index });
      const cell = make("td");
      cell.append(button);
      line.append(cell);
    });
    return line;
  });
  table.replaceChildren(head, ...rows);
  rest();
  root.onpointerleave = rest;
  table.onkeydown = (event) => {
    const move = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }[event.key];
    const from = event.target.dataset?.at?.split(",").map(Number);
    if (!move || !from) return;
    event.preventDefault();
    table.querySelector(`[data-at="${from[0] + move[0]},${from[1] + move[1]}"]`)?.focus();
  };
  if (active) table.querySelector(`[data-at="${active}"]`)?.focus();
}
