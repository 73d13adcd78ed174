"""What a lab computes beside its page: from the store if anyone has asked before, else watched as it comes."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from app.labs.shared import kept
from app.parts.jobs import Jobs
from app.parts.waiting import wait_for
from fcn_core.progress import Progress


def waited(key: Hashable, compute: Callable[[Progress], Any], text: str, *, store: Jobs | None = None) -> Any:
    """The kept answer, or that of `compute`, which is given a progress callback; None after a failure was shown."""
    return wait_for((store or kept.lab_answers()).ask(key, lambda job: compute(job.progress)), text)
