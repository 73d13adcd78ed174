"""The head of the Live page: how a run stands, in words and figures, and what can be done with it."""

from __future__ import annotations

from html import escape
from math import isnan

import numpy as np
import streamlit as st

from app.parts.words import duration, percent
from app.runs import actions
from app.runs.words import size, state_words
from app.visitor.widgets import plain
from fcn_core.metrics import MEASURES
from fcn_core.training.places.run_info import RunInfo
from fcn_core.training.run_folder.facts import RunFacts
from fcn_core.training.run_folder.run_log import Measurement, Records

RECENT_STEPS = 50


def status_head(info: RunInfo, records: Records, facts: RunFacts) -> None:
    """State, progress, figures, what happened, and the buttons that fit the state."""
    words = state_words(info.state)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.badge(info.state, icon=words.icon, color=words.colour)  # type: ignore[arg-type]
        st.markdown(plain(_sentence(info)), width="stretch")
        actions.control_buttons(info, place="live")
        if not info.living:
            actions.use_button(info, place="live", primary=info.state == "finished")
    st.progress(min(1.0, max(0.0, info.fraction or 0.0)), text=_progress(info, facts))
    if info.problem:
        st.warning(f"Damaged files of this run: {plain(info.problem)}.", icon=":material/warning:")
    if info.state in ("crashed", "failed"):
        _what_happened(info)
    _figures(info, records, facts)
    if records.test is not None and records.test.heads:
        _test_table(records.test)


def _sentence(info: RunInfo) -> str:
    if info.state == "queued" and info.waiting_for:
        return f"Waits for {info.waiting_for}."
    if info.state in ("crashed", "failed"):
        return state_words(info.state).meaning
    return info.message or state_words(info.state).meaning


def _progress(info: RunInfo, facts: RunFacts) -> str:
    total = facts.count("total_steps")
    parts = [f"step {info.step or 0:,}" + (f" of {total:,}" if total else ""), f"epoch {info.epoch or 0:.3g}"]
    parts.append(f"{duration(info.elapsed)} so far" if info.living else f"took {duration(info.elapsed)}")
    if info.living and info.eta:
        parts.append(f"{duration(info.eta)} left")
    return " · ".join(parts)


def _what_happened(info: RunInfo) -> None:
    """Why it ended, as far as it is known, with the end of its log."""
    with st.container(border=True):
        st.markdown(f"**What happened:** {plain(info.message or 'no reason is known')}.".replace("..", "."))
        if info.log_tail:
            st.caption("The last lines of its log")
            st.code(info.log_tail, language=None, wrap_lines=True)


def _figures(info: RunInfo, records: Records, facts: RunFacts) -> None:
    steps = records.steps
    loss, speed, waiting = (
        _mean(values) for values in (steps.per_pixel(), steps.images_per_s, steps.wait_share)
    )  # fmt: skip
    rates = [values[-1] for values in steps.rates.values() if len(values)]
    last = records.validations[-1] if records.validations else None
    now = last.score(last.finest) if last and last.finest else float("nan")
    figures = (
        ("Loss", "–" if isnan(loss) else f"{loss:.3g}", f"Per pixel, mean of the last {RECENT_STEPS} steps"),
        ("mIoU now", percent(now), "Mean IoU of the finest head at the last validation"),
        ("mIoU best", percent(info.best_miou), "Mean IoU of the finest head at the best validation"),
        ("Learning rate", f"{max(rates):.2g}" if rates else "–", "The largest of the groups of weights"),
        ("Images a second", "–" if isnan(speed) else f"{speed:.3g}", f"Mean of the last {RECENT_STEPS} steps"),
        ("Waiting for data", percent(waiting), "Share of a step's time that was spent waiting for pictures"),
        ("Parameters", size(facts.count("parameters")), "Numbers that the network learns"),
        ("Device", str(facts.values.get("device") or info.device or "–"), facts.values.get("device_name")),
    )
    cells = "".join(
        f"<div title='{escape(str(about or ''), quote=True)}'><span>{name}</span><b>{escape(value)}</b></div>"
        for name, value, about in figures
    )
    st.html(f"<div class='fcn-figures'>{cells}</div>")


def _mean(values: np.ndarray) -> float:
    recent = values[-RECENT_STEPS:]
    recent = recent[~np.isnan(recent)]
    return float(recent.mean()) if len(recent) else float("nan")


def _test_table(test: Measurement) -> None:
    lines = ["| test, head | " + " | ".join(measure.short for measure in MEASURES.values()) + " |"]
    lines.append("|---" * (1 + len(MEASURES)) + "|")
    for head in sorted(test.heads, key=lambda name: int(name.removesuffix("s") or 0), reverse=True):
        figures = " | ".join(percent(test.score(head, name)) for name in MEASURES)
        lines.append(f"| {head} | {figures} |")
    st.markdown("\n".join(lines))
