// The layers of a chain as rows; a click or Enter on one reports its name. data.heads: titles; data.rows: name, cells
// (texts), changed (numbers of cells that were changed), kind, open (whether its numbers can be changed).
export default function ({ data, parentElement, setTriggerValue }) {
  const frame = parentElement.querySelector(".chain");
  const make = (name, text, kind) => {
    const element = document.createElement(name);
    if (text !== undefined) element.textContent = text;
    if (kind) element.className = kind;
    return element;
  };
  const focused = frame.querySelector(":focus")?.dataset.name;
  const top = make("tr");
  top.append(...data.heads.map((head) => make("th", head)));
  frame.querySelector("thead").replaceChildren(top);
  const rows = data.rows.map((row) => {
    const line = make("tr", undefined, `${row.kind} ${row.open ? "open" : "closed"}${row.wrong ? " wrong" : ""}`);
    line.dataset.name = row.name;
    line.append(...row.cells.map((text, i) => make("td", text, row.changed.includes(i) ? "changed" : "")));
    if (!row.open) return line;
    line.tabIndex = 0;
    line.setAttribute("aria-selected", String(row.name === data.chosen));
    const choose = () => {
      rows.forEach((other) => other.hasAttribute("aria-selected") && other.setAttribute("aria-selected", String(other === line)));
      setTriggerValue("layer", row.name);
    };
    line.onclick = choose;
    line.onkeydown = (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose();
      } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        const open = rows.filter((other) => other.tabIndex === 0);
        open[open.indexOf(line) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
      }
    };
    return line;
  });
  frame.querySelector("tbody").replaceChildren(...rows);
  if (focused) frame.querySelector(`[data-name="${focused}"]`)?.focus();
}
