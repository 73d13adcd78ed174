"""Several runs in one picture: loss and mean IoU overlaid, and the settings in which they differ."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from app.parts import browser_figures
from app.parts.colours import swatch
from app.parts.words import percent
from app.runs import kept
from app.runs.charts import DASHES, LINES
from app.runs.compare_charts import NamedRun, compare_losses, compare_miou
from app.runs.settings_compared import differences
from app.runs.view import held_view, view_controls
from app.visitor.widgets import plain
from fcn_core.training.places.run_info import RunInfo


def compare_panel(infos: Sequence[RunInfo]) -> None:
    """Draw the comparison of at least two runs."""
    st.subheader(f"Compare {len(infos)} runs")
    view_controls()
    browser_figures.plotly_library()
    view = held_view(" ".join(info.id for info in infos))
    runs = [
        NamedRun(info.id, kept.run_log(str(info.path)).read(), colour, dash)
        for info, colour, dash in zip(infos, LINES, DASHES, strict=False)
    ]
    with st.container(horizontal=True, gap="medium"):
        for info, run in zip(infos, runs, strict=True):
            st.markdown(f"{_line(run)} {plain(info.id)} :small[{percent(info.best_miou)}]", width="content")
    losses, scores = compare_losses(runs, view).to_json(), compare_miou(runs, view).to_json()
    left, right = st.columns(2, gap="medium")
    with left:
        browser_figures.figure(losses, key="compare-loss", alt="Loss of the chosen runs")
    with right:
        browser_figures.figure(scores, key="compare-miou", alt="Mean IoU of the chosen runs")
    _settings(infos, runs)


def _line(run: NamedRun) -> str:
    """The run's colour as a swatch; a hollow end says that its line is dashed."""
    red, green, blue = (int(run.colour[i : i + 2], 16) for i in (1, 3, 5))
    return swatch((red, green, blue)) + (" ╌" if run.dash == "dash" else "")


def _settings(infos: Sequence[RunInfo], runs: Sequence[NamedRun]) -> None:
    found = differences([info.config for info in infos])
    st.markdown("**Settings that differ** :small[highlighted where a run differs from most]")
    if not found:
        st.caption("None: these runs have the same settings.")
        return
    head = "".join(
        f"<th scope='col'><span class='mark' style='background:{run.colour}'></span>{escape(info.id)}</th>"
        for info, run in zip(infos, runs, strict=True)
    )
    body = "".join(
        f"<tr><th scope='row'>{escape(difference.name)}</th>"
        + "".join(
            f"<td>{'<mark>' if value != difference.usual else ''}{escape(value)}"
            f"{'</mark>' if value != difference.usual else ''}</td>"
            for value in difference.values
        )
        + "</tr>"
        for difference in found
    )
    st.html(f"<div class='fcn-differ'><table><tr><th scope='col'>setting</th>{head}</tr>{body}</table></div>")
