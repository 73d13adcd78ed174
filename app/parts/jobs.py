"""Long computations beside the pages, shared by all visitors: computed once, kept, bounded. No Streamlit here.

Each runs in a thread of its own, because Streamlit breaks a page's run off at the next click, and a large photo would
begin anew.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from contextlib import nullcontext
from typing import Any

NO_MEMORY = "There is not enough memory for this; choose a smaller picture or fewer of them."


class Job:
    """A computation on its way: `done` of `total` steps (0 while that is not known); then it has an answer or an error.

    A computation that can be ended early looks at `stopping` between its steps and returns what it has.
    """

    def __init__(self, title: str = "") -> None:
        self.title = title
        self.done, self.total = 0, 0
        self.finished, self.stopping = threading.Event(), threading.Event()
        self.result: Any = None
        self.error: Exception | None = None
        self._began = time.monotonic()

    @property
    def running(self) -> bool:
        """Whether it goes on, or waits for its turn."""
        return not self.finished.is_set()

    @property
    def seconds(self) -> float:
        """How long ago it was begun."""
        return time.monotonic() - self._began

    @property
    def problem(self) -> str:
        """What went wrong, in one sentence; empty while nothing has."""
        return "" if self.error is None else str(self.error) or NO_MEMORY

    def progress(self, done: int, total: int, *_: object) -> None:
        """To be called by the computation: `done` of `total` steps."""
        self.done, self.total = done, total

    def cancel(self) -> None:
        """End it after the step in work; what was computed until then stays."""
        self.stopping.set()

    def answer(self) -> Any:
        """Wait for the result; raises what went wrong."""
        self.finished.wait()
        if self.error is not None:
            raise self.error
        return self.result


Compute = Callable[[Job], Any]


class Jobs:
    """Jobs by key. The least recently used finished ones go first; the newest always stays.

    most: how much is kept, in what `size` says of a result: by default every job counts 1. one_at_a_time: further jobs
    wait for their turn, where two would only take each other's cores.
    """

    def __init__(self, most: float, *, size: Callable[[Any], float] | None = None, one_at_a_time: bool = False) -> None:
        self.most = most
        self._size = size or (lambda result: 1)
        self._kept: OrderedDict[Hashable, Job] = OrderedDict()
        self._door = threading.Lock()
        self._turn = threading.Lock() if one_at_a_time else nullcontext()

    def of(self, key: Hashable) -> Job | None:
        """The job of this key, if there is one; this starts nothing."""
        with self._door:
            return self._kept.get(key)

    def answered(self, key: Hashable) -> Any:
        """The result of this key if it is there already, else None; this starts nothing."""
        job = self.of(key)
        return None if job is None or job.running else job.result

    def ask(self, key: Hashable, compute: Compute) -> Job:
        """The job of this key: finished, already running, or started now. A failure is told to those who wait for it
        and not kept."""
        return self._begin(key, compute, Job(), lambda known: known.error is None, keep_failure=False)

    def start(self, key: Hashable, compute: Compute, *, title: str = "") -> Job:
        """Begin it beside the page, also where it has an answer already; one that goes on is returned. A failure is
        kept, since nobody waits for it."""
        return self._begin(key, compute, Job(title), lambda known: known.running, keep_failure=True)

    def _begin(
        self, key: Hashable, compute: Compute, job: Job, will_do: Callable[[Job], bool], *, keep_failure: bool
    ) -> Job:
        with self._door:
            known = self._kept.get(key)
            if known is not None and will_do(known):
                self._kept.move_to_end(key)
                return known
            self._kept[key] = job
            self._kept.move_to_end(key)
        threading.Thread(target=self._run, args=(key, job, compute, keep_failure), name="job", daemon=True).start()
        return job

    def _run(self, key: Hashable, job: Job, compute: Compute, keep_failure: bool) -> None:
        try:
            with self._turn:
                job.result = compute(job)
        except Exception as problem:  # told to whoever asks
            job.error = problem
        with self._door:
            job.finished.set()
            self._kept.move_to_end(key)
            if job.error is not None and not keep_failure:
                del self._kept[key]
            self._forget()

    def _forget(self) -> None:
        """Drop the least recently used finished jobs until the rest fits."""
        ended = {key: job for key, job in self._kept.items() if not job.running}
        sizes = {key: 1 if job.error else self._size(job.result) for key, job in ended.items()}
        for key in list(sizes)[:-1]:
            if sum(sizes.values()) <= self.most:
                break
            del self._kept[key], sizes[key]
