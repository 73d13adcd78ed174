"""One set of pictures, three mean IoUs: over all pixels at once, a picture at a time, a batch at a time.

Global: the counts of all pictures in one confusion matrix, then the mean over the classes. This is the measure of the
paper (Long et al., CVPR 2015, section 5) and of the PASCAL VOC benchmark. Per picture and per batch: the mean IoU of
every picture's (batch's) own matrix, then the mean of those. IoU is a ratio, so the three differ; and a class that a
batch lacks has no IoU there, so that something must be decided about it (`Absent`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

Absent = Literal["out", "zero", "one"]
SHARES = (5.0, 95.0)


@dataclass(frozen=True)
class Spread:
    """Mean over batches of `size` pictures: in the given order, and its mean, 5th and 95th percentile over orders."""

    size: int
    in_order: float
    mean: float
    low: float
    high: float


def mean_iou(counts: np.ndarray, absent: Absent = "out") -> np.ndarray:
    """Mean IoU, 0-1, of confusion matrices …×K×K (rows truth, columns prediction).

    absent: a class that is in neither truth nor prediction is left out of the mean, or counts 0, or counts 1.
    A matrix without any count is nan where absent classes are left out.
    """
    if counts.ndim < 2 or counts.shape[-1] != counts.shape[-2]:
        raise ValueError(f"expected confusion matrices …×K×K, got shape {counts.shape}")
    right = np.diagonal(counts, axis1=-2, axis2=-1).astype(np.float64)
    union = counts.sum(-1) + counts.sum(-2) - right
    there = union > 0
    iou = np.divide(right, union, out=np.full(right.shape, 1.0 if absent == "one" else 0.0), where=there)
    if absent != "out":
        return iou.mean(-1)
    classes = there.sum(-1)
    return np.divide(iou.sum(-1), classes, out=np.full(classes.shape, np.nan), where=classes > 0)


def batches(counts: np.ndarray, size: int) -> np.ndarray:
    """Matrices of consecutive batches: N×K×K -> ceil(N / size)×K×K; the last batch may be smaller."""
    if not 1 <= size:
        raise ValueError(f"expected batches of at least 1 picture, got {size}")
    return np.add.reduceat(counts, np.arange(0, len(counts), size), axis=0)


def batch_mean(counts: np.ndarray, size: int, absent: Absent = "out") -> float:
    """Mean of the batches' mean IoUs, as a loop over a data loader would report it. counts: N×K×K."""
    return float(np.nanmean(mean_iou(batches(counts, size), absent)))


def spreads(counts: np.ndarray, absent: Absent = "out", *, orders: int = 200, seed: int = 0) -> list[Spread]:
    """For every batch size from 1 to N: how the mean over batches depends on size and on the pictures' order."""
    rng = np.random.default_rng(seed)
    shuffled = [counts[rng.permutation(len(counts))] for _ in range(orders)]
    found = []
    for size in range(1, len(counts) + 1):
        values = [batch_mean(order, size, absent) for order in shuffled]
        low, high = np.percentile(values, SHARES)
        found.append(Spread(size, batch_mean(counts, size, absent), float(np.mean(values)), float(low), float(high)))
    return found


def absent_classes(counts: Sequence[np.ndarray]) -> list[int]:
    """How many classes of each matrix (K×K) are in neither truth nor prediction."""
    return [int((one.sum(0) + one.sum(1) == 0).sum()) for one in counts]
