// Small pictures to choose from.

export default function ({ data, parentElement, setTriggerValue }) {
  const group = parentElement.querySelector(".gallery");
  group.setAttribute("aria-label", data.label);
  group.replaceChildren(
    ...data.items.map((item) => {
      const button = document.createElement("button");
      button.type = "button";
      button.title = item.title;
      button.setAttribute("aria-label", item.title);
      button.setAttribute("aria-pressed", String(item.name === data.chosen));
      button.append(Object.assign(document.createElement("img"), { src: item.src, alt: "", draggable: false }));
      button.onclick = () => setTriggerValue("choice", item.name);
      return button;
    }),
  );
}
