"""Charts of the fit: the error at every step, and a row through the kernels. No Streamlit here."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import plotly.graph_objects as go

from app.parts.charts import CLEAR

FITTED, BILINEAR, START, BEST = "#0072b2", "#e69f00", "#999999", "#009e73"
HEIGHT = 290


def error_figure(losses: Sequence[float], steps: int, bilinear: float, best: float) -> go.Figure:
    """Root mean squared error of each step's examples in grey levels, on a log scale, smoothed a little.

    losses: mean squared errors in photos' units (0 to 1). bilinear, best: the same of those kernels over all examples.
    """
    grey = 255 * np.sqrt(_smooth(np.asarray(losses)))
    figure = go.Figure()
    figure.add_scatter(
        x=np.arange(1, len(grey) + 1), y=grey, mode="lines", name="fit", line={"color": FITTED, "width": 2},
        hovertemplate="step %{x}: %{y:.3g} grey levels<extra></extra>",
    )  # fmt: skip
    for name, loss, colour, dash in (("bilinear", bilinear, BILINEAR, "dash"), ("least squares", best, BEST, "dot")):
        if loss > 1e-12:  # an error of zero has no place on a log scale
            figure.add_scatter(
                x=[1, steps], y=[255 * loss**0.5] * 2, mode="lines", name=name,
                line={"color": colour, "width": 1.5, "dash": dash},
                hovertemplate=f"{name}: %{{y:.3g}} grey levels<extra></extra>",
            )  # fmt: skip
    decades = {"dtick": 1} if grey.max() > 100 * grey.min() else {}
    return _framed(
        figure, {"title": "step", "range": [0, steps]},
        {"title": "error, grey levels", "type": "log", "exponentformat": "power", **decades}, "error",
    )  # fmt: skip


def row_figure(kernels: Sequence[tuple[str, np.ndarray]]) -> go.Figure:
    """The row below the middle of every kernel, weight over place."""
    colours = {"start": START, "fit": FITTED, "bilinear": BILINEAR, "least squares": BEST}
    dashes = {"start": "dot", "fit": "solid", "bilinear": "dash", "least squares": "dot"}
    figure = go.Figure()
    for name, weights in kernels:
        row = weights[len(weights) // 2]
        figure.add_scatter(
            x=np.arange(len(row)), y=row, mode="lines+markers", name=name,
            line={"color": colours[name], "width": 2, "dash": dashes[name]}, marker={"size": 6},
            hovertemplate=f"{name}, tap %{{x}}: %{{y:.4f}}<extra></extra>",
        )  # fmt: skip
    return _framed(
        figure, {"title": "place in the kernel's middle row, pixels", "dtick": 1 if len(kernels[0][1]) < 12 else 2},
        {"title": "weight", "rangemode": "tozero"}, "row",
    )  # fmt: skip


def _smooth(values: np.ndarray, keep: float = 0.9) -> np.ndarray:
    """Geometric running mean: the examples of a step vary more than the kernel does."""
    logs, out, level = np.log(np.maximum(values, 1e-18)), [], None
    for value in logs:
        level = value if level is None else keep * level + (1 - keep) * value
        out.append(level)
    return np.exp(np.array(out))


def _framed(figure: go.Figure, xaxis: dict, yaxis: dict, name: str) -> go.Figure:
    figure.update_xaxes(zeroline=False)
    return figure.update_layout(
        height=HEIGHT, margin={"l": 8, "r": 8, "t": 34, "b": 42}, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR,
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"}, xaxis=xaxis, yaxis=yaxis,
        uirevision=name, showlegend=True,
    )  # fmt: skip
