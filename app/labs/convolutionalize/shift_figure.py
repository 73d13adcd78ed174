"""The error curve over the shift; no Streamlit here."""

from __future__ import annotations

import plotly.graph_objects as go

from app.parts.charts import CLEAR
from fcn_core.analysis.dense.equivariance import ShiftStudy

COLOURS = {"along": "#0072b2", "still": "#e69f00", "classifier": "#009e73"}  # Okabe and Ito's


def shift_figure(study: ShiftStudy, name: str, shift: int) -> go.Figure:
    """Differences of one output over the shift, in percent of the scores' spread; multiples of its stride dotted."""
    shifts, stride = list(study.shifts), study.strides[name]
    lines = {
        "along": (f"{name}, moved back", [100 * study.shifts[d].outputs[name].along for d in shifts]),
        "still": (f"{name}, not moved back", [100 * study.shifts[d].outputs[name].still for d in shifts]),
        "classifier": ("classifier (averaged scores)", [100 * study.shifts[d].classifier_change for d in shifts]),
    }
    figure = go.Figure()
    for kind, (title, values) in lines.items():
        figure.add_scatter(
            x=shifts, y=values, name=title, mode="lines+markers",
            line={"color": COLOURS[kind], "width": 2.5, "dash": "dot" if kind == "still" else "solid"},
            marker={"size": 6}, hovertemplate=f"{title}: %{{y:.2g}} % at %{{x}} pixels<extra></extra>",
        )  # fmt: skip
    for exact in range(0, shifts[-1] + 1, stride):
        figure.add_vline(x=exact, line={"dash": "dot", "color": "#888", "width": 1})
    figure.add_vline(x=shift, line={"color": "#d55e00", "width": 2})
    figure.update_layout(
        height=340, margin={"l": 8, "r": 8, "t": 34, "b": 40}, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR,
        xaxis={"title": "shift of the photo, pixels", "dtick": 8, "zeroline": False},
        yaxis={"title": "difference, % of the spread", "rangemode": "tozero"},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"},
    )  # fmt: skip
    return figure
