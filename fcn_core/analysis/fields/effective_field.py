"""Effective receptive field: how much each pixel in a cell's theoretical box really moves that cell.

The gradient of one cell with respect to the picture, its absolute values summed over the picture's
channels, averaged over several pictures (Luo et al., "Understanding the effective receptive field in deep
convolutional neural networks", NeurIPS 2016). It is largest in the middle and falls off like a Gaussian.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from fcn_core.analysis.fields.receptive_field import Box
from fcn_core.models.upscore import Upscore
from fcn_core.progress import Progress

SHARE = 0.95


@dataclass(frozen=True, eq=False)
class EffectiveField:
    """What was measured; H×W as the picture.

    strength        mean over the pictures of the gradient's size at every pixel, H×W float64
    box             the theoretical field of the cell
    within          box [top, bottom) × [left, right), of the theoretical box's shape and centre, cut to the
                    picture, that holds 95 % of the gradient
    share           its pixels as a share of those of the theoretical box in the picture, 0-1
    centre, sigma   of the fitted Gaussian, (row, column) in pixels; not a number where nothing could be fitted
    fit             share of the profiles' variance that the Gaussian explains (R²), at most 1
    outside         share of the gradient outside the theoretical box: 0, or the theory is wrong
    reached         box around all pixels with any gradient; None if there are none
    pictures        how many were averaged
    """

    strength: np.ndarray
    box: Box
    within: tuple[int, int, int, int] | None
    share: float
    centre: tuple[float, float]
    sigma: tuple[float, float]
    fit: float
    outside: float
    reached: tuple[int, int, int, int] | None
    pictures: int


@dataclass(frozen=True)
class FieldTarget:
    """The cell to look from: a module's output ("trunk.features.23") or a returned map ("logits.8").

    channel: one channel (class), or None for the sum of all.
    """

    layer: str
    row: int
    column: int
    channel: int | None = None


def effective_field(
    model: nn.Module,
    target: FieldTarget,
    box: Box,
    pictures: Iterable[Tensor],
    *,
    count: int,
    measure: Literal["absolute", "squared"] = "absolute",
    progress: Progress | None = None,
) -> EffectiveField:
    """One backward pass a picture, on a private copy of `model` in eval mode.

    pictures: C×H×W each, float, prepared as the model wants them; `count` of them are used. box: the
    theoretical box of the cell in a picture of that size (`LayerField.box`). progress(done, count).
    ValueError where the cell does not exist or no picture came.
    """
    reader = GradientReader(model, target)
    total: np.ndarray | None = None
    done = 0
    for picture in pictures:
        if done == count:
            break
        gradient = reader.gradient(picture)
        size = gradient.abs() if measure == "absolute" else gradient.square()
        plane = size.sum(0).double().cpu().numpy()
        total = plane if total is None else total + plane
        done += 1
        if progress:
            progress(done, count)
    if total is None:
        raise ValueError("an effective field needs at least one picture")
    return judge(total / done, box, pictures=done)


def judge(strength: np.ndarray, box: Box, *, pictures: int = 1) -> EffectiveField:
    """Everything that is read off a measured strength (H×W, not negative) inside a theoretical box."""
    nonzero = np.argwhere(strength > 0)
    total = float(strength.sum())
    nan = (math.nan, math.nan)
    if not len(nonzero) or box.inside is None:
        return EffectiveField(strength, box, None, 0.0, nan, nan, math.nan, 0.0 if total == 0 else 1.0, None, pictures)
    (top, left), (bottom, right) = nonzero.min(0), nonzero.max(0) + 1
    y0, x0, y1, x1 = box.inside
    beyond = strength.copy()
    beyond[y0:y1, x0:x1] = 0
    outside = float(beyond.sum()) / total
    within, share = _holding(strength, box, SHARE)
    centre, sigma, fit = fit_gaussian(strength)
    reached = int(top), int(left), int(bottom), int(right)
    return EffectiveField(strength, box, within, share, centre, sigma, fit, outside, reached, pictures)


def _holding(strength: np.ndarray, box: Box, share: float) -> tuple[tuple[int, int, int, int], float]:
    """The smallest box of the theoretical box's shape and centre that holds this share of the strength."""
    assert box.inside is not None
    y0, x0, y1, x1 = box.inside
    inner = strength[y0:y1, x0:x1]
    rows = np.abs(np.arange(y0, y1) - (box.top + box.bottom - 1) / 2) / (box.height / 2)
    columns = np.abs(np.arange(x0, x1) - (box.left + box.right - 1) / 2) / (box.width / 2)
    distance = np.maximum(rows[:, None], columns[None])
    order = np.argsort(distance, axis=None, kind="stable")
    held = np.cumsum(inner.ravel()[order])
    last = int(np.searchsorted(held, share * held[-1] * (1 - 1e-12)))
    reach = distance.ravel()[order[min(last, len(order) - 1)]]
    ys, xs = np.flatnonzero(rows <= reach), np.flatnonzero(columns <= reach)
    within = (y0 + int(ys[0]), x0 + int(xs[0]), y0 + int(ys[-1]) + 1, x0 + int(xs[-1]) + 1)
    return within, len(ys) * len(xs) / inner.size


def fit_gaussian(strength: np.ndarray) -> tuple[tuple[float, float], tuple[float, float], float]:
    """Least-squares Gaussian of the row and of the column profile: (centre), (sigma), R². Pixels.

    Profiles are the sums over the other axis, so a separable Gaussian is fitted axis by axis
    (Levenberg-Marquardt, started at the moments).
    """
    fits = [_fit_profile(strength.sum(1)), _fit_profile(strength.sum(0))]
    left = sum(f[2] for f in fits)
    spread = sum(f[3] for f in fits)
    (cy, sy, *_), (cx, sx, *_) = fits
    return (cy, cx), (sy, sx), 1 - left / spread if spread else math.nan


def _fit_profile(profile: np.ndarray) -> tuple[float, float, float, float]:
    """(centre, sigma, squared error left, squared deviation from the mean) of one profile, scaled to sum 1."""
    t = np.arange(len(profile), dtype=np.float64)
    y = profile / profile.sum()
    centre = float(t @ y)
    sigma = max(math.sqrt(float((t - centre) ** 2 @ y)), 0.3)
    p = np.array([1 / (sigma * math.sqrt(2 * math.pi)), centre, sigma])

    def model(p: np.ndarray) -> np.ndarray:
        return p[0] * np.exp(-((t - p[1]) ** 2) / (2 * p[2] ** 2))

    error, damping = float(((y - model(p)) ** 2).sum()), 1e-3
    for _ in range(60):
        g = model(p)
        away = t - p[1]
        jacobian = np.stack([g / p[0], g * away / p[2] ** 2, g * away**2 / p[2] ** 3], 1)
        normal = jacobian.T @ jacobian
        step = np.linalg.lstsq(normal + damping * np.diag(np.diag(normal) + 1e-30), jacobian.T @ (y - g), rcond=None)[0]
        tried = p + step
        new = float(((y - model(tried)) ** 2).sum()) if tried[0] > 0 and tried[2] > 0.05 else math.inf
        if new < error:
            settled = error - new < 1e-12 * error
            p, error, damping = tried, new, damping / 3
            if settled:
                break
        else:
            damping *= 4
            if damping > 1e12:
                break
    return float(p[1]), float(abs(p[2])), error, float(((y - y.mean()) ** 2).sum())


class _Reached(Exception):
    """The layer in question has answered."""


class GradientReader:
    """Gradients of one cell of one map; works on its own copy of the model."""

    def __init__(self, model: nn.Module, target: FieldTarget) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.target = target
        self._caught: Tensor | None = None
        modules = dict(self.model.named_modules())
        if target.layer in modules and target.layer:
            modules[target.layer].register_forward_hook(self._catch)

    def _catch(self, module: nn.Module, inputs: object, output: Tensor) -> None:
        self._caught = output
        raise _Reached  # what lies above it does not matter, and would take its time

    def gradient(self, picture: Tensor) -> Tensor:
        """d cell / d picture, C×H×W, for a picture C×H×W."""
        self._caught = None
        with torch.enable_grad():
            weights = next(self.model.parameters(), picture)
            x = picture.detach()[None].to(weights.device, weights.dtype, copy=True).requires_grad_(True)
            # An in-place layer may come first; the picture itself must stay a leaf.
            try:
                output = self.model(x * 1)
            except _Reached:
                output = None
            where = self._caught if self._caught is not None else _returned(output, self.target.layer)
            t = self.target
            if not (0 <= t.row < where.shape[-2] and 0 <= t.column < where.shape[-1]):
                raise ValueError(
                    f"{t.layer} is {where.shape[-2]}×{where.shape[-1]} cells; there is no cell ({t.row}, {t.column})"
                )
            cell = where[0, :, t.row, t.column]
            value = cell.sum() if t.channel is None else cell[t.channel]
            (gradient,) = torch.autograd.grad(value, x, allow_unused=True)
        return torch.zeros_like(picture) if gradient is None else gradient[0]


def _returned(output: object, name: str) -> Tensor:
    """The tensor of this name in what a model returned: "logits.8", "maps.fuse_pool4", "out", "output"."""
    found = output
    for part in name.split(".") if name != "output" or not isinstance(output, Tensor) else ():
        if isinstance(found, dict):
            found = found.get(part, found.get(int(part)) if part.isdigit() else None)
        else:
            found = getattr(found, part, None)
    if not isinstance(found, Tensor):
        raise ValueError(f"the network has no module and returns no map called {name!r}")
    return found


def random_pictures(shape: tuple[int, int, int], *, seed: int = 0) -> Iterator[Tensor]:
    """Endless pictures C×H×W of independent standard normal values, always the same for one seed."""
    generator = torch.Generator().manual_seed(seed)
    while True:
        yield torch.randn(shape, generator=generator)


def with_random_weights(model: nn.Module, *, seed: int = 0) -> nn.Module:
    """A copy with fresh weights: normal with variance 2 / fan-in (He et al.), biases and statistics at their start.

    Score layers too, which otherwise start at zero and would let nothing through; upsamplings stay bilinear.
    """
    fresh = copy.deepcopy(model)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for part in fresh.modules():
            if isinstance(part, nn.Conv2d | nn.Linear | nn.ConvTranspose2d) and not isinstance(part, Upscore):
                fan_in = part.weight[0].numel()
                values = torch.randn(part.weight.shape, generator=generator) * math.sqrt(2 / fan_in)
                part.weight.copy_(values)
                if part.bias is not None:
                    part.bias.zero_()
            elif isinstance(part, nn.BatchNorm2d):
                part.reset_parameters()
    return fresh
