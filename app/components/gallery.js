// Small pictures to choose from.

export default function ({ data, parentElement, setTriggerValue }) {
  const group = parentElement.querySelector(".gallery");
  group.setAttribute("aria-label", data.label);
  group.style.setProperty("--side", `${data.side}px`);
  const focused = group.querySelector("button:focus")?.dataset.name;
  group.replaceChildren(
    ...data.items.map((item) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = item.title;
      button.dataset.name = item.name;
      button.setAttribute("aria-label", item.title);
      button.setAttribute("aria-pressed", String(item.name === data.chosen));
      button.append(Object.assign(document.createElement("img"), { src: item.src, alt: "", draggable: false }));
      button.onclick = () => setTriggerValue("choice", item.name);
      return button;
    }),
  );
  // New buttons take the old ones' place: the keyboard must not lose where it was.
  if (focused) [...group.children].find((button) => button.dataset.name === focused)?.focus();
}
