"""Plotly figures of training runs, from plain dataclasses; no Streamlit.

Long curves are thinned for the picture (app.runs.curves). Every figure keeps what a person zoomed into while its data
grow (`uirevision`). Paper, text and grid are left to the template of whoever shows the figure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from app.runs.curves import smooth, thin
from fcn_core.labels import Colour
from fcn_core.training.run_folder.run_log import Measurement, Records, StepCurves

CLEAR = "rgba(0,0,0,0)"
AXES = {"step": "step", "epoch": "epoch", "minutes": "minutes of training"}
# Okabe and Ito's colours, which stay apart under colour-vision deficiencies, those that show on white and on black.
HEAD_LINES = {
    "32s": ("#d55e00", "dot"),
    "16s": ("#3d8fd1", "dash"),
    "8s": ("#009e73", "solid"),
    "4s": ("#e69f00", "solid"),
    "2s": ("#cc79a7", "solid"),
    "1s": ("#8f6fd1", "solid"),
}
LINES = ("#3d8fd1", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#8f6fd1", "#7f8790", "#b5651d")
DASHES = ("solid", "solid", "solid", "solid", "dash", "dash", "dash", "dash")
FAINT = 0.3


@dataclass(frozen=True)
class View:
    """How curves are drawn: the x axis (step, epoch, minutes), smoothing (0 to below 1), loss on a log scale."""

    axis: str = "step"
    smoothing: float = 0.0
    log: bool = True
    kept: str = "run"  # another value forgets what was zoomed into


def loss_figure(records: Records, view: View) -> go.Figure:
    """The loss per pixel of every step, faint, and its smoothed course over it."""
    return _loss(records.steps, records.steps.per_pixel(), view, "loss, per pixel")


def summed_loss_figure(records: Records, view: View) -> go.Figure:
    """The loss of every step, summed over the pixels."""
    return _loss(records.steps, records.steps.loss_sum, view, "loss, summed over pixels")


def _loss(steps: StepCurves, values: np.ndarray, view: View, title: str) -> go.Figure:
    figure = go.Figure()
    _curve(figure, steps.along(view.axis), values, LINES[0], view, name="loss", hover="loss %{y:.4g}")
    return finish(figure, view, title, log=view.log)


def rate_figure(records: Records, view: View) -> go.Figure:
    """The learning rate of every group of weights; groups of one rate share a line."""
    steps = records.steps
    figure = go.Figure()
    for (names, values), colour, dash in zip(_grouped(steps.rates), LINES, DASHES, strict=False):
        kept = thin(values)
        figure.add_scatter(
            x=steps.along(view.axis)[kept],
            y=values[kept],
            name=", ".join(names) or "all weights",
            line={"color": colour, "dash": dash, "width": 2},
            hovertemplate="%{y:.3g}",
        )
    return finish(figure, view, "learning rate", number=".2~g")


def _grouped(rates: Mapping[str, np.ndarray]) -> list[tuple[list[str], np.ndarray]]:
    groups: list[tuple[list[str], np.ndarray]] = []
    for name, values in rates.items():
        same = next((names for names, other in groups if np.array_equal(values, other, equal_nan=True)), None)
        if same is None:
            groups.append(([name], values))
        else:
            same.append(name)
    return groups


def gradient_figure(records: Records, view: View) -> go.Figure:
    """Length of the gradient at every step."""
    steps = records.steps
    figure = go.Figure()
    _curve(figure, steps.along(view.axis), steps.grad_norm, LINES[3], view, name="norm", hover="norm %{y:.3g}")
    return finish(figure, view, "gradient norm", log=view.log)


def miou_figure(records: Records, view: View) -> go.Figure:
    """Mean IoU of each head at every validation."""
    figure = go.Figure()
    x = [validation.along(view.axis) for validation in records.validations]
    for head in records.heads:
        colour, dash = HEAD_LINES.get(head, (LINES[6], "solid"))
        figure.add_scatter(
            x=x,
            y=[validation.score(head) for validation in records.validations],
            name=head,
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2},
            marker={"size": 6 if len(x) <= 60 else 3},
            hovertemplate=f"{head} %{{y:.1%}}<extra></extra>",
        )
    return finish(figure, view, "mean IoU on validation", number=".0%", zero=True)


def class_figure(
    records: Records, view: View, head: str, classes: Sequence[str], colours: Sequence[Colour]
) -> go.Figure:
    """IoU of every class (rows) at every validation (columns), with the class colours beside the names."""
    table = [[_iou(validation, head, name) for validation in records.validations] for name in classes]
    x = [validation.along(view.axis) for validation in records.validations]
    figure = go.Figure(
        go.Heatmap(
            z=table,
            x=x,
            y=list(range(len(classes))),
            customdata=[[name] * len(x) for name in classes],
            colorscale="Cividis",
            zmin=0,
            zmax=1,
            ygap=1,
            hoverongaps=False,
            hovertemplate=f"%{{customdata}}: %{{z:.1%}}<br>{AXES[view.axis]} %{{x:.4~g}}<extra></extra>",
            colorbar={"title": "IoU", "tickformat": ".0%", "thickness": 10, "outlinewidth": 0, "x": 1.01, "xpad": 0},
        )
    )
    marks = zip(classes, colours, strict=True)
    finish(figure, view, "", hover="closest")
    figure.update_layout(
        margin={"t": 8},
        height=max(180, 80 + 24 * len(classes)),
        yaxis={
            "title": None,
            "tickmode": "array",
            "tickvals": list(range(len(classes))),
            "ticktext": [f"{name} <span style='color:rgb{colour}'>■</span>" for name, colour in marks],
            "autorange": "reversed",
            "showgrid": False,
            "fixedrange": True,
        },
        xaxis={"showgrid": False},
    )
    return figure


def _iou(validation: Measurement, head: str, name: str) -> float | None:
    value = (validation.heads.get(head, {}).get("iou") or {}).get(name)
    return float(value) if isinstance(value, int | float) else None


def speed_figure(records: Records, view: View) -> go.Figure:
    """Images a second."""
    steps = records.steps
    figure = go.Figure()
    _curve(figure, steps.along(view.axis), steps.images_per_s, LINES[2], view, name="speed", hover="%{y:.3~g} images/s")
    return finish(figure, view, "images a second", zero=True)


def waiting_figure(records: Records, view: View) -> go.Figure:
    """Share of each step's time that was spent waiting for data."""
    steps = records.steps
    figure = go.Figure()
    _curve(figure, steps.along(view.axis), steps.wait_share, LINES[1], view, name="waiting", hover="%{y:.1%} waiting")
    return finish(figure, view, "time waiting for data", number=".0%", zero=True)


def load_figure(records: Records, view: View) -> go.Figure:
    """How busy processor and GPU were between validations, in percent of the machine."""
    return _loads(records.validations, view, {"cpu_percent": "processor", "gpu_percent": "GPU"}, 1, "device load, %")


def memory_figure(records: Records, view: View) -> go.Figure:
    """Memory in use at each validation, in gigabytes."""
    names = {"memory_mb": "main memory", "gpu_memory_mb": "GPU memory"}
    return _loads(records.validations, view, names, 1 / 1024, "memory in use, GB")


def _loads(
    validations: Sequence[Measurement], view: View, names: Mapping[str, str], factor: float, title: str
) -> go.Figure:
    figure = go.Figure()
    written = [name for name in names if any(name in validation.load for validation in validations)]
    for name, colour, dash in zip(written, LINES, ("solid", "dash"), strict=False):
        points = [(v.along(view.axis), factor * v.load[name]) for v in validations if name in v.load]
        figure.add_scatter(
            x=[x for x, _ in points],
            y=[y for _, y in points],
            name=names[name],
            mode="lines+markers",
            line={"color": colour, "dash": dash, "width": 2},
            hovertemplate="%{y:.3~g}",
        )
    return finish(figure, view, title, zero=True)


def _curve(
    figure: go.Figure, x: np.ndarray, values: np.ndarray, colour: str, view: View, *, name: str, hover: str
) -> None:
    """The values as they are and, if they are smoothed, their course over them."""
    raw = thin(values)
    figure.add_scatter(
        x=x[raw],
        y=values[raw],
        name=f"each {name}",
        line={"color": colour, "width": 1.5},
        opacity=FAINT if view.smoothing else 1,
        hovertemplate=f"{hover}<extra></extra>",
        hoverinfo="skip" if view.smoothing else None,
        showlegend=False,
    )
    if view.smoothing:
        course = smooth(values, view.smoothing)
        kept = thin(course)
        figure.add_scatter(
            x=x[kept],
            y=course[kept],
            name=name,
            line={"color": colour, "width": 2},
            hovertemplate=f"{hover}, smoothed<extra></extra>",
            showlegend=False,
        )


def finish(
    figure: go.Figure,
    view: View,
    title: str,
    *,
    log: bool = False,
    number: str | None = None,
    zero: bool = False,
    hover: str = "x",
) -> go.Figure:
    """The frame of every figure: title, axes, legend, and what keeps its zoom."""
    figure.update_layout(
        height=280,
        margin={"l": 8, "r": 8, "t": 30, "b": 8},
        title={"text": title, "font": {"size": 14}, "x": 0, "xanchor": "left", "y": 0.99, "yanchor": "top"},
        hovermode=hover,
        paper_bgcolor=CLEAR,
        plot_bgcolor=CLEAR,
        uirevision=f"{view.kept} {view.axis} {log}",
        legend={"orientation": "h", "x": 1, "xanchor": "right", "y": 1.0, "yanchor": "bottom", "title": None},
        xaxis={"title": {"text": AXES[view.axis], "standoff": 6}, "automargin": True, "zeroline": False},
        yaxis={
            "automargin": True,
            "type": "log" if log else "linear",
            "tickformat": number,
            "rangemode": "tozero" if zero and not log else "normal",
            "zeroline": False,
        },
    )
    return figure
