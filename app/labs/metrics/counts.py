"""Everything that is counted of one prediction: confusion matrix, the paper's measures, boundary IoU."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fcn_core.analysis.measuring.boundary_iou import BoundaryIoU, boundary_iou
from fcn_core.metrics import ConfusionMatrix, Scores


@dataclass(frozen=True)
class CountedPixels:
    """matrix: K×K, rows truth, columns prediction; void left out. d: width of the boundary bands, pixels."""

    matrix: np.ndarray
    scores: Scores
    boundary: BoundaryIoU
    d: int

    @property
    def hit(self) -> np.ndarray:
        """Rightly predicted pixels of every class, n_ii."""
        return np.diag(self.matrix)

    @property
    def true(self) -> np.ndarray:
        """True pixels of every class, t_i."""
        return self.matrix.sum(1)

    @property
    def said(self) -> np.ndarray:
        """Predicted pixels of every class."""
        return self.matrix.sum(0)

    @property
    def present(self) -> list[int]:
        """Classes that truth or prediction contains."""
        return np.flatnonzero(self.true + self.said).tolist()


def count(truth: np.ndarray, prediction: np.ndarray, num_classes: int, d: int) -> CountedPixels:
    """Count two label maps H×W of one size; d: width of the boundary bands, pixels."""
    matrix = ConfusionMatrix(num_classes)
    matrix.update(truth, prediction)
    return CountedPixels(matrix.counts, matrix.scores(), boundary_iou(truth, prediction, num_classes, d), d)
