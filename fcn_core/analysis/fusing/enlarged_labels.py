"""The label map of a bilinearly enlarged score map, without computing most of the logits.

Between four neighbouring cells every enlarged logit is a mean of the four cells' logits with weights that all classes
share. So a class that is largest at all four is largest at every pixel between them: logits are needed only where the
four disagree: on a street photo about a quarter of the pixels for the 8s head.

Everything here is NumPy on one core: the arrays are small, and on a busy machine two threads would wait for each other.
"""

from __future__ import annotations

import numpy as np
import torch

from fcn_core.ops.bilinear import bilinear_kernel
from fcn_core.ops.conv_arithmetic import Upsampling

BLOCK_VALUES = 2**16  # logits of a class computed at a time: they stay in the processor's cache


def enlarged_labels(grid: np.ndarray, placement: Upsampling, size: tuple[int, int]) -> np.ndarray:
    """H×W uint8: arg-max over the classes of `grid` (K×h×w float) after bilinear upsampling onto an image of `size`.

    The same labels as enlarging all K maps and taking the arg-max, but for pixels where two classes are equal up to
    rounding. Cells beyond the map count as zero.
    """
    f, start = placement.factor, -placement.shift
    height, width = size
    # Pixel j of the uncropped upsampling lies in block j // f, between the cells j // f - 1 and j // f.
    rows, columns = (range(start // f, (start + n - 1) // f + 1) for n in size)
    nodes = _cells(grid, rows, columns)
    agree = _agreed(grid, nodes, rows, columns)
    blocks = np.empty((len(rows), f, len(columns), f), np.uint8)
    blocks[:] = agree.astype(np.uint8)[:, None, :, None]
    weights = _weights(placement).astype(grid.dtype)
    r, c = np.nonzero(agree < 0)
    at_once = max(1, BLOCK_VALUES // (f * f))
    for first in range(0, len(r), at_once):
        some = np.s_[first : first + at_once]
        blocks[r[some], :, c[some], :] = _mixed(nodes, r[some], c[some], weights).reshape(-1, f, f)
    whole = blocks.reshape(len(rows) * f, len(columns) * f)
    top, left = start - rows[0] * f, start - columns[0] * f
    return np.ascontiguousarray(whole[top : top + height, left : left + width])


def _mixed(nodes: np.ndarray, r: np.ndarray, c: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """M×f² labels of the M blocks in rows r and columns c, by a running maximum; the lower index wins a tie."""
    corners = np.stack([nodes[:, r, c], nodes[:, r, c + 1], nodes[:, r + 1, c], nodes[:, r + 1, c + 1]], -1)
    best = corners[0] @ weights
    label = np.zeros(best.shape, np.uint8)
    for index in range(1, len(corners)):
        logits = corners[index] @ weights
        label[logits > best] = index
        np.maximum(best, logits, out=best)
    return label


def _cells(grid: np.ndarray, rows: range, columns: range) -> np.ndarray:
    """The cells around the blocks: from one before the first block to the last; zero beyond the map."""
    h, w = grid.shape[1:]
    inside = grid[:, max(rows[0] - 1, 0) : rows[-1] + 1, max(columns[0] - 1, 0) : columns[-1] + 1]
    pad = [
        (max(1 - first, 0), max(last - (n - 1), 0))
        for first, last, n in ((rows[0], rows[-1], h), (columns[0], columns[-1], w))
    ]
    return np.pad(inside, ((0, 0), *pad))


def _agreed(grid: np.ndarray, nodes: np.ndarray, rows: range, columns: range) -> np.ndarray:
    """Rows × columns of blocks: the class that wins at all four cells around a block, -1 where they differ.

    Blocks that reach beyond the map count as differing: a pixel there may get no weight from any cell.
    """
    labels = nodes.argmax(0).astype(np.int16)
    h, w = grid.shape[1:]
    labels[[not 0 <= r < h for r in range(rows[0] - 1, rows[-1] + 1)]] = -1
    labels[:, [not 0 <= c < w for c in range(columns[0] - 1, columns[-1] + 1)]] = -1
    corner = labels[:-1, :-1]
    same = (labels[1:, :-1] == corner) & (labels[:-1, 1:] == corner) & (labels[1:, 1:] == corner)
    return np.where(same, corner, -1)


def _weights(placement: Upsampling) -> np.ndarray:
    """4×f²: how the four cells around a block (upper left, upper right, lower left, lower right) mix at its pixels."""
    f = placement.factor
    after = np.sqrt(
        bilinear_kernel(placement.kernel, dtype=torch.float64).numpy().diagonal()[:f]
    )  # of the cell after the block
    line = np.stack([1 - after, after])
    return (line[:, None, :, None] * line[None, :, None, :]).reshape(4, f * f)
