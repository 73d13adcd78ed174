"""Accuracy near the boundaries: mean IoU within a band of k pixels (a trimap), and on thin against large classes.

The band. Every pixel p of the ground truth has a distance d(p): the Euclidean distance, in pixels, from its centre to
the nearest pixel centre that carries another label. Pixels next to a boundary have d = 1, on both of its sides. The
band of k holds the pixels with d <= k. Void counts as another label, so that the void outlines of PASCAL VOC are
boundaries too; void pixels themselves are never counted, and the picture's edge is no boundary. IoU within a band comes
from the confusion matrix of its pixels alone.

Counting errors in a band of growing width is due to Kohli, Ladicky and Torr, Robust higher order potentials for
enforcing label consistency (IJCV 2009), and Krähenbühl and Koltun, Efficient inference in fully connected CRFs (NIPS
2011), who count misclassified pixels; mean IoU within the band is used since Chen et al. (ICLR 2015, DeepLab).

Thin and large. The thickness of a class is 4 · mean(d) - 2 over its pixels: a long strip of w pixels, in which d runs
1, 2, … w/2, … 2, 1, has mean(d) = (w/2 + 1) / 2 and so thickness w. A class is thin below `THIN` pixels: it fits
between the centres of two cells of the stride-32 map, on which FCN-32s decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch

from fcn_core.labels import VOID
from fcn_core.metrics import ConfusionMatrix, Scores

BANDS = (1, 2, 3, 5, 8, 12, 16, 24, 32, 48)
THIN = 32.0
NOWHERE = np.float32(np.inf)


@dataclass(frozen=True)
class BandPoint:
    """One head within one band. k: half width in pixels, None for the whole picture. miou of all, of thin and of large
    classes, 0-1, nan where no class of the kind was there; pixels: how many were counted."""

    head: int
    k: int | None
    miou: float
    thin: float
    large: float
    pa: float
    pixels: int


class Trimap:
    """Confusion matrices of bands around the true boundaries, for several heads, over any number of pictures."""

    def __init__(self, num_classes: int, heads: Sequence[int], *, bands: Sequence[int] = BANDS) -> None:
        """bands: half widths in pixels, each at least 1."""
        if not heads:
            raise ValueError("expected at least one head")
        if not bands or min(bands) < 1:
            raise ValueError(f"expected band widths of at least 1 pixel, got {list(bands)}")
        ConfusionMatrix(num_classes)  # its check of the number of classes
        self.num_classes, self.heads, self.bands = num_classes, tuple(heads), tuple(sorted(set(bands)))
        self.pictures = 0
        # Ring i holds the pixels farther than band i - 1 and within band i; the last ring the rest of the picture.
        shape = (len(self.bands) + 1, num_classes, num_classes)
        self._rings = {head: np.zeros(shape, np.int64) for head in self.heads}
        self._distance = np.zeros(num_classes)
        self._pixels = np.zeros(num_classes, np.int64)

    def update(self, truth: np.ndarray, predictions: Mapping[int, np.ndarray]) -> None:
        """Add a picture: its truth, H×W uint8 with 255 for void, and each head's label map of the same size."""
        if missing := set(self.heads) - set(predictions):
            raise ValueError(f"expected a label map of each head {self.heads}, {sorted(missing)} are missing")
        distance = boundary_distance(truth)
        counted = truth != VOID
        true = truth[counted].astype(np.int64)
        if true.size and true.max() >= self.num_classes:
            raise ValueError(f"truth contains class index {true.max()}; expected 0 to {self.num_classes - 1}, or void")
        far = distance[counted]
        ring = np.searchsorted(np.asarray(self.bands, np.float32), far, side="left")
        for head in self.heads:
            if predictions[head].shape != truth.shape:
                raise ValueError(f"truth has shape {truth.shape}, head {head}s {predictions[head].shape}")
            said = predictions[head][counted]
            if said.size and said.max() >= self.num_classes:
                raise ValueError(f"head {head}s says class {said.max()}; expected 0 to {self.num_classes - 1}")
            pairs = (ring * self.num_classes + true) * self.num_classes + said
            size = self._rings[head].size
            self._rings[head] += np.bincount(pairs, minlength=size).reshape(self._rings[head].shape)
        # A picture of one class has no boundary: its own sides then bound what is known of its thickness.
        known = np.where(np.isfinite(far), far, min(truth.shape) / 2)
        self._distance += np.bincount(true, weights=known, minlength=self.num_classes)
        self._pixels += np.bincount(true, minlength=self.num_classes)
        self.pictures += 1

    def matrix(self, head: int, k: int | None = None) -> ConfusionMatrix:
        """Confusion matrix of a head within the band of k, or over whole pictures."""
        if k is not None and k not in self.bands:
            raise ValueError(f"no band of {k} pixels was counted; the bands are {self.bands}")
        found = ConfusionMatrix(self.num_classes)
        upto = len(self.bands) + 1 if k is None else self.bands.index(k) + 1
        found.counts += self._rings[head][:upto].sum(0)
        return found

    @property
    def thickness(self) -> tuple[float, ...]:
        """Thickness of every class in the truth, in pixels; nan for a class without truth pixels."""
        with np.errstate(divide="ignore", invalid="ignore"):
            return tuple(float(t) for t in 4 * self._distance / self._pixels - 2)

    def thin_classes(self, below: float = THIN) -> tuple[int, ...]:
        """Classes of the truth that are thinner than `below` pixels."""
        return tuple(i for i, t in enumerate(self.thickness) if t < below)

    def large_classes(self, below: float = THIN) -> tuple[int, ...]:
        """Classes of the truth that are not thin."""
        return tuple(i for i, t in enumerate(self.thickness) if t >= below)

    def points(self, *, thin_below: float = THIN) -> list[BandPoint]:
        """Every head in every band, narrowest first, and over whole pictures."""
        thin, large = self.thin_classes(thin_below), self.large_classes(thin_below)
        found = []
        for head in self.heads:
            for k in (*self.bands, None):
                matrix = self.matrix(head, k)
                scores = matrix.scores()
                split = (_mean(scores, thin), _mean(scores, large))
                found.append(BandPoint(head, k, scores.miou, *split, scores.pa, int(matrix.counts.sum())))
        return found


def boundary_distance(truth: np.ndarray) -> np.ndarray:
    """H×W float32: distance in pixels from every pixel to the nearest one with another label; inf where there is none.

    truth: H×W uint8. Void is a label here like any other.
    """
    if truth.ndim != 2 or truth.dtype != np.uint8:
        raise ValueError(f"expected a label map H×W of uint8, got shape {truth.shape} of {truth.dtype}")
    distance = np.full(truth.shape, NOWHERE, np.float32)
    present = np.flatnonzero(np.bincount(truth.ravel(), minlength=256))
    if len(present) < 2:
        return distance
    for label in present:
        mine = (truth == label).astype(np.uint8)
        # The nearest other pixel is never farther than one beyond the box around the label: the rest need not be read.
        x, y, width, height = cv2.boundingRect(mine)
        box = np.s_[max(y - 1, 0) : y + height + 1, max(x - 1, 0) : x + width + 1]
        own = cv2.distanceTransform(mine[box], cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        np.copyto(distance[box], own, where=mine[box] > 0)
    return distance


def searched_distance(truth: np.ndarray, x: int, y: int) -> float:
    """The same distance of one pixel of truth, H×W, by looking at every other pixel (PyTorch); for checks."""
    labels = torch.tensor(truth)
    other = (labels != labels[y, x]).nonzero().double()
    if not len(other):
        return math.inf
    return float(torch.cdist(torch.tensor([[y, x]], dtype=torch.float64), other).min())


def band(truth: np.ndarray, k: int) -> np.ndarray:
    """H×W bool: the pixels within k of a boundary that are counted, that is, not void."""
    return (boundary_distance(truth) <= k) & (truth != VOID)


def _mean(scores: Scores, classes: Sequence[int]) -> float:
    values = [scores.iou[i] for i in classes if not math.isnan(scores.iou[i])]
    return sum(values) / len(values) if values else math.nan
