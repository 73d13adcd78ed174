"""Confusion matrix and the four measures of the paper (Long et al. 2015, section 5).

With n_ij the number of pixels of class i that were predicted as class j, and t_i = sum_j n_ij:

    pixel accuracy           PA    = sum_i n_ii / sum_i t_i
    mean pixel accuracy      MPA   = mean_i n_ii / t_i
    mean IoU                 mIoU  = mean_i n_ii / (t_i + sum_j n_ji - n_ii)
    frequency-weighted IoU   FWIoU = sum_i t_i IoU_i / sum_k t_k

One matrix collects a whole data set; measures of single images are never averaged. A class that neither
the truth nor the prediction contains has no IoU (nan) and is left out of the means.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from fcn_core.labels import VOID


class Measure(NamedTuple):
    """How a measure is called: in tables, and written out."""

    short: str
    title: str


MEASURES: dict[str, Measure] = {
    "pa": Measure("PA", "Pixel accuracy"),
    "mpa": Measure("MPA", "Mean pixel accuracy"),
    "miou": Measure("mIoU", "Mean IoU"),
    "fwiou": Measure("FWIoU", "Frequency-weighted IoU"),
}
"""The fields of `Scores` that sum up all classes; every table of scores, on pages and in files, has these columns."""


@dataclass(frozen=True)
class Scores:
    """Measures of one confusion matrix, all 0-1; nan where there was nothing to measure.

    `iou[i]` and `accuracy[i]` belong to class i: `accuracy` is nan for a class without truth pixels, `iou` for a
    class that neither truth nor prediction contains.
    """

    pa: float
    mpa: float
    miou: float
    fwiou: float
    iou: tuple[float, ...]
    accuracy: tuple[float, ...]

    def as_dict(self, classes: Sequence[str]) -> dict[str, Any]:
        """For JSON: the `MEASURES` by name and "iou": {class: value}, with None instead of nan."""
        if len(classes) != len(self.iou):
            raise ValueError(f"these scores have {len(self.iou)} classes, but {len(classes)} names were given")

        def plain(value: float) -> float | None:
            return None if math.isnan(value) else float(value)

        return {
            **{name: plain(getattr(self, name)) for name in MEASURES},
            "iou": {name: plain(value) for name, value in zip(classes, self.iou, strict=True)},
        }


class ConfusionMatrix:
    """Counts of (true class, predicted class) over any number of label maps; void truth is left out.

    `counts` is K×K int64: rows are the truth, columns the prediction. `truth_only` leaves a class without truth pixels
    out of the mean IoU even where it was predicted: SIFT Flow's test set lacks three of its classes, and the paper
    (CVPR 2015, section 5) excludes them.
    """

    def __init__(self, num_classes: int, *, truth_only: bool = False) -> None:
        if not 1 <= num_classes <= VOID:
            raise ValueError(f"num_classes must be 1 to {VOID} (index {VOID} is void), got {num_classes}")
        self.num_classes, self.truth_only = num_classes, truth_only
        self.counts = np.zeros((num_classes, num_classes), dtype=np.int64)

    def update(self, truth: Any, prediction: Any) -> None:
        """Add label maps (numpy arrays or tensors of one shape, integer class indices).

        Pixels whose truth is 255 (void) are left out. ValueError for different shapes, for values that are not
        integers, and for indices outside 0 … K-1.
        """
        true = _as_indices(truth, "truth")
        predicted = _as_indices(prediction, "prediction")
        if true.shape != predicted.shape:
            raise ValueError(
                f"truth has shape {true.shape} and prediction {predicted.shape}; "
                "they must be label maps of the same size"
            )
        counted = true != VOID
        true, predicted = true[counted], predicted[counted]
        if true.size == 0:
            return
        self._check(true, "truth", f", or {VOID} for void")
        self._check(predicted, "prediction", "")
        pairs = true.astype(np.int64) * self.num_classes + predicted
        self.counts += np.bincount(pairs, minlength=self.num_classes**2).reshape(self.counts.shape)

    def _check(self, indices: np.ndarray, what: str, besides: str) -> None:
        low, high = int(indices.min()), int(indices.max())
        if low < 0 or high >= self.num_classes:
            wrong = low if low < 0 else high
            raise ValueError(
                f"{what} contains class index {wrong}; expected 0 to {self.num_classes - 1}{besides}. "
                "Is this label map made for another set of classes?"
            )

    def merge(self, other: ConfusionMatrix) -> None:
        """Add the counts of another matrix (another process, another part of the data set)."""
        if other.num_classes != self.num_classes:
            raise ValueError(
                f"cannot add a confusion matrix of {other.num_classes} classes to one of {self.num_classes}"
            )
        self.counts += other.counts

    def scores(self) -> Scores:
        """All measures of the counts so far."""
        counts = self.counts.astype(np.float64)
        right, true, predicted = np.diag(counts), counts.sum(axis=1), counts.sum(axis=0)
        with np.errstate(divide="ignore", invalid="ignore"):
            accuracy = right / true  # nan where a class has no truth pixels
            iou = right / (true + predicted - right)
        total = true.sum()
        if total == 0:
            nan = float("nan")
            nothing = (nan,) * self.num_classes
            return Scores(**dict.fromkeys(MEASURES, nan), iou=nothing, accuracy=nothing)
        present = true > 0
        if self.truth_only:
            iou = np.where(present, iou, np.nan)
        return Scores(
            pa=float(right.sum() / total),
            mpa=float(accuracy[present].mean()),
            miou=float(np.nanmean(iou)),
            fwiou=float((true[present] * iou[present]).sum() / total),
            iou=tuple(float(v) for v in iou),
            accuracy=tuple(float(v) for v in accuracy),
        )


def _as_indices(labels: Any, what: str) -> np.ndarray:
    """A label map as a numpy integer array; tensors come from any device."""
    if hasattr(labels, "detach"):  # a tensor, without importing torch here
        labels = labels.detach().cpu().numpy()
    array = np.asarray(labels)
    if array.dtype == bool or not np.issubdtype(array.dtype, np.integer):
        raise ValueError(f"{what} must hold integer class indices, got dtype {array.dtype}")
    return array
