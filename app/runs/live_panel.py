"""The parts of the Live page that refresh by themselves while a run goes on.

Each part is a fragment of its own with constant keys, so that a refresh changes what is new and nothing else: what was
zoomed into stays, and the controls between the parts are not touched.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from app.parts import browser_figures
from app.runs import charts, kept
from app.runs.charts import View
from app.runs.live_status import status_head
from app.runs.preview_player import preview_player
from app.visitor import session
from fcn_core.labels import Colour
from fcn_core.training.places.run_info import RunInfo
from fcn_core.training.places.run_state import read_run
from fcn_core.training.run_folder.facts import read_facts
from fcn_core.training.run_folder.run_log import Records
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.run_folder.status import LIVING

REFRESH_SECONDS = 2.0
PREVIEW_SECONDS = 5.0


@dataclass(frozen=True)
class ShownRun:
    """What the page shows: the folder of the run, the state it was drawn in, and how curves are drawn."""

    path: Path
    state: str
    view: View

    @property
    def alive(self) -> bool:
        return self.state in LIVING


def refreshing(part: Callable[[ShownRun], None], shown: ShownRun, every: float = REFRESH_SECONDS) -> None:
    """Draw a part of the page, again and again as long as the run goes on."""
    st.fragment(part, run_every=every if shown.alive else None)(shown)


def status(shown: ShownRun) -> None:
    """State, progress, figures and buttons; when the state changes, the whole page follows."""
    info = read_run(shown.path)
    if info.state != shown.state:
        kept.runs.clear()
        st.rerun()
    status_head(info, kept.run_log(str(shown.path)).read(), read_facts(shown.path))


def main_charts(shown: ShownRun) -> None:
    """Loss and mean IoU."""
    records, view = kept.run_log(str(shown.path)).read(), shown.view
    left, right = st.columns(2, gap="medium")
    with left:
        if len(records.steps):
            chart("live-loss", "Loss by step", charts.loss_figure, records, view)
        else:
            nothing_yet("The loss appears here after the first step.")
    with right:
        if records.validations:
            chart("live-miou", "Mean IoU of every head at each validation", charts.miou_figure, records, view)
        else:
            nothing_yet("Mean IoU appears here after the first validation.")


def previews(shown: ShownRun) -> None:
    """The pictures of every validation, with a slider in the browser."""
    records = kept.run_log(str(shown.path)).read()
    classes, colours = classes_of(shown.path)
    if not preview_player(shown.path, records.validations, colours, key="live-previews"):
        nothing_yet("Previews appear here after the first validation.", height=120)


def more_charts(shown: ShownRun) -> None:
    """IoU of every class, learning rate, summed loss, gradient, speed, waiting, load."""
    records, view = kept.run_log(str(shown.path)).read(), shown.view
    if records.validations and records.heads:
        _classes(shown, records)
    if not len(records.steps):
        return
    small = [
        ("live-rate", "Learning rate by step", charts.rate_figure),
        ("live-sum", "Loss by step, summed", charts.summed_loss_figure),
        ("live-gradient", "Gradient norm by step", charts.gradient_figure),
        ("live-speed", "Images a second by step", charts.speed_figure),
        ("live-waiting", "Share of time waiting for data by step", charts.waiting_figure),
    ]
    if any(validation.load for validation in records.validations):
        small.append(("live-load", "Device load", charts.load_figure))
        small.append(("live-memory", "Memory in use", charts.memory_figure))
    with st.grid(columns="auto", min_column_width=300, gap="medium"):
        for key, about, draw in small:
            chart(key, about, draw, records, view)


def _classes(shown: ShownRun, records: Records) -> None:
    """The heat map of the classes, of the finest head."""
    head, (classes, colours) = records.heads[-1], classes_of(shown.path)
    classes = classes or tuple(records.validations[-1].heads.get(head, {}).get("iou") or ())
    colours = colours or ((128, 128, 128),) * len(classes)
    st.markdown(f"**IoU of each class** :small[{head} at every validation; empty where a class does not occur]")
    about = "IoU of every class at each validation"
    chart("live-classes", about, charts.class_figure, records, shown.view, head, tuple(classes), tuple(colours))


def log(shown: ShownRun) -> None:
    """The last lines of the log; of a run that broke off they stand at the top already."""
    if shown.state in ("crashed", "failed"):
        return
    tail = RunFolder(shown.path).log_tail(10)
    st.markdown("**Log** :small[its last lines]")
    st.code(tail or "Nothing yet.", language=None, wrap_lines=True)


def chart(key: str, about: str, draw: Callable[..., go.Figure], records: Records, view: View, *more: Any) -> None:
    """A figure that keeps what was zoomed into while its data grow. draw: a function of app/runs/charts.py."""
    browser_figures.figure(kept.run_figure(draw, records, view, *more), key=key, alt=about)


def nothing_yet(sentence: str, *, height: int = 280) -> None:
    """The place of a chart that has no data yet, of the chart's height so that nothing jumps when it comes."""
    with st.container(height=height, border=True, horizontal_alignment="center", vertical_alignment="center"):
        st.caption(sentence, width="content")


def classes_of(path: Path) -> tuple[tuple[str, ...], tuple[Colour, ...]]:
    """Names and colours of the classes of a run; empty as long as they are not known."""
    labels = read_facts(path).labels
    return (labels.classes, labels.colours(safe=session.setting("safe"))) if labels else ((), ())


def choose(infos: list[RunInfo]) -> RunInfo:
    """The run of the address, else the newest that goes on, else the newest."""
    wanted = session.setting("run")
    found = next((info for info in infos if info.id == wanted), None)
    if wanted and found is None:
        session.add_notice(f"There is no run `{wanted}` (any more); another one is shown.")
    return found or next((info for info in infos if info.living), infos[0])
