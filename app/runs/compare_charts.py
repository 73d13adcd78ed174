"""Plotly figures that lay several training runs over each other; no Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import plotly.graph_objects as go

from app.runs.charts import View, finish
from app.runs.curves import smooth, thin
from fcn_core.training.run_folder.run_log import Records, stride


@dataclass(frozen=True)
class NamedRun:
    """One of several runs in a picture."""

    name: str
    records: Records
    colour: str
    dash: str = "solid"


def compare_losses(runs: Sequence[NamedRun], view: View) -> go.Figure:
    """The smoothed loss per pixel of several runs."""
    figure = go.Figure()
    for run in runs:
        steps = run.records.steps
        values = smooth(steps.per_pixel(), view.smoothing)
        kept = thin(values, 800)
        figure.add_scatter(
            x=steps.along(view.axis)[kept],
            y=values[kept],
            name=run.name,
            line={"color": run.colour, "dash": run.dash, "width": 2},
            hovertemplate="%{y:.4g}",
            showlegend=False,
        )
    return finish(figure, view, "loss per pixel", log=view.log)


def compare_miou(runs: Sequence[NamedRun], view: View) -> go.Figure:
    """The mean IoU of several runs, each by its finest head."""
    figure = go.Figure()
    for run in runs:
        head = min(run.records.heads, key=stride, default="")
        points = [(v.along(view.axis), v.score(head)) for v in run.records.validations]
        figure.add_scatter(
            x=[x for x, _ in points],
            y=[y for _, y in points],
            name=f"{run.name}, {head}",
            mode="lines+markers",
            line={"color": run.colour, "dash": run.dash, "width": 2},
            marker={"size": 6 if len(points) <= 60 else 3},
            hovertemplate="%{y:.1%}",
            showlegend=False,
        )
    return finish(figure, view, "mean IoU of the finest head", number=".0%", zero=True)
