// The stitched map filled pass by pass. Everything is here, so the slider needs no server.
const places = new WeakMap();
const loaded = (src) => new Promise((done) => {
  const image = new Image();
  image.onload = () => done(image);
  image.src = src;
});

export default async function ({ data, parentElement }) {
  const root = parentElement.querySelector(".stitching");
  const place = places.get(root) ?? {};
  places.set(root, place);
  const name = data.map.slice(-64) + data.photo.slice(-64) + [data.factor, data.stride, data.edge, data.map.length].join();
  if (place.name === name) return;
  place.name = name;
  clearInterval(place.timer);
  place.timer = undefined;
  const [map, photo] = await Promise.all([loaded(data.map), loaded(data.photo)]);
  if (place.name !== name) return;
  const find = (selector) => root.querySelector(selector);
  const { factor, stride } = data, passes = factor * factor, step = stride / factor;

  const source = document.createElement("canvas");
  [source.width, source.height] = [map.width, map.height];
  source.getContext("2d").drawImage(map, 0, 0);
  const pixels = source.getContext("2d").getImageData(0, 0, map.width, map.height).data;
  const target = find(".map canvas"), window_ = find(".photo canvas");
  [target.width, target.height] = [map.width, map.height];
  [window_.width, window_.height] = [photo.width, photo.height];
  for (const canvas of [target, window_]) canvas.style.aspectRatio = `${photo.width} / ${photo.height}`;
  target.setAttribute("aria-label", data.alt);

  const grid = find(".grid");
  grid.style.gridTemplateColumns = `repeat(${factor}, minmax(0, 1fr))`;
  grid.classList.toggle("many", factor > 4);
  grid.replaceChildren(...Array.from({ length: passes }, (_, i) =>
    Object.assign(document.createElement("span"), { textContent: i + 1 })));

  const slider = find("input");
  slider.max = passes;
  const show = (done) => {
    const now = Math.max(done - 1, 0), down = Math.floor(now / factor) * step, right = (now % factor) * step;
    const paint = target.getContext("2d"), picture = paint.createImageData(map.width, map.height);
    for (let y = 0, i = 0; y < map.height; y++) {
      for (let x = 0; x < map.width; x++, i += 4) {
        if ((y % factor) * factor + (x % factor) < done) {
          picture.data.set(pixels.subarray(i, i + 4), i);
        }
      }
    }
    paint.putImageData(picture, 0, 0);
    const view = window_.getContext("2d");
    view.fillStyle = "#000";
    view.fillRect(0, 0, photo.width, photo.height);
    for (const [dx, dy] of data.edge === "wrap" ? [[0, 0], [1, 0], [0, 1], [1, 1]] : [[0, 0]]) {
      view.drawImage(photo, dx * photo.width - right, dy * photo.height - down);
    }
    [...grid.children].forEach((cell, i) => {
      cell.classList.toggle("done", i < done);
      cell.classList.toggle("now", done > 0 && i === done - 1);
    });
    find(".map figcaption").textContent = `stitched, ${done} of ${passes} passes`;
    find(".photo figcaption").textContent = `photo, moved up ${down} and left ${right}`;
    find(".story").textContent = done === 0
      ? "Nothing yet. Each pass gives one answer for every coarse cell."
      : `Pass ${done} of ${passes}: the photo moved up ${down} and left ${right} pixels. Its answers go to row ` +
        `${Math.floor(now / factor) + 1}, column ${(now % factor) + 1} of every ${factor}×${factor} block.`;
    slider.value = done;
  };
  const play = find(".play");
  const mark = () => {
    play.classList.toggle("on", Boolean(place.timer));
    play.ariaLabel = place.timer ? "Pause" : "Play";
  };
  const stop = () => { clearInterval(place.timer); place.timer = undefined; mark(); };
  slider.oninput = () => { stop(); show(Number(slider.value)); };
  play.onclick = () => {
    if (place.timer) return stop();
    if (Number(slider.value) >= passes) show(0);
    place.timer = setInterval(() => {
      if (!root.isConnected || Number(slider.value) >= passes) return stop();
      show(Number(slider.value) + 1);
    }, Math.max(60, 4000 / passes));
    mark();
  };
  mark();
  show(passes);
}
