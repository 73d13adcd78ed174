"""What the views of the Heatmaps page share: a temperature that steps evenly to the eye, and waiting for a job."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st

from app.bench.result_store import ResultStore
from app.bench.run_segmenter import BEAT, QUIET
from app.labs.shared import kept as labs_kept
from app.visitor import session, widgets
from fcn_core.progress import Progress

LOWEST, HIGHEST = -20, 20


def temperature_of(step: int) -> float:
    """The temperature of a setting from -20 (T = 0.1) over 0 (T = 1) to 20 (T = 10)."""
    return 10 ** (step / 20)


def temperature() -> float:
    """The temperature slider."""
    widgets.slide_steps(
        "h_temp",
        "Temperature",
        {step: f"T = {temperature_of(step):.2f}" for step in range(LOWEST, HIGHEST + 1)},
        help="softmax(z / T): below 1 the winner takes all, above 1 the classes come closer together",
    )
    return temperature_of(session.setting("h_temp"))


def waited(
    key: Hashable,
    compute: Callable[[Progress], Any],
    text: str,
    *,
    store: ResultStore | None = None,
) -> Any:
    """The kept answer, or that of a computation in its own thread, with progress; None after a failure was shown."""
    job = (store or labs_kept.lab_answers()).job(key, compute)
    try:
        if not job.finished.wait(QUIET):
            bar = st.progress(0.0, text=text)
            while not job.finished.wait(BEAT):
                steps = f" {job.done} of {job.total}" if job.total > 1 else ""
                bar.progress(min(job.done / max(job.total, 1), 1.0), text=f"{text}{steps}")
            bar.empty()
        return job.answer()
    except (ValueError, MemoryError) as problem:
        sentence = str(problem) or "There is not enough memory for this; choose a smaller picture."
        st.error(sentence, icon=":material/error:")
        return None
