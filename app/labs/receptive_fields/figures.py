"""Charts of the Receptive fields lab; no Streamlit here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import plotly.graph_objects as go

from app.parts.charts import CLEAR
from fcn_core.analysis.fields.layer_stack import StackReport
from fcn_core.analysis.fields.receptive_field import LayerField

Line = tuple[str, str, Sequence[LayerField]]  # title, colour, layers


def growth_figure(lines: Sequence[Line], *, sides: Mapping[str, int]) -> go.Figure:
    """Size of the field over depth, one line a network; `sides` are lengths to compare with, such as the photo's."""
    figure = go.Figure()
    for title, colour, layers in lines:
        points = longest(layers)
        figure.add_scatter(
            x=[p.depth for p in points], y=[p.axes[1].size for p in points], name=title, mode="lines+markers",
            line={"color": colour, "width": 2.5, "shape": "hv"}, marker={"size": 7},
            text=[p.label for p in points],
            customdata=[[str(p.axes[1].stride)] for p in points],
            hovertemplate=f"{title}: %{{text}} sees %{{y}} pixels, stride %{{customdata[0]}}<extra></extra>",
        )  # fmt: skip
    for name, side in sides.items():
        figure.add_hline(y=side, line={"dash": "dot", "color": "#888", "width": 1}, annotation_text=f"{name}: {side}")
    return _laid_out(figure, "convolutions and poolings on the longest way", 420)


def longest(layers: Sequence[LayerField]) -> list[LayerField]:
    """The layers with the largest field at each depth, the picture's side up."""
    best: dict[int, LayerField] = {}
    for layer in layers:
        size = layer.axes[1].size
        before = best.get(layer.depth)
        if size is not None and layer.depth and (before is None or size > (before.axes[1].size or 0)):
            best[layer.depth] = layer
    return [best[depth] for depth in sorted(best)]


def stacks_figure(stacks: Mapping[str, tuple[StackReport, str]]) -> go.Figure:
    """Growth of two built stacks; name -> (report, colour)."""
    figure = go.Figure()
    for name, (report, colour) in stacks.items():
        sizes = [1, *(row.field.size or 0 for row in report.rows)]
        names = ["the picture", *(row.layer.spelling for row in report.rows)]
        figure.add_scatter(
            x=list(range(len(sizes))), y=sizes, name=name, text=names, mode="lines+markers",
            line={"color": colour, "width": 2.5, "shape": "hv"}, marker={"size": 8},
            hovertemplate=f"{name}: after %{{text}} %{{y}} pixels<extra></extra>",
        )  # fmt: skip
    return _laid_out(figure, "layers", 300).update_xaxes(dtick=1)


def _laid_out(figure: go.Figure, across: str, height: int) -> go.Figure:
    figure.update_layout(
        height=height, margin={"l": 8, "r": 8, "t": 30, "b": 40},
        xaxis={"title": across}, yaxis={"title": "field, pixels", "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"}, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR,
    )  # fmt: skip
    return figure
