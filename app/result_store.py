"""A bounded store of finished segmentations, shared by all visitors.

Streamlit's caches count entries; a result takes 20 MB or 1 GB depending on the photo, so this one
counts bytes. What several visitors ask for at once is computed once.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable

import psutil

from fcn_core.result import SegmentationResult
from fcn_core.scores import FullScores


class ResultStore:
    """Results by key; the least recently used go first when `most_bytes` are exceeded. The newest always stays."""

    def __init__(self, most_bytes: int) -> None:
        self.most_bytes = most_bytes
        self._kept: OrderedDict[Hashable, SegmentationResult] = OrderedDict()
        self._busy: dict[Hashable, threading.Lock] = {}
        self._door = threading.Lock()

    def peek(self, key: Hashable) -> SegmentationResult | None:
        """The result if it is here."""
        with self._door:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def get(self, key: Hashable, compute: Callable[[], SegmentationResult]) -> SegmentationResult:
        """The result of `key`, computed if it is not here. An error of `compute` is raised and not kept."""
        if (found := self.peek(key)) is not None:
            return found
        with self._door:
            turn = self._busy.setdefault(key, threading.Lock())
        with turn:
            if (found := self.peek(key)) is not None:
                return found
            try:
                result = compute()
                with self._door:
                    self._kept[key] = result
                    while len(self._kept) > 1 and self.bytes() > self.most_bytes:
                        self._kept.popitem(last=False)
                return result
            finally:
                with self._door:
                    self._busy.pop(key, None)

    def bytes(self) -> int:
        """Estimated memory of everything kept."""
        return sum(result_bytes(result) for result in self._kept.values())


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


def usual_bound() -> int:
    """A quarter of this machine's memory, at most 3 GiB."""
    return min(3 * 2**30, psutil.virtual_memory().total // 4)
