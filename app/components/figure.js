// A Plotly figure that is updated in place: Streamlit's own chart element is made anew whenever its data change, and
// with it what a person zoomed into is lost. Zoom is kept as long as the figure's uirevision stays the same.
const library = () => new Promise((found) => {
  const look = () => (window.Plotly ? found(window.Plotly) : setTimeout(look, 50));
  look();
});

export default function ({ data, parentElement }) {
  const place = parentElement.querySelector(".fcn-figure");
  const figure = JSON.parse(data.figure);
  place.style.minHeight = `${figure.layout.height}px`;
  place.setAttribute("aria-label", data.alt);
  const style = getComputedStyle(place);
  const colour = (name) => style.getPropertyValue(name).trim();
  const font = { family: style.fontFamily, color: colour("--st-text-color"), size: 12 };
  const axis = { gridcolor: colour("--st-border-color"), linecolor: colour("--st-border-color"), automargin: true };
  const layout = {
    ...figure.layout,
    autosize: true,
    font: { ...font, ...figure.layout.font },
    hoverlabel: {
      bgcolor: colour("--st-background-color"), bordercolor: colour("--st-border-color"), font, namelength: -1,
    },
    modebar: { bgcolor: "rgba(0,0,0,0)", color: "rgba(128,128,128,.7)", activecolor: font.color },
    xaxis: { ...axis, ...figure.layout.xaxis },
    yaxis: { ...axis, ...figure.layout.yaxis },
  };
  const config = {
    displaylogo: false,
    showSendToCloud: false, // nothing leaves this machine
    modeBarButtonsToRemove: ["select2d", "lasso2d", "autoScale2d", "sendChartToCloud"],
  };
  place.latest = () => library().then((plotly) => plotly.react(place, figure.data, layout, config));
  place.latest();
  if (!place.watch) {
    place.watch = new ResizeObserver(() => {
      if (place.data && place.clientWidth) window.Plotly.Plots.resize(place);
    });
    place.watch.observe(place);
  }
}
