"""What the disturbed label map looks like: its colours, its errors, the pixels of one cell."""

from __future__ import annotations

import numpy as np

from app.labs.metrics.bench import Measured
from app.parts.pictures import Shown, encode
from fcn_core import draw
from fcn_core.labels import VOID

PAPER = 236  # grey behind label maps that come without a photo


def labels_picture(found: Measured, labels: np.ndarray, opacity: float) -> Shown:
    """The class colours, over the photo where there is one."""
    if found.image is None:
        return encode(draw.colourise(labels, found.colours, void=draw.void_colour(found.labels)))
    return encode(draw.overlay(found.image, labels, found.colours, opacity, found.case.hidden), photo=True)


def errors_picture(found: Measured, labels: np.ndarray) -> Shown:
    """Right, wrong and void pixels."""
    return encode(draw.error_map(found.truth, labels))


def cell_picture(found: Measured, labels: np.ndarray, cell: tuple[int, int]) -> Shown:
    """The pixels with this (true class, predicted class) in one colour, the rest of the photo faded."""
    mine = (found.truth == cell[0]) & (labels == cell[1]) & (found.truth != VOID)
    behind = found.image if found.image is not None else np.full((*labels.shape, 3), PAPER, np.uint8)
    faded = draw.threshold_map(behind, np.zeros(labels.shape, np.float32), 1.0, fade=0.6)
    return encode(np.where(mine[:, :, None], np.array(draw.WRONG, np.uint8), faded))
