"""Boundary accuracy over whole data sets, measured beside the pages in threads; what was measured is kept.

No Streamlit here. One set is measured at a time: two would only take each other's cores.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

from fcn_core.analysis.measuring.boundary_job import SetResult
from fcn_core.analysis.measuring.trimap import Trimap

MOST = 40
Measure = Callable[[Callable[[int, int, Trimap], None], Callable[[], bool]], SetResult]


@dataclass
class BoundaryJob:
    """One measurement. `result` stays None while it goes on and after a failure, which `problem` then tells."""

    title: str
    done: int = 0
    total: int = 0
    result: SetResult | None = None
    problem: str = ""
    ended: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def running(self) -> bool:
        return not self.ended.is_set()

    def cancel(self) -> None:
        """End it after the picture in work; what was counted until then stays."""
        self.stopping.set()

    def progress(self, done: int, total: int, _: Trimap) -> None:
        self.done, self.total = done, total


class BoundaryJobs:
    """All jobs by key, shared by all visitors; the oldest finished ones are forgotten."""

    def __init__(self) -> None:
        self._jobs: dict[Hashable, BoundaryJob] = {}
        self._guard, self._one_at_a_time = threading.Lock(), threading.Lock()

    def of(self, key: Hashable) -> BoundaryJob | None:
        """The job of these settings, if there is one."""
        return self._jobs.get(key)

    def start(self, key: Hashable, title: str, measure: Measure) -> BoundaryJob:
        """Begin; one that goes on already is returned, one that ended is measured anew."""
        with self._guard:
            known = self._jobs.get(key)
            if known is not None and known.running:
                return known
            job = BoundaryJob(title)
            self._jobs.pop(key, None)
            self._jobs[key] = job
            for old in [k for k, kept in self._jobs.items() if not kept.running][: max(0, len(self._jobs) - MOST)]:
                del self._jobs[old]
        threading.Thread(target=self._work, args=(job, measure), name="boundary job", daemon=True).start()
        return job

    def _work(self, job: BoundaryJob, measure: Measure) -> None:
        try:
            with self._one_at_a_time:
                job.result = measure(job.progress, job.stopping.is_set)
        except (ValueError, OSError, MemoryError, RuntimeError) as problem:
            job.problem = str(problem) or "There was not enough memory for this picture set."
        finally:
            job.ended.set()
