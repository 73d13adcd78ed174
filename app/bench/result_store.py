"""A bounded store of finished segmentations and other long computations, shared by all visitors.

Streamlit's caches count entries; a result takes 20 MB or 1 GB depending on the photo, so this one
counts bytes. What several visitors ask for at once is computed once. It is computed in a thread of its
own, because Streamlit breaks a page's run off at the next click, and a large photo would begin anew.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import psutil

from fcn_core.progress import Progress
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import FullScores


class Job:
    """A computation on its way: `done` of `total` steps; when `finished` is set, `answer` returns what came out."""

    def __init__(self, result: Any = None) -> None:
        self.finished = threading.Event()
        self.done, self.total = 0, 1
        self.result = result
        self.error: Exception | None = None
        if result is not None:
            self.finished.set()

    def progress(self, done: int, total: int) -> None:
        self.done, self.total = done, total

    def answer(self) -> Any:
        """Wait for the result; raises what went wrong."""
        self.finished.wait()
        if self.error is not None:
            raise self.error
        assert self.result is not None
        return self.result


class ResultStore:
    """Results by key; the least recently used go first when `most_bytes` are exceeded. The newest always stays.

    measure: bytes that a result takes.
    """

    def __init__(self, most_bytes: int, measure: Callable[[Any], int] | None = None) -> None:
        self.most_bytes = most_bytes
        self._measure = measure or result_bytes
        self._kept: OrderedDict[Hashable, Any] = OrderedDict()
        self._busy: dict[Hashable, Job] = {}
        self._door = threading.Lock()

    def job(self, key: Hashable, compute: Callable[[Progress], Any]) -> Job:
        """The job of `key`: finished, already running, or started now. Errors of `compute` are not kept."""
        with self._door:
            if key in self._kept:
                self._kept.move_to_end(key)
                return Job(self._kept[key])
            if key not in self._busy:
                self._busy[key] = Job()
                threading.Thread(target=self._run, args=(key, self._busy[key], compute), daemon=True).start()
            return self._busy[key]

    def _run(self, key: Hashable, job: Job, compute: Callable[[Progress], Any]) -> None:
        try:
            job.result = compute(job.progress)
        except Exception as problem:  # handed to whoever waits
            job.error = problem
        with self._door:
            del self._busy[key]
            if job.result is not None:
                self._kept[key] = job.result
                while len(self._kept) > 1 and sum(map(self._measure, self._kept.values())) > self.most_bytes:
                    self._kept.popitem(last=False)
        job.finished.set()

    def find(self, key: Hashable) -> Any:
        """The result of `key` if it is kept; this starts nothing."""
        with self._door:
            return self._kept.get(key)

    def __contains__(self, key: object) -> bool:
        return key in self._kept


def result_bytes(result: SegmentationResult) -> int:
    """Memory of a result when everything that it can be asked for has been asked for."""
    height, width = result.image.shape[:2]
    total = result.image.nbytes + sum(array.nbytes for array in result.maps.values())
    for scores in result.scores.values():
        if isinstance(scores, FullScores):
            # logits, probabilities of the same size once asked for, label map and three float32 planes
            total += 2 * scores.logits.nbytes + 13 * height * width
        else:
            total += scores.grid.nbytes + 5 * height * width
    return total


def array_bytes(result: Any) -> int:
    """Memory of the arrays in the fields of a result."""
    return sum(value.nbytes for value in vars(result).values() if isinstance(value, np.ndarray))


def usual_bound() -> int:
    """A quarter of this machine's memory, at most 3 GiB."""
    return min(3 * 2**30, psutil.virtual_memory().total // 4)
