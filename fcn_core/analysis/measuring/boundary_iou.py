"""Boundary IoU: intersection over union of the boundary bands of truth and prediction.

For a class with true pixels G and predicted pixels P, and a band of d pixels (Cheng, Girshick, Dollár, Berg and
Kirillov, Boundary IoU, CVPR 2021, equation 2):

    Boundary IoU = |(G_d ∩ G) ∩ (P_d ∩ P)| / |(G_d ∩ G) ∪ (P_d ∩ P)|

where G_d ∩ G are the pixels of G that lie within d of G's outline, that is G without its erosion. As in the authors'
code, the erosion is d times by a 3×3 square and the picture's edge belongs to the outline. For many classes, the mean
over those that have a band in truth or prediction. Void truth is counted nowhere: it is taken out of the prediction too
before the bands are, so that its edge is an outline of both and a right map scores 1.

Interior pixels drop out, so a large object no longer outweighs its own edge: a shift by a few pixels costs a road as
much of its band as it costs a pole.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from fcn_core.labels import VOID


@dataclass(frozen=True)
class BoundaryIoU:
    """Pixels in both bands and in either band of every class; `d` is the bands' width in pixels."""

    d: int
    both: tuple[int, ...]
    either: tuple[int, ...]

    @property
    def iou(self) -> tuple[float, ...]:
        """0-1 a class, nan where neither truth nor prediction has a band."""
        return tuple(b / e if e else float("nan") for b, e in zip(self.both, self.either, strict=True))

    @property
    def mean(self) -> float:
        """Mean over the classes that have a band; nan if none has."""
        values = [value for value, e in zip(self.iou, self.either, strict=True) if e]
        return sum(values) / len(values) if values else float("nan")


def boundary_iou(truth: np.ndarray, prediction: np.ndarray, num_classes: int, d: int) -> BoundaryIoU:
    """Count the bands. truth, prediction: H×W uint8 of one size; d: at least 1, pixels."""
    _check(truth, prediction, d)
    counted = truth != VOID
    both, either = np.zeros(num_classes, np.int64), np.zeros(num_classes, np.int64)
    for i in range(num_classes):
        true, said = inner_band(truth == i, d), inner_band((prediction == i) & counted, d)
        both[i], either[i] = np.count_nonzero(true & said), np.count_nonzero(true | said)
    return BoundaryIoU(d, tuple(both.tolist()), tuple(either.tolist()))


def inner_band(mask: np.ndarray, d: int) -> np.ndarray:
    """H×W bool: the pixels of `mask` (H×W bool) within d of its outline, by d erosions with a 3×3 square."""
    found = np.zeros(mask.shape, bool)
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    box = np.s_[y : y + height, x : x + width]
    inside = mask[box].astype(np.uint8)
    if inside.size:
        # d erosions with a 3×3 square are one with a square of 2d + 1; beyond the picture nothing is inside.
        square = np.ones((2 * d + 1, 2 * d + 1), np.uint8)
        core = cv2.erode(inside, square, borderType=cv2.BORDER_CONSTANT, borderValue=0)
        found[box] = inside > core
    return found


def torch_boundary_iou(truth: np.ndarray, prediction: np.ndarray, cls: int, d: int) -> float:
    """The same of one class in PyTorch, which counts what lies outside in the square around every pixel; for checks.

    truth, prediction: label maps H×W.
    """
    true, said = (torch.tensor(labels) == cls for labels in (truth, prediction))
    said &= torch.tensor(truth) != VOID
    true, said = true & _outside_near(true, d), said & _outside_near(said, d)
    either = int((true | said).sum())
    return int((true & said).sum()) / either if either else float("nan")


def _outside_near(mask: torch.Tensor, d: int) -> torch.Tensor:
    """H×W bool: whether the square of 2d + 1 around a pixel holds anything outside the mask or beyond the picture."""
    sums = F.pad(~mask, (d + 1, d, d + 1, d), value=True).int().cumsum(0, dtype=torch.int32).cumsum(1)
    side = 2 * d + 1
    return sums[side:, side:] - sums[:-side, side:] - sums[side:, :-side] + sums[:-side, :-side] > 0


def _check(truth: np.ndarray, prediction: np.ndarray, d: int) -> None:
    if truth.shape != prediction.shape or truth.ndim != 2:
        raise ValueError(f"expected two label maps H×W of one size, got {truth.shape} and {prediction.shape}")
    if d < 1:
        raise ValueError(f"expected a band of at least 1 pixel, got {d}")
