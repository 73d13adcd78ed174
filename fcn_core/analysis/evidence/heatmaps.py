"""Heatmaps as scores (CVPR 2015, sections 3.1 and 4.1): what a head says of a class, at its cells and at every pixel.

A head computes logits on a coarse grid (one cell for every 32, 16 or 8 pixels) and upsamples those. A heatmap is the
softmax of the upsampled logits, divided by a temperature first if one likes: softmax(z / T). All of it comes from
maps that a pass has kept, so that class, head and temperature can change without another pass.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fcn_core.models.network import Network
from fcn_core.ops.bilinear import bilinear_kernel
from fcn_core.ops.conv_arithmetic import CoordinateMap, Upsampling
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import GRID, GridScores


@dataclass(frozen=True)
class CoarseGrid:
    """A head's logits as it computed them, K×h×w float32, and where the cells lie: rows and columns on the photo.

    The centre of cell (i, j) lies at pixel row `rows(i)` and column `columns(j)`, and a cell is as large as the step
    from one to the next. kept: whether this is the network's own map; of a photo that was cut into tiles only the
    logits at the centres of 8×8 pixels are kept, which for a coarser head are interpolated already.
    """

    logits: np.ndarray
    rows: CoordinateMap
    columns: CoordinateMap
    kept: bool = True

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of all cells on the photo, in pixels; 0 is the left edge of the first pixel."""
        left, right = _edges(self.columns, self.logits.shape[2])
        top, bottom = _edges(self.rows, self.logits.shape[1])
        return left, top, right, bottom


def every_nth(grid: CoarseGrid, most: int) -> tuple[CoarseGrid, int]:
    """(every n-th row and column of cells, n), with the smallest n that leaves at most `most` numbers."""
    step = max(1, math.ceil(math.sqrt(grid.logits.size / most)))
    rows, columns = (CoordinateMap(axis.scale * step, axis.offset) for axis in (grid.rows, grid.columns))
    return CoarseGrid(grid.logits[:, ::step, ::step], rows, columns, grid.kept), step


def coarse_grid(result: SegmentationResult, head: int, model: Network) -> CoarseGrid:
    """The grid of one head from the maps that the pass has kept. model: the network; it is asked where cells lie.

    ValueError if the result lacks the map.
    """
    scores = result.scores[head]
    if isinstance(scores, GridScores):
        step = CoordinateMap(Fraction(GRID), Fraction(GRID - 1, 2))
        return CoarseGrid(scores.grid, step, step, kept=False)
    if head == 1:
        return CoarseGrid(scores.logits.astype(np.float32), CoordinateMap(), CoordinateMap())
    name = model.coarse_map(head)
    if name not in result.maps:
        raise ValueError(f"this result keeps no map {name}; segment the photo again with head {head}s")
    logits = result.maps[name]
    if placement := model.final_upsampling(head):
        step = CoordinateMap(Fraction(placement.factor), Fraction(placement.kernel - 1, 2) + placement.shift)
        return CoarseGrid(logits, step, step)
    height, width = result.image.shape[:2]
    rows, columns = (
        CoordinateMap(Fraction(n, cells), Fraction(n, 2 * cells) - Fraction(1, 2))
        for n, cells in ((height, logits.shape[1]), (width, logits.shape[2]))
    )
    return CoarseGrid(logits, rows, columns)


def temperature_softmax(logits: np.ndarray, temperature: float = 1.0) -> np.ndarray:
    """softmax(z / T) over the first axis: K×… float32, sums to 1. The largest logit is taken off first, so that no
    exponential overflows. T below 1 sharpens, T above 1 flattens; which class wins stays the same.
    """
    powers = _powers(logits, temperature)
    return powers / powers.sum(0)


def class_heatmap(logits: np.ndarray, index: int, temperature: float = 1.0) -> np.ndarray:
    """One class of `temperature_softmax`, without making the others: K×… logits -> … float32, 0-1."""
    powers = _powers(logits, temperature)
    return powers[index] / powers.sum(0)


def _powers(logits: np.ndarray, temperature: float) -> np.ndarray:
    if not temperature > 0:
        raise ValueError(f"expected a temperature above 0, got {temperature}")
    scaled = np.asarray(logits, np.float32) / np.float32(temperature)
    return np.exp(scaled - scaled.max(0))


def full_logits(result: SegmentationResult, head: int, *, most_side: int) -> np.ndarray:
    """Logits at (at most) every pixel, K×h×w float32: every n-th row and column, so that no side exceeds `most_side`.

    Of a photo in tiles the stride-8 grid, which is all that is kept of it.
    """
    scores = result.scores[head]
    planes = scores.grid if isinstance(scores, GridScores) else scores.logits
    step = -(-max(planes.shape[1:]) // most_side)
    return np.ascontiguousarray(planes[:, ::step, ::step], np.float32)


def pixel_logits(result: SegmentationResult, head: int, x: int, y: int) -> np.ndarray:
    """Logits of all classes at column x, row y: K float32. Of a photo in tiles those of the pixel's 8×8 cell."""
    scores = result.scores[head]
    if isinstance(scores, GridScores):
        return scores.grid[:, y // GRID, x // GRID]
    return scores.logits[:, y, x].astype(np.float32)


@dataclass(frozen=True)
class UpsamplingCheck:
    """Largest differences, in logits, between a head's map and PyTorch's upsampling of its coarse grid.

    everywhere  against the transposed convolution with the bilinear kernel (None where the upsampling was learned)
    inside      against F.interpolate, for pixels at least half a cell away from the rim of the grid; beyond it the
                transposed convolution meets zeros where F.interpolate repeats the last cell. None where no pixel is
    rim         the same for the other pixels, to be looked at, not to be small; None where there are none
    """

    everywhere: float | None
    inside: float | None
    rim: float | None


def check_upsampling(result: SegmentationResult, head: int, model: Network, index: int) -> UpsamplingCheck:
    """Upsample one class of the coarse grid in PyTorch's ways and compare with what the network said."""
    scores = result.scores[head]
    if isinstance(scores, GridScores):
        raise ValueError("the logits of every pixel are not kept for a photo in tiles; use a smaller photo")
    grid = coarse_grid(result, head, model)
    ours = torch.from_numpy(scores.logits[index].astype(np.float32))
    coarse = torch.from_numpy(grid.logits[index])[None, None]
    placement = model.final_upsampling(head)
    if placement is None:
        theirs = F.interpolate(coarse, size=ours.shape, mode="bilinear", align_corners=False)[0, 0]
        return UpsamplingCheck(None, float((theirs - ours).abs().max()), None)
    if model.learned_upsampling(head):
        return UpsamplingCheck(None, None, None)
    kernel = bilinear_kernel(placement.kernel)[None, None]
    everywhere = _crop(F.conv_transpose2d(coarse, kernel, stride=placement.factor), -placement.shift, ours.shape)
    inside, rim = _against_interpolation(coarse, ours, grid, placement)
    return UpsamplingCheck(float((everywhere - ours).abs().max()), inside, rim)


def _against_interpolation(
    coarse: Tensor, ours: Tensor, grid: CoarseGrid, placement: Upsampling
) -> tuple[float | None, float | None]:
    """Largest difference from F.interpolate (inside, at the rim); (None, None) for odd kernels, which it lacks."""
    if placement.kernel % 2:
        return None, None
    fine = F.interpolate(coarse, scale_factor=float(placement.factor), mode="bilinear", align_corners=False)
    left, top, _, _ = grid.extent  # pixel (0, 0) of `fine` lies here; both are whole numbers for even kernels
    pad = [max(int(left), 0), 0, max(int(top), 0), 0]
    fine = F.pad(fine, pad)[..., max(-int(top), 0) :, max(-int(left), 0) :]
    height, width = (min(a, b) for a, b in zip(ours.shape, fine.shape[-2:], strict=True))
    difference = (fine[0, 0, :height, :width] - ours[:height, :width]).abs()
    rows = _within(grid.rows, grid.logits.shape[1], height)
    columns = _within(grid.columns, grid.logits.shape[2], width)
    inner = rows[:, None] & columns[None, :]
    inside = float(difference[inner].max()) if inner.any() else None
    return inside, float(difference[~inner].max()) if (~inner).any() else None


def _within(step: CoordinateMap, cells: int, pixels: int) -> Tensor:
    """Which pixels lie between the centres of the first and the last cell."""
    at = torch.arange(pixels, dtype=torch.float64)
    return (at >= float(step(0))) & (at <= float(step(cells - 1)))


def _crop(full: Tensor, start: int, size: tuple[int, ...]) -> Tensor:
    """Rows and columns from `start` on, zeros where the map does not reach. full: 1×1×h×w."""
    full = F.pad(full, [max(-start, 0), 0, max(-start, 0), 0])[..., max(start, 0) :, max(start, 0) :]
    short = [max(n - m, 0) for n, m in zip(size, full.shape[-2:], strict=True)]
    return F.pad(full, [0, short[1], 0, short[0]])[0, 0, : size[0], : size[1]]


def _edges(step: CoordinateMap, cells: int) -> tuple[float, float]:
    half = step.scale / 2
    return float(step(0) - half + Fraction(1, 2)), float(step(cells - 1) + half + Fraction(1, 2))
