"""Mean IoU over the batch size, with the spread over the pictures' order. No Streamlit here."""

from __future__ import annotations

from collections.abc import Sequence

import plotly.graph_objects as go

from app.parts.charts import CLEAR
from fcn_core.analysis.measuring.averages import Spread

LINE, ORDER = "#0072b2", "#d55e00"


def averages_figure(spreads: Sequence[Spread], whole: float, chosen: int) -> go.Figure:
    """Percent over pictures a batch: the mean over orders with its 5 to 95 % range, this order, the global level."""
    sizes = [s.size for s in spreads]
    figure = go.Figure()
    figure.add_scatter(
        x=[*sizes, *sizes[::-1]], y=[100 * s.high for s in spreads] + [100 * s.low for s in spreads[::-1]],
        fill="toself", fillcolor="rgba(0, 114, 178, .18)", line={"width": 0}, hoverinfo="skip", mode="lines",
        name="5 to 95 % of the orders",
    )  # fmt: skip
    figure.add_scatter(
        x=sizes, y=[100 * s.mean for s in spreads], mode="lines+markers", name="mean over orders",
        line={"color": LINE, "width": 2.5}, marker={"size": 7},
        hovertemplate="batches of %{x}: %{y:.1f} % on average over orders<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=sizes, y=[100 * s.in_order for s in spreads], mode="markers", name="in the samples' order",
        marker={"symbol": "diamond", "color": ORDER, "size": [13 if s.size == chosen else 8 for s in spreads],
                "line": {"width": [2 if s.size == chosen else 0 for s in spreads], "color": "#888"}},
        hovertemplate="batches of %{x}: %{y:.1f} % in this order<extra></extra>",
    )  # fmt: skip
    figure.add_scatter(
        x=[sizes[0], sizes[-1]], y=[100 * whole] * 2, mode="lines", name="global",
        line={"color": "#888", "width": 1.5, "dash": "dot"}, hovertemplate="global: %{y:.1f} %<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        height=360, margin={"l": 8, "r": 8, "t": 64, "b": 44}, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR,
        xaxis={"title": "pictures a batch", "dtick": 1}, yaxis={"title": "mean IoU, percent"},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom"}, uirevision="averages",
    )  # fmt: skip
    return figure
