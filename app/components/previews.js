// The same pictures at every validation of a run. Sliding happens in the browser; when a newer validation arrives the
// place is kept, and who stood at the newest follows to it.
const places = new WeakMap();

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".previews");
  const slider = root.querySelector("input");
  const play = root.querySelector(".play");
  const moment = root.querySelector(".moment");
  const last = data.moments.length - 1;
  const place = places.get(root) ?? { run: data.run, step: null, picture: 0 };
  if (place.run !== data.run) Object.assign(place, { run: data.run, step: null, picture: 0 });
  places.set(root, place);
  if (place.picture >= data.pictures.length) place.picture = 0;
  let index = place.step === null ? last : data.moments.findIndex((m) => m.step >= place.step);
  if (index < 0) index = last;

  // The sheet is built once for a set of heads, so that a refresh changes sources only and nothing blinks.
  const sheet = root.querySelector(".sheet");
  const titles = ["photo", "truth", ...data.heads];
  if (sheet.dataset.titles !== titles.join()) {
    sheet.dataset.titles = titles.join();
    sheet.style.setProperty("--count", titles.length);
    sheet.replaceChildren(...titles.map((title) => {
      const figure = document.createElement("figure");
      const caption = document.createElement("figcaption");
      caption.append(Object.assign(document.createElement("span"), { textContent: title }), document.createElement("span"));
      figure.append(caption, Object.assign(document.createElement("img"), { alt: title }));
      return figure;
    }));
  }
  const figures = [...sheet.children];
  const put = (i, src) => {
    const image = figures[i].querySelector("img");
    if (image.getAttribute("src") !== src) image.src = src;
    image.style.visibility = src ? "visible" : "hidden";
  };

  // All pictures of a row take the photo's shape, so that the sheet keeps its height while one slides.
  const photo = figures[0].querySelector("img");
  photo.onload = () => sheet.style.setProperty("--shape", `${photo.naturalWidth} / ${photo.naturalHeight}`);

  const row = root.querySelector(".pictures");
  row.hidden = data.pictures.length < 2;
  const names = data.pictures.map((p) => p.name).join();
  if (row.dataset.names !== names) {
    row.dataset.names = names;
    row.replaceChildren(...data.pictures.map((picture) => {
      const button = Object.assign(document.createElement("button"), { type: "button", ariaLabel: picture.name });
      button.append(Object.assign(document.createElement("img"), { src: picture.photo, alt: "" }));
      return button;
    }));
  }
  [...row.children].forEach((button, i) => { button.onclick = () => { place.picture = i; show(index); }; });

  slider.max = last;
  slider.disabled = play.disabled = last < 1;
  const show = (i) => {
    index = i;
    const now = data.moments[i];
    place.step = i === last ? null : now.step;
    slider.value = String(i);
    slider.setAttribute("aria-valuetext", now.label);
    moment.textContent = now.label;
    const picture = data.pictures[place.picture];
    put(0, picture.photo);
    put(1, picture.truth);
    data.heads.forEach((head, h) => {
      put(h + 2, now.maps[place.picture][h]);
      figures[h + 2].querySelector("figcaption span:last-child").textContent = now.scores[h];
    });
    [...row.children].forEach((button, p) => button.setAttribute("aria-pressed", String(p === place.picture)));
  };

  const stop = () => { clearInterval(place.timer); place.timer = undefined; mark(); };
  const mark = () => { play.classList.toggle("on", !!place.timer); play.ariaLabel = place.timer ? "Pause" : "Play"; };
  const start = () => {
    clearInterval(place.timer);
    place.timer = setInterval(() => (index >= last ? stop() : show(index + 1)), 500);
    mark();
  };
  play.onclick = () => {
    if (place.timer) return stop();
    if (index >= last) show(0);
    start();
  };
  slider.oninput = () => { stop(); show(Number(slider.value)); };
  if (place.timer) start();  // it was playing when newer data came
  show(index);
  return () => clearInterval(place.timer);
}
