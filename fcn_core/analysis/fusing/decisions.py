"""Which stream decided at which pixel, and what every step from fc7 to the label map changed.

A head adds its streams from coarse to fine. The label map of a partial sum (fc7; fc7 + pool4; fc7 + pool4 + pool3) is
its arg-max after the head's own upsamplings: what the head would say if the finer skips were zero. That of fc7 alone is
not the 32s head, which enlarges the same scores in one step instead of three.

The stream that tipped a pixel to its final class is the last one whose addition changed the pixel's arg-max; fc7, where
no addition changed it. So a pixel that pool4 turned and pool3 turned back was decided by pool3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from fcn_core.analysis.fusing.fusion import Fusion
from fcn_core.labels import VOID


@dataclass(frozen=True)
class Flips:
    """What the addition of one stream changed, in pixels.

    The last three need ground truth and count its pixels that are not void: `repaired` were wrong before and right
    after, `broken` the reverse, `still_wrong` went from one wrong class to another. None without truth.
    """

    stream: str
    pixels: int
    repaired: int | None = None
    broken: int | None = None
    still_wrong: int | None = None


@dataclass(frozen=True)
class Change:
    """Pixels that went from class `before` to class `after`, as a share of the picture (0-1)."""

    before: int
    after: int
    share: float


@dataclass(frozen=True)
class Decisions:
    """Who decided, for one head of one picture.

    streams    those that the head adds, coarsest first
    labels     partial sum -> its label map, H×W uint8, in the order of `streams`; the last one is the head's
    decided    H×W uint8: index into `streams` of the one that tipped the pixel to its final class
    """

    head: int
    streams: tuple[str, ...]
    labels: tuple[np.ndarray, ...]
    decided: np.ndarray

    @property
    def shares(self) -> dict[str, float]:
        """Stream -> share of the pixels that it decided, 0-1."""
        counts = np.bincount(self.decided.ravel(), minlength=len(self.streams))
        return {stream: float(n / self.decided.size) for stream, n in zip(self.streams, counts, strict=True)}

    def flipped(self, stream: str) -> np.ndarray:
        """H×W bool: pixels whose arg-max the addition of `stream` changed. ValueError for fc7, the first one."""
        place = self._place(stream)
        return self.labels[place] != self.labels[place - 1]

    def flips(self, stream: str, truth: np.ndarray | None = None) -> Flips:
        """Pixels that a skip flipped, and whether that was right. truth: H×W uint8, 255 is not judged."""
        place, changed = self._place(stream), self.flipped(stream)
        if truth is None:
            return Flips(stream, int(changed.sum()))
        judged = changed & (truth != VOID)
        right_before, right_after = self.labels[place - 1] == truth, self.labels[place] == truth
        return Flips(
            stream,
            int(changed.sum()),
            repaired=int((judged & right_after).sum()),
            broken=int((judged & right_before).sum()),
            still_wrong=int((judged & ~right_after & ~right_before).sum()),
        )

    def verdict(self, stream: str, truth: np.ndarray) -> np.ndarray:
        """H×W uint8: 0 not flipped, 1 repaired, 2 broken, 3 from wrong to wrong, 4 flipped where truth is void."""
        place, changed = self._place(stream), self.flipped(stream)
        kinds = np.where(self.labels[place] == truth, 1, np.where(self.labels[place - 1] == truth, 2, 3))
        return np.where(changed, np.where(truth == VOID, 4, kinds), 0).astype(np.uint8)

    def changes(self, stream: str) -> tuple[Change, ...]:
        """From which class to which the addition of `stream` moved pixels, the largest first."""
        place = self._place(stream)
        before, after = self.labels[place - 1], self.labels[place]
        changed = before != after
        pairs = before[changed].astype(np.int64) * 256 + after[changed]
        values, counts = np.unique(pairs, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return tuple(Change(int(values[i] // 256), int(values[i] % 256), float(counts[i] / before.size)) for i in order)

    def _place(self, stream: str) -> int:
        if stream not in self.streams[1:]:
            added = ", ".join(self.streams[1:]) or "none"
            raise ValueError(f"{stream} is not added in head {self.head}s; the skips that are: {added}")
        return self.streams.index(stream)


def decisions(fusion: Fusion, head: int) -> Decisions:
    """Follow the partial sums of a head through every pixel."""
    shares = list(fusion.shares_of_grid(head).values())
    sums = [sum(shares[1 : i + 1], shares[0]) for i in range(len(shares) - 1)]
    # The whole sum as the network itself computed it, so that its label map is the head's to the last pixel.
    labels = tuple(fusion.labels_of(head, grid) for grid in (*sums, fusion.own(head)))
    return Decisions(head, fusion.streams(head), labels, who_decided(labels))


def who_decided(labels: Sequence[np.ndarray]) -> np.ndarray:
    """H×W uint8: index of the last label map that differs from the one before it, pixel by pixel; 0 where none does."""
    decided = np.zeros(labels[0].shape, np.uint8)
    for place in range(1, len(labels)):
        decided[labels[place] != labels[place - 1]] = place
    return decided
