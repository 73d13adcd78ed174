"""What the layers read, along one axis: convolutions, poolings, crops, paddings, upsamplings."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from fcn_core.analysis.fields.reach import NOWHERE, Edge, Taps


def window(size: int, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> Taps:
    """A convolution or pooling: cell o reads o·stride - padding + dilation·t for t < kernel. size: its output's."""
    offsets = dilation * np.arange(kernel) - padding
    return Taps(lambda o: o[:, None] * stride + offsets, size, (1, stride))


def transposed_window(size: int, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> Taps:
    """A transposed convolution: input cell i writes to i·stride - padding + dilation·t; read backwards."""
    offsets = padding - dilation * np.arange(kernel)

    def read(o: np.ndarray) -> np.ndarray:
        cell, rest = np.divmod(o[:, None] + offsets, stride)
        return np.where(rest == 0, cell, NOWHERE)

    return Taps(read, size, (stride, 1))


def crop(size: int, start: int, step: int = 1) -> Taps:
    """Every `step`-th cell from `start` on; a negative start pads with zeros."""
    return Taps(lambda o: o[:, None] * step + start, size, (1, step))


def padding(size: int, before: int, edge: Edge) -> Taps:
    """`before` more cells at the start."""
    return Taps(lambda o: o[:, None] - before, size, (1, 1), edge)


def adaptive_window(cells: int, size: int) -> Taps:
    """Adaptive pooling from `cells` to `size`: cell o reads ⌊o·cells/size⌋ up to ⌈(o+1)·cells/size⌉."""
    widest = -(-cells // size) + 1

    def read(o: np.ndarray) -> np.ndarray:
        start, stop = o * cells // size, -(-(o + 1) * cells // size)
        taps = start[:, None] + np.arange(widest)
        return np.where(taps < stop[:, None], taps, NOWHERE)

    return Taps(read, size, (size, cells))


def interpolation(size: int, ratio: Fraction, *, taps: int, align_corners: bool = False) -> Taps:
    """Nearest (1 tap), linear (2) or cubic (4) interpolation; `ratio` input cells for each output cell.

    Half-pixel centres, or with `align_corners` cell 0 on cell 0. A cell whose weight is zero is not read.
    """
    p, q = ratio.numerator, ratio.denominator

    def read(o: np.ndarray) -> np.ndarray:
        if taps == 1:
            return (o * p // q)[:, None]
        # position (2o + 1)·p / 2q - 1/2 in whole numbers, or o·p / q
        over, under = (o * p, q) if align_corners else ((2 * o + 1) * p - q, 2 * q)
        cell, rest = np.divmod(over, under)
        cells = cell[:, None] + np.arange(taps) - (taps // 2 - 1)
        return np.where((rest == 0)[:, None] & (cells != cell[:, None]), NOWHERE, cells)

    return Taps(read, size, (q, p), "clamp")


def shuffle(size: int, factor: int) -> Taps:
    """Pixel shuffle: channels become `factor` cells."""
    return Taps(lambda o: (o // factor)[:, None], size, (factor, 1))
