"""How the mean of sampled gradients closes in on the whole one; no Streamlit here."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from app.parts.charts import CLEAR
from fcn_core.analysis.dense.patch_sampling import SampledGradients


def convergence_figure(found: SampledGradients) -> go.Figure:
    """Distance of the mean of n batches from the expected gradient over n, and the formula's √(variance / n)."""
    draws = np.unique(np.round(np.geomspace(1, len(found.mean_error), 60)).astype(int))
    figure = go.Figure()
    figure.add_scatter(
        x=draws, y=np.sqrt(found.predicted / draws), name="by formula, √(variance / n)", mode="lines",
        line={"color": "#888", "width": 2, "dash": "dot"}, hoverinfo="skip",
    )  # fmt: skip
    figure.add_scatter(
        x=draws, y=found.mean_error[draws - 1], name="measured", mode="lines", line={"color": "#0072b2", "width": 2.5},
        hovertemplate="mean of %{x} batches: %{y:.3g} of the gradient's length away<extra></extra>",
    )  # fmt: skip
    figure.update_layout(
        height=320, margin={"l": 8, "r": 8, "t": 34, "b": 40}, paper_bgcolor=CLEAR, plot_bgcolor=CLEAR,
        xaxis={"title": "batches averaged, n", "type": "log", "dtick": 1},
        yaxis={"title": "distance, in gradient lengths", "type": "log", "dtick": 1, "tickformat": ".3~g"},
        legend={"orientation": "h", "y": 1.0, "yanchor": "bottom"},
    )  # fmt: skip
    return figure
