// A chart that the page drew as SVG, in the theme's colours.
export default function ({ data, parentElement }) {
  parentElement.querySelector(".drawing").innerHTML = data.svg;
}
