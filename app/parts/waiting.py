"""Waiting for a job on a page: quick answers without a flicker, slow ones with progress, failures as a sentence."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

import streamlit as st

from app.parts.jobs import NO_MEMORY, Job, Jobs

QUIET = 0.4  # seconds without a progress bar, so that a quick answer does not make the page jump
BEAT = 0.2
LOOK = 0.7  # seconds between two looks at a job beside the page


def wait_for(job: Job, text: str, *, step: str = "") -> Any:
    """The job's answer; None after a failure that was shown. While it counts, the bar says "`step` 3 of 8"."""
    try:
        if not job.finished.wait(QUIET):
            bar = st.progress(0.0, text=text)
            while not job.finished.wait(BEAT):
                bar.progress(share(job), text=f"{step or text} {job.done} of {job.total}" if job.total > 1 else text)
            bar.empty()
        return job.answer()
    except (ValueError, MemoryError) as problem:
        show_failure(problem)
        return None


def show_failure(problem: Exception) -> None:
    """What went wrong, in one sentence."""
    st.error(str(problem) or NO_MEMORY, icon=":material/error:")


@st.fragment(run_every=LOOK)
def watch(jobs: Jobs, key: Hashable, draw: Callable[[Job], None]) -> None:
    """Draw a job beside the page again and again; when it has ended, the whole page once more."""
    job = jobs.of(key)
    if job is None or not job.running:
        st.rerun(scope="app")
    draw(job)


def share(job: Job) -> float:
    """How much of a job is done, 0 to 1."""
    return min(job.done / max(1, job.total), 1.0)
