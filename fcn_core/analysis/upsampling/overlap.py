"""How often a transposed convolution writes each output pixel, and the checkerboard that follows.

Input cell i stamps the kernel on the output pixels i*s to i*s + k - 1, so output pixel j is written by every cell
with 0 <= j - i*s < k. Inside, the number of writes repeats every s pixels; it is the same everywhere exactly when s
divides k. (Uneven overlap as the cause of checkerboards: Odena, Dumoulin and Olah, "Deconvolution and checkerboard
artifacts", 2016.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from fcn_core.ops.bilinear import bilinear_kernel
from fcn_core.ops.conv_arithmetic import transposed_size

FILLS = ("ones", "bilinear", "random")


@dataclass(frozen=True)
class Overlap:
    """Writes along one axis. writes: int, one number an output pixel, (n - 1) * stride + kernel of them."""

    n: int
    kernel: int
    stride: int
    writes: np.ndarray

    @property
    def phases(self) -> tuple[int, ...]:
        """The repeating pattern inside: writes of the pixels j with j % stride = 0, 1, …, stride - 1."""
        return tuple(len(range(phase, self.kernel, self.stride)) for phase in range(self.stride))

    @property
    def even(self) -> bool:
        """Whether every pixel inside is written equally often: the stride divides the kernel."""
        return self.kernel % self.stride == 0

    @property
    def plane(self) -> np.ndarray:
        """Writes in two dimensions, size×size: the product of both axes."""
        return np.outer(self.writes, self.writes)

    @property
    def plane_phases(self) -> tuple[int, ...]:
        """The different numbers of writes that occur inside in two dimensions, ascending."""
        return tuple(sorted({a * b for a in self.phases for b in self.phases}))

    @property
    def inside(self) -> tuple[int, int]:
        """First output pixel that the edges no longer change, and the first after the last such; equal if there are
        none."""
        reach = max(self.kernel - self.stride, 0)
        first, last = reach, len(self.writes) - reach
        return first, max(first, last)


def overlap(n: int, kernel: int, stride: int) -> Overlap:
    """Count the writes of a transposed convolution of n cells, unpadded. ValueError for sizes below 1."""
    for name, value in (("input size", n), ("kernel", kernel), ("stride", stride)):
        if value < 1:
            raise ValueError(f"expected a {name} of at least 1, got {value}")
    writes = np.zeros(transposed_size(n, kernel, stride=stride), np.int64)
    for cell in range(n):
        writes[cell * stride : cell * stride + kernel] += 1
    writes.flags.writeable = False
    return Overlap(n, kernel, stride, writes)


def fill_kernel(fill: str, kernel: int, *, seed: int = 0) -> np.ndarray:
    """A kernel×kernel filter, float64: all "ones", "bilinear" (the paper's), or "random" (uniform, 0 to 1)."""
    if fill == "ones":
        return np.ones((kernel, kernel))
    if fill == "random":
        return np.random.default_rng(seed).random((kernel, kernel))
    if fill == "bilinear":
        return bilinear_kernel(kernel, dtype=torch.float64).numpy()
    raise ValueError(f"expected one of {', '.join(FILLS)}, got {fill!r}")


def stamp(planes: np.ndarray, weights: np.ndarray, stride: int) -> np.ndarray:
    """The transposed convolution itself: every cell of planes, …×h×w, stamps value * weights (k×k) on the output.

    Each tap of the kernel adds the whole map, scaled, at its place. Returns …×((h-1)*stride+k)×((w-1)*stride+k) of
    the planes' and weights' common type. ValueError for weights that are not square.
    """
    if weights.ndim != 2 or weights.shape[0] != weights.shape[1]:
        raise ValueError(f"expected square weights k×k, got shape {weights.shape}")
    size, (h, w) = weights.shape[0], planes.shape[-2:]
    rows, columns = transposed_size(h, size, stride=stride), transposed_size(w, size, stride=stride)
    out = np.zeros((*planes.shape[:-2], rows, columns), np.result_type(planes, weights))
    for dy in range(size):
        for dx in range(size):
            out[..., dy : dy + (h - 1) * stride + 1 : stride, dx : dx + (w - 1) * stride + 1 : stride] += (
                planes * weights[dy, dx]
            )
    return out


def stamp_by_torch(planes: np.ndarray, weights: np.ndarray, stride: int) -> np.ndarray:
    """The same as `stamp` (planes …×h×w, weights k×k) by torch's conv_transpose2d, in float64; for the check."""
    x = torch.tensor(planes, dtype=torch.float64).reshape(-1, 1, *planes.shape[-2:])
    out = F.conv_transpose2d(x, torch.tensor(weights, dtype=torch.float64)[None, None], stride=stride)
    return out.reshape(*planes.shape[:-2], *out.shape[-2:]).numpy()


def phase_sums(weights: np.ndarray, stride: int) -> np.ndarray:
    """What a map of ones becomes inside: the sum of the weights that meet at each of the stride×stride phases.

    All alike means that an even map stays even. weights: k×k. Returns stride×stride.
    """
    sums = np.zeros((stride, stride), weights.dtype)
    for phase in np.ndindex(stride, stride):
        sums[phase] = weights[phase[0] :: stride, phase[1] :: stride].sum()
    return sums


def ripple(weights: np.ndarray, stride: int) -> float:
    """Largest minus smallest phase sum of k×k weights, as a share of their mean: 0 where an even map stays even."""
    sums = phase_sums(weights, stride)
    mean = float(sums.mean())
    if abs(mean) < 1e-12:
        raise ValueError("the weights sum to zero, so there is no level to measure the ripple against")
    return float(sums.max() - sums.min()) / abs(mean)
