"""Crops that are wrong on purpose: what a shift by some pixels does to the label map and its measures.

Everything follows from the kept score maps of a picture; the trunk is not run again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fcn_core.analysis.fusing.enlarged_labels import enlarged_labels
from fcn_core.analysis.fusing.fusion import Fusion
from fcn_core.metrics import ConfusionMatrix
from fcn_core.models.spec import SKIPS, skips_of
from fcn_core.progress import Progress
from fcn_core.segmenting.scores import classify

Crop = str  # "final", or the layer of a skip
MOST = 16


def crops_of(head: int) -> tuple[Crop, ...]:
    """The crops that a head has: the last one, and one for each skip."""
    return ("final", *(skip.layer for skip in skips_of(head)))


@dataclass(frozen=True)
class Slip:
    """Measures of a label map whose crop is off by `shift`. band: mean IoU of the pixels near true boundaries."""

    shift: int
    pa: float
    miou: float
    band: float


def shifted_labels(fusion: Fusion, head: int, crop: Crop, shift: int) -> np.ndarray:
    """H×W uint8 label map of a head with one crop `shift` cells too far (negative: too little).

    crop: "final" cuts the enlarged map, in pixels of the photo: the labels move up and left by `shift`. "pool4",
    "pool3", … cut the score map of a skip, in its cells of 16, 8, … pixels: that skip's scores move, the others
    stay. Cells beyond a map count as zero. ValueError where the head has no such crop.
    """
    if crop not in crops_of(head):
        raise ValueError(f"head {head}s has no skip from {crop}; its crops are {', '.join(crops_of(head))}")
    if crop == "final":
        return _slid(fusion, head, shift)
    return fusion.labels_of(head, _fused(fusion, head, crop, shift))


def _slid(fusion: Fusion, head: int, shift: int) -> np.ndarray:
    last, grid = fusion.enlargement(f"upscore{head}"), fusion.own(head)
    if last.weight is None:
        return enlarged_labels(grid.numpy(), replace(last.placement, shift=last.placement.shift - shift), fusion.size)
    logits = last(grid, start=(shift - last.placement.shift,) * 2, size=fusion.size)
    return classify(logits)[0].numpy()


def _fused(fusion: Fusion, head: int, crop: Crop, shift: int) -> Tensor:
    """The head's map with one skip moved: its own, plus what the move changes, enlarged where the head does so."""
    skip = fusion.maps[f"score_{crop}"]
    change = moved(skip, shift) - skip
    behind = [skip for skip in skips_of(head) if skip.stride < next(s.stride for s in SKIPS if s.layer == crop)]
    for later in behind:
        up, target = fusion.enlargement(later.enlarges), fusion.maps[later.score]
        change = up(change, start=(up.start, up.start), size=(target.shape[-2], target.shape[-1]))
    return fusion.own(head) + change


def moved(grid: Tensor, shift: int) -> Tensor:
    """K×h×w: the map from cell `shift` on in both axes, at its old size; zero beyond."""
    rows, columns = grid.shape[-2:]
    if abs(shift) >= min(rows, columns):
        return torch.zeros_like(grid)
    before, after = max(-shift, 0), max(shift, 0)
    kept = grid[..., after : rows - before, after : columns - before]
    return F.pad(kept, (before, after, before, after))


def slip(labels: np.ndarray, truth: np.ndarray, near: np.ndarray, num_classes: int, shift: int) -> Slip:
    """Measure one label map. labels, truth: H×W uint8; near: H×W bool, the pixels near a true boundary."""
    whole, band = ConfusionMatrix(num_classes), ConfusionMatrix(num_classes)
    whole.update(truth, labels)
    band.update(truth[near], labels[near])
    scores = whole.scores()
    return Slip(shift, scores.pa, scores.miou, band.scores().miou)


def slips(
    fusion: Fusion,
    head: int,
    crop: Crop,
    truth: np.ndarray,
    near: np.ndarray,
    *,
    shifts: Sequence[int] = range(-MOST, MOST + 1),
    progress: Progress | None = None,
) -> tuple[Slip, ...]:
    """The measures over shifts. truth: H×W uint8 with 255 for void; near: H×W bool. progress(done, total)."""
    found = []
    for done, shift in enumerate(shifts, 1):
        found.append(slip(shifted_labels(fusion, head, crop, shift), truth, near, fusion.num_classes, shift))
        if progress is not None:
            progress(done, len(shifts))
    return tuple(found)
