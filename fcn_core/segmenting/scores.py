"""What one head says about every pixel: its label, and how sure it is.

`FullScores` keeps the logits of every pixel and answers everything from them. `GridScores` is for
photos too large for that: it keeps the label map, confidence and entropy at full size, and the
logits on the stride-8 grid, which is as fine as the finest head's own score map.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

GRID = 8
ROWS_AT_ONCE = 256


def classify(logits: Tensor) -> tuple[Tensor, Tensor]:
    """(label map H×W uint8, largest logit H×W) of K×H×W logits; the lower index wins a tie, as in argmax.

    A running maximum over contiguous planes: six times faster than argmax over the class axis.
    """
    best, label = logits[0].clone(), torch.zeros(logits.shape[1:], dtype=torch.uint8, device=logits.device)
    for index in range(1, logits.shape[0]):
        label.masked_fill_(logits[index] > best, index)
        torch.maximum(best, logits[index], out=best)
    return label, best


def log_partition(logits: Tensor, largest: Tensor) -> Tensor:
    """log of the sum over classes of exp(logit), H×W: what softmax divides by."""
    return largest + (logits - largest).exp_().sum(0).log_()


def normalised_entropy(logits: Tensor, partition: Tensor) -> Tensor:
    """Entropy of the softmax over classes divided by log K: 0 is certain, 1 is every class alike. H×W."""
    if logits.shape[0] == 1:
        return torch.zeros_like(partition)
    log_p = logits - partition
    return (-(log_p.exp() * log_p).sum(0) / float(np.log(logits.shape[0]))).clamp_(0.0, 1.0)


@dataclass(frozen=True)
class FullScores:
    """One head's logits, K×H×W float32 (or float16 on larger photos), and the label map H×W uint8 found from them."""

    label_map: np.ndarray
    logits: np.ndarray

    @classmethod
    def from_logits(cls, logits: Tensor, *, half: bool = False) -> FullScores:
        """From K×H×W float logits on any device; `half` keeps them in float16, after the labels are found."""
        planes = logits.to(device="cpu", dtype=torch.float32).contiguous()
        label, _ = classify(planes)
        return cls(label.numpy(), (planes.half() if half else planes).numpy())

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Softmax over the classes, K×H×W in the logits' dtype; computed when first asked for."""
        return (self._tensor - self._partition).exp_().to(torch.from_numpy(self.logits).dtype).numpy()

    @cached_property
    def confidence(self) -> np.ndarray:
        """Probability of the most likely class, H×W float32."""
        return (self._tensor.amax(0) - self._partition).exp_().numpy()

    @cached_property
    def entropy(self) -> np.ndarray:
        """Entropy over log K, H×W float32, 0 (certain) to 1 (every class alike)."""
        return normalised_entropy(self._tensor, self._partition).numpy()

    def heatmap(self, index: int) -> np.ndarray:
        """Probability of class `index`, H×W float32."""
        return (torch.from_numpy(self.logits[index]).float() - self._partition).exp_().numpy()

    def at(self, x: int, y: int) -> np.ndarray:
        """Probabilities of all classes at column x, row y: K float32, sum 1."""
        return torch.from_numpy(self.logits[:, y, x].astype(np.float32)).softmax(0).numpy()

    @property
    def _tensor(self) -> Tensor:
        return torch.from_numpy(self.logits).float()

    @cached_property
    def _partition(self) -> Tensor:
        tensor = self._tensor
        return log_partition(tensor, tensor.amax(0))


@dataclass(frozen=True)
class GridScores:
    """One head on a photo that was cut into tiles.

    label_map H×W uint8, confidence and entropy H×W float16 are those of every pixel. `grid` is
    K×⌈H/8⌉×⌈W/8⌉ float32: the logits at the centres of 8×8 blocks. Heatmaps and single pixels are
    read off the grid by bilinear interpolation, close to but not exactly what the network said there.
    """

    label_map: np.ndarray
    confidence: np.ndarray
    entropy: np.ndarray
    grid: np.ndarray

    @classmethod
    def empty(cls, classes: int, height: int, width: int) -> GridScores:
        """All zero, to be filled block by block with `put`."""
        shape = (height, width)
        grid = np.zeros((classes, -(-height // GRID), -(-width // GRID)), np.float32)
        return cls(np.zeros(shape, np.uint8), np.zeros(shape, np.float16), np.zeros(shape, np.float16), grid)

    def put(self, y: int, x: int, logits: Tensor) -> None:
        """Fill in the finished block K×h×w whose corner is at row y, column x, both multiples of 8."""
        height, width = logits.shape[1:]
        for top in range(0, height, ROWS_AT_ONCE):  # in strips, so that the temporaries stay small
            strip = logits[:, top : top + ROWS_AT_ONCE]
            label, largest = classify(strip)
            partition = log_partition(strip, largest)
            place = np.s_[y + top : y + top + strip.shape[1], x : x + width]
            self.label_map[place] = label.numpy()
            self.confidence[place] = (largest - partition).exp_().numpy()
            self.entropy[place] = normalised_entropy(strip, partition).numpy()
        cells = _at_centres(_at_centres(logits, 1), 2)
        self.grid[:, y // GRID : y // GRID + cells.shape[1], x // GRID : x // GRID + cells.shape[2]] = cells.numpy()

    @property
    def probabilities(self) -> np.ndarray:
        """Not kept: ValueError says what to ask for instead."""
        height, width = self.label_map.shape
        size = self.grid.shape[0] * height * width * 4 / 2**30
        raise ValueError(
            f"the probabilities of every class at every pixel of this {width}×{height} photo would take {size:.1f} GiB "
            "a head and were not kept; ask for heatmap() or top(), or shrink the photo with max_side"
        )

    def grid_probabilities(self) -> np.ndarray:
        """Softmax over the classes on the stride-8 grid, K×⌈H/8⌉×⌈W/8⌉ float32."""
        return torch.from_numpy(self.grid).softmax(0).numpy()

    def heatmap(self, index: int) -> np.ndarray:
        """Probability of class `index`, H×W float32, interpolated from the stride-8 grid."""
        height, width = self.label_map.shape
        heat = np.empty((height, width), np.float32)
        for top, logits in self._strips():
            heat[top : top + logits.shape[1]] = (logits[index] - torch.logsumexp(logits, 0)).exp_().numpy()
        return heat

    def at(self, x: int, y: int) -> np.ndarray:
        """Probabilities of all classes at column x, row y, interpolated from the stride-8 grid: K float32, sum 1."""
        classes, rows, columns = self.grid.shape
        gy = min(max((y + 0.5) / GRID - 0.5, 0.0), rows - 1.0)
        gx = min(max((x + 0.5) / GRID - 0.5, 0.0), columns - 1.0)
        top, left = int(gy), int(gx)
        corners = self.grid[:, top : top + 2, left : left + 2]
        corners = np.pad(corners, ((0, 0), (0, 2 - corners.shape[1]), (0, 2 - corners.shape[2])), mode="edge")
        wy, wx = np.array([1 - (gy - top), gy - top]), np.array([1 - (gx - left), gx - left])
        logits = np.einsum("kij,i,j->k", corners, wy, wx)
        return torch.from_numpy(logits).softmax(0).float().numpy()

    def _strips(self) -> Iterator[tuple[int, Tensor]]:
        """(first row, K×rows×W logits) from top to bottom, interpolated with half-pixel centres."""
        height, width = self.label_map.shape
        grid = torch.from_numpy(self.grid)
        cells = ROWS_AT_ONCE // GRID
        for first in range(0, grid.shape[1], cells):
            low, high = max(first - 1, 0), min(first + cells + 1, grid.shape[1])
            fine = F.interpolate(grid[None, :, low:high], scale_factor=float(GRID), mode="bilinear")[0]
            begin = (first - low) * GRID
            stop = begin + min(ROWS_AT_ONCE, height - first * GRID)
            yield first * GRID, fine[:, begin:stop, :width]


HeadScores = FullScores | GridScores


def _at_centres(logits: Tensor, dim: int) -> Tensor:
    """Logits at the centres of blocks of 8 along one dimension; a block that the photo's end cuts takes what it has.

    A centre lies between pixels 3 and 4, where bilinear upsampling by 8 has its nodes and therefore a bend: the lines
    through pixels 2, 3 and 4, 5 meet there at the node's exact value.
    """
    first = torch.arange(0, logits.shape[dim], GRID)
    taps = ((2, -0.25), (3, 0.75), (4, 0.75), (5, -0.25))
    parts = [
        weight * logits.index_select(dim, (first + offset).clamp(max=logits.shape[dim] - 1)) for offset, weight in taps
    ]
    return torch.stack(parts).sum(0)
