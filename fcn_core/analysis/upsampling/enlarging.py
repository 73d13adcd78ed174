"""Enlarging a map by a whole factor f with a transposed convolution, and what else enlarges it.

A kernel of size 2f - f mod 2 and stride f, cropped to f times the input, has half-pixel centres: with bilinear
weights it is `F.interpolate(mode="bilinear")` and `cv2.resize(INTER_LINEAR)` inside the picture. At the border the
transposed convolution counts the cells beyond the map as zero, the others repeat the outermost cell. (Long, Shelhamer
and Darrell, CVPR 2015, section 3.3.)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

from fcn_core.analysis.fusing.fusion import skip_heads
from fcn_core.analysis.upsampling.overlap import phase_sums, stamp
from fcn_core.models.upscore import Upscore
from fcn_core.ops.bilinear import bilinear_kernel
from fcn_core.ops.conv_arithmetic import Upsampling

KINDS = ("bilinear", "nearest", "random")
EDGES = ("zero", "repeat")
Stamp = Callable[[np.ndarray, np.ndarray, int], np.ndarray]
REFERENCES = ("F.interpolate, bilinear", "cv2.resize, linear", "F.interpolate, nearest", "cv2.resize, nearest")


@dataclass(frozen=True)
class EnlargingKernel:
    """A kernel that enlarges by `factor`. weights: k×k float64."""

    weights: np.ndarray
    factor: int

    @property
    def size(self) -> int:
        return self.weights.shape[0]

    @property
    def total(self) -> float:
        """The sum of the weights: f² keeps the mean level, since each input cell must fill f² output pixels."""
        return float(self.weights.sum())

    @property
    def phases(self) -> np.ndarray:
        """f×f: what a map of ones becomes at the f² places within a cell; all 1 for an interpolating kernel."""
        return phase_sums(self.weights, self.factor)

    @property
    def centred(self) -> bool:
        """Whether the crop to f times the input is the same on both sides: size and factor both even or both odd."""
        return (self.size - self.factor) % 2 == 0


def bilinear_size(factor: int) -> int:
    """Kernel size of bilinear enlarging with half-pixel centres: 2f for even f, 2f - 1 for odd f."""
    return 2 * factor - factor % 2


def enlarging_kernel(kind: str, factor: int, *, seed: int = 0) -> EnlargingKernel:
    """The kernel of "bilinear", "nearest" (f×f ones) or "random" (uniform weights scaled to the sum f²) enlarging.

    ValueError for another kind or a factor below 1.
    """
    if factor < 1:
        raise ValueError(f"expected a factor of at least 1, got {factor}")
    size = bilinear_size(factor)
    if kind == "bilinear":
        weights = bilinear_kernel(size, dtype=torch.float64).numpy()
    elif kind == "nearest":
        weights = np.ones((factor, factor))
    elif kind == "random":
        weights = np.random.default_rng(seed).random((size, size))
        weights *= factor**2 / weights.sum()
    else:
        raise ValueError(f"expected one of {', '.join(KINDS)}, got {kind!r}")
    return EnlargingKernel(weights, factor)


def enlarge(planes: np.ndarray, kernel: EnlargingKernel, *, edges: str = "zero", by: Stamp = stamp) -> np.ndarray:
    """Enlarge planes, …×h×w float, to …×hf×wf by stamping the kernel and cropping.

    edges: beyond the map count "zero" (a plain transposed convolution) or "repeat" the outermost cells. by: what
    stamps; `stamp_by_torch` gives torch's answer for a check. ValueError for a kernel smaller than its factor, which
    would leave holes, or unknown edges.
    """
    factor, size = kernel.factor, kernel.size
    if size < factor:
        raise ValueError(f"a kernel of {size} leaves holes when it enlarges by {factor}; it needs at least {factor}")
    if edges not in EDGES:
        raise ValueError(f"expected edges {' or '.join(EDGES)}, got {edges!r}")
    h, w = planes.shape[-2:]
    beyond = -(-size // factor) if edges == "repeat" else 0
    if beyond:
        planes = np.pad(planes, [(0, 0)] * (planes.ndim - 2) + [(beyond, beyond)] * 2, mode="edge")
    start = (size - factor) // 2 + beyond * factor
    full = by(planes, kernel.weights, factor)
    return full[..., start : start + h * factor, start : start + w * factor]


def reference(planes: np.ndarray, factor: int, name: str) -> np.ndarray:
    """Enlarge planes, …×h×w, by another library's function: one of `REFERENCES`. Float64, …×hf×wf."""
    if name not in REFERENCES:
        raise ValueError(f"expected one of {'; '.join(REFERENCES)}, got {name!r}")
    h, w = planes.shape[-2:]
    flat = np.ascontiguousarray(planes, np.float64).reshape(-1, h, w)
    if name.startswith("F."):
        smooth = {"mode": "bilinear", "align_corners": False} if "bilinear" in name else {"mode": "nearest"}
        out = F.interpolate(torch.tensor(flat)[None], scale_factor=factor, **smooth)[0].numpy()
    else:
        how = cv2.INTER_LINEAR if "linear" in name else cv2.INTER_NEAREST
        out = np.stack([cv2.resize(p, (w * factor, h * factor), interpolation=how) for p in flat])
    return out.reshape(*planes.shape[:-2], h * factor, w * factor)


@dataclass(frozen=True)
class Difference:
    """How far two enlarged maps are apart, in the map's own unit. inside: `margin` pixels from the border on."""

    largest: float
    mean: float
    inside: float
    margin: int


def difference(a: np.ndarray, b: np.ndarray, margin: int) -> Difference:
    """Compare two …×H×W maps; ValueError for different sizes. inside is NaN where the margin leaves nothing."""
    if a.shape != b.shape:
        raise ValueError(f"expected two maps of one size, got {a.shape} and {b.shape}")
    gap = np.abs(a - b)
    core = gap[..., margin : gap.shape[-2] - margin, margin : gap.shape[-1] - margin]
    return Difference(float(gap.max()), float(gap.mean()), float(core.max()) if core.size else float("nan"), margin)


@dataclass(frozen=True)
class NetworkUpsampling:
    """One upsampling of loaded weights. weights: K×K×k×k float64 as conv_transpose2d takes them; None while frozen."""

    name: str
    placement: Upsampling
    weights: np.ndarray | None

    def kernel(self, channel: int) -> EnlargingKernel:
        """The kernel with which a class enlarges its own map."""
        size = self.placement.kernel
        if self.weights is None:
            return EnlargingKernel(bilinear_kernel(size, dtype=torch.float64).numpy(), self.placement.factor)
        return EnlargingKernel(self.weights[channel, channel], self.placement.factor)

    @property
    def moved(self) -> float:
        """Largest distance of a class's own kernel from bilinear."""
        if self.weights is None:
            return 0.0
        start = bilinear_kernel(self.placement.kernel, dtype=torch.float64).numpy()
        own = self.weights[range(len(self.weights)), range(len(self.weights))]
        return float(np.abs(own - start).max())

    @property
    def crosstalk(self) -> float:
        """Share of the weights' absolute sum that leads from one class to another; bilinear starts with none."""
        if self.weights is None:
            return 0.0
        sizes = np.abs(self.weights).sum((2, 3))
        return float(1 - np.trace(sizes) / sizes.sum())


def network_upsamplings(model: nn.Module) -> tuple[NetworkUpsampling, ...]:
    """Every upsampling of a network, in the order it was built; copies, the model stays as it is.

    ValueError for a network without transposed convolutions (torchvision's form interpolates).
    """
    found = []
    for name, module in skip_heads(model).named_children():
        if isinstance(module, Upscore):
            weights = None if module.weight is None else module.weight.detach().double().cpu().numpy().copy()
            found.append(NetworkUpsampling(name, module.placement, weights))
    return tuple(found)
