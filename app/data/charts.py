"""How often each class of a data set occurs, as a Plotly figure. No Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import plotly.graph_objects as go

from fcn_core.data.balance import ClassBalance
from fcn_core.labels import Colour

CLEAR = "rgba(0,0,0,0)"
MARKS = ("diamond", "circle", "square")
GREY = "#7f8790"
GRID = "rgba(128,128,128,0.25)"
LOWEST = 1e-5  # of the log scale


def balance_figure(
    balances: Mapping[str, ClassBalance], split: str, colours: Sequence[Colour], *, log: bool
) -> go.Figure:
    """Bars of one split in the class colours, the other splits as marks beside them."""
    figure = go.Figure()
    chosen = balances[split]
    classes = list(chosen.labels.classes)
    figure.add_bar(
        x=chosen.shares,
        y=classes,
        orientation="h",
        name=split,
        marker={"color": [f"rgb{colour}" for colour in colours], "line": {"color": GREY, "width": 1}},
        customdata=chosen.pictures / max(1, chosen.looked_at),
        hovertemplate="%{y}: %{x:.2%} of the pixels, in %{customdata:.0%} of the pictures<extra>" + split + "</extra>",
        showlegend=False,
    )
    others = [name for name in balances if name != split]
    for name, mark in zip(others, MARKS, strict=False):
        figure.add_scatter(
            x=balances[name].shares,
            y=classes,
            mode="markers",
            name=name,
            marker={"symbol": mark, "size": 9, "color": "#ffffff", "line": {"width": 2, "color": "#33383d"}},
            customdata=balances[name].pictures / max(1, balances[name].looked_at),
            hovertemplate="%{y}: %{x:.2%} of the pixels, in %{customdata:.0%} of the pictures<extra>" + name
            + "</extra>",
        )  # fmt: skip
    figure.update_layout(
        height=110 + 26 * len(classes),
        margin={"l": 10, "r": 20, "t": 30, "b": 10},
        bargap=0.25,
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom", "x": 0},
        yaxis={"autorange": "reversed", "automargin": True, "showgrid": False},
        xaxis=_axis(log),
        uirevision="balance",
    )
    return figure


def _axis(log: bool) -> dict:
    if not log:
        return {
            "title": {"text": "share of the labelled pixels"},
            "tickformat": ".0%",
            "rangemode": "tozero",
            "gridcolor": GRID,
        }
    return {
        "title": {"text": "share of the labelled pixels, log scale"},
        "type": "log",
        "gridcolor": GRID,
        "range": [np.log10(LOWEST), 0],
        "tickvals": [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1],
        "ticktext": ["0.001 %", "0.01 %", "0.1 %", "1 %", "10 %", "100 %"],
    }
