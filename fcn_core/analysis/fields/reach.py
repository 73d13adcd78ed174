"""How far the cells of a map see, along one axis of the picture: exact, for every cell.

A layer is a rule (`Taps`) that says which cells of its input an output cell reads. Composing rules gives
for every cell the first and the last pixel that it can depend on. Two readings are kept side by side:

nominal  the map thought of as endless, as in the textbook formula (size, stride, first centre): the box of
         a border cell then reaches into the padding
reached  only what exists: cells of padding hold no picture, so they carry nothing on

Rules repeat themselves (a convolution of stride 2 reads two cells further on at each step), so a nominal
reach is one period of numbers and a shift. Convolutions and poolings have period 1; upsampling by f has
period f, because its pixels read one or two coarse cells depending on where they lie.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from math import gcd, lcm
from typing import Literal

import numpy as np

FAR = 2**40  # first pixel of a cell that reads nothing; its last pixel is -FAR
NOWHERE = -(2**50)  # a tap that falls on no cell at all


Edge = Literal["zero", "clamp", "reflect", "wrap"]


class NotAnalysable(ValueError):
    """What a network does there cannot be followed back to the picture."""


@dataclass(frozen=True)
class Taps:
    """Which input cells the output cells of one axis read.

    read     cells (n,) int64 -> n×t int64 input cells; NOWHERE fills up rows of fewer taps
    size     number of output cells
    period   (out, in): moving on by `out` cells moves what is read by `in` cells
    edge     what stands beyond the input's ends: "zero" carries no picture, "clamp" repeats the last
             cell, "reflect" mirrors, "wrap" goes on at the other end
    """

    read: Callable[[np.ndarray], np.ndarray]
    size: int
    period: tuple[int, int] = (1, 1)
    edge: Edge = "zero"


@dataclass(frozen=True, eq=False)
class Reach:
    """First and last pixel of every cell of one axis.

    low, high      nominal, one period of cells, int64, both included
    shift          pixels that the period moves on by
    first, last    reached, one entry for each existing cell, within the picture; (FAR, -FAR) for none
    extent         pixels of the picture along this axis
    whole          every cell depends on all of the axis, in a way no box describes (global pooling, …)
    """

    low: np.ndarray
    high: np.ndarray
    shift: int
    first: np.ndarray
    last: np.ndarray
    extent: int
    whole: bool = False

    @staticmethod
    def picture(extent: int) -> Reach:
        """The picture itself: every pixel sees itself."""
        cells = np.arange(extent)
        return Reach(np.zeros(1, np.int64), np.zeros(1, np.int64), 1, cells, cells, extent)

    @staticmethod
    def everything(cells: int, extent: int) -> Reach:
        """Cells that all depend on the whole axis."""
        start, end = np.zeros(cells, np.int64), np.full(cells, extent - 1)
        return Reach(start[:1], end[:1], 0, start, end, extent, whole=True)

    @staticmethod
    def nothing(cells: int, extent: int) -> Reach:
        """Cells that hold constants."""
        none = np.full(cells, FAR)
        return Reach(none[:1], -none[:1], 1, none, -none, extent)

    @property
    def cells(self) -> int:
        return len(self.first)

    @property
    def period(self) -> int:
        return len(self.low)

    @property
    def is_constant(self) -> bool:
        return bool((self.low > self.high).all())

    @cached_property
    def size(self) -> int:
        """Pixels of the largest cell's box."""
        return max(int((self.high - self.low).max()) + 1, 0)

    @property
    def stride(self) -> Fraction:
        """Pixels from one cell to the next."""
        return Fraction(self.shift, self.period)

    @cached_property
    def first_centre(self) -> Fraction:
        """Pixel (counted from 0) under the centre of cell 0's box; for maps of several phases their mean."""
        reading = [i for i in range(self.period) if self.low[i] <= self.high[i]]
        centres = [Fraction(int(self.low[i] + self.high[i]), 2) - self.stride * i for i in reading]
        return sum(centres, Fraction(0)) / len(centres) if centres else Fraction(0)

    @cached_property
    def padding(self) -> int:
        """Pixels that cell 0's box reaches beyond the start of the picture; negative if it starts inside."""
        return -int(self.low[0])

    def nominal(self, cells: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First and last pixel of any cells, also of such that do not exist; same shape."""
        turns, phase = np.divmod(cells, self.period)
        nowhere = (cells == NOWHERE) | (self.low[phase] > self.high[phase])
        low = np.where(nowhere, FAR, self.low[phase] + self.shift * turns)
        return low, np.where(nowhere, -FAR, self.high[phase] + self.shift * turns)

    def reached(self, cells: np.ndarray, edge: Edge) -> tuple[np.ndarray, np.ndarray]:
        """First and last pixel that cells really depend on; cells beyond the ends as `edge` says."""
        nowhere = cells == NOWHERE
        if edge == "reflect" and self.cells > 1:
            turn = 2 * (self.cells - 1)
            cells = np.abs((cells + self.cells - 1) % turn - (self.cells - 1))
        elif edge == "wrap":
            cells = cells % self.cells
        elif edge != "zero":
            cells = cells.clip(0, self.cells - 1)
        nowhere = nowhere | (cells < 0) | (cells >= self.cells)
        inside = np.where(nowhere, 0, cells)
        return np.where(nowhere, FAR, self.first[inside]), np.where(nowhere, -FAR, self.last[inside])

    def through(self, taps: Taps) -> Reach:
        """The reach of a layer's output."""
        if self.whole:
            return Reach.everything(taps.size, self.extent)
        out, moved = taps.period
        turns = self.period // gcd(self.period, moved)
        low, high = self.nominal(taps.read(np.arange(out * turns)))
        first, last = self.reached(taps.read(np.arange(taps.size)), taps.edge)
        shift = self.shift * (turns * moved // self.period)
        return Reach(low.min(1), high.max(1), shift, first.min(1), last.max(1), self.extent)._shortest()

    def _shortest(self) -> Reach:
        """The same with the shortest period."""
        for period in range(1, self.period):
            if self.period % period or self.shift * period % self.period:
                continue
            step = self.shift * period // self.period
            short = Reach(self.low[:period], self.high[:period], step, self.first, self.last, self.extent)
            low, high = short.nominal(np.arange(self.period))
            if np.array_equal(low, self.low) and np.array_equal(high, self.high):
                return short
        return self


def join(reaches: Sequence[Reach]) -> Reach:
    """What a cell sees that adds up or stacks the same cell of several maps; NotAnalysable if their strides differ."""
    if any(r.whole for r in reaches):
        return Reach.everything(reaches[0].cells, reaches[0].extent)
    seeing = [r for r in reaches if not r.is_constant] or list(reaches[:1])
    if len({r.stride for r in seeing}) > 1:
        strides = " and ".join(f"{r.stride}" for r in seeing)
        raise NotAnalysable(f"it joins maps of the strides {strides}: their cells drift apart")
    if len(seeing) == 1:
        return seeing[0]
    period = lcm(*(r.period for r in seeing))
    ends = [r.nominal(np.arange(period)) for r in seeing]
    low, high = np.min([low for low, _ in ends], 0), np.max([high for _, high in ends], 0)
    first, last = np.min([r.first for r in seeing], 0), np.max([r.last for r in seeing], 0)
    shift = int(seeing[0].stride * period)
    return Reach(low, high, shift, first, last, seeing[0].extent)._shortest()
