"""Learn the kernel of an upsampling from examples: a transposed convolution with one free k×k kernel, by Adam.

From pairs (small map, the same enlarged) made by bilinear interpolation it ends at the bilinear kernel; from photos
that were shrunk by averaging it ends at the linear kernel that restores photos best, which is a different one. The
squared error is quadratic in the kernel, so the exact optimum (`best_kernel`) is known and the fit can be judged.
(CVPR 2015, section 3.3: "the deconvolution filter need not be fixed, but can be learned".)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fcn_core.analysis.upsampling.enlarging import bilinear_size
from fcn_core.ops.bilinear import bilinear_kernel

TEACHERS = ("interpolated", "photos")
CELLS = 8  # side of an example's small map
BATCH = 16


@dataclass(frozen=True)
class Examples:
    """small: N×1×CELLS×CELLS, large: N×1×CELLS*f×CELLS*f, float32, levels around 0. teacher: one of TEACHERS."""

    small: Tensor
    large: Tensor
    factor: int
    teacher: str


def draw_examples(
    pictures: Sequence[np.ndarray], factor: int, teacher: str, *, count: int = 256, seed: int = 0
) -> Examples:
    """Cut examples out of pictures (H×W×3 uint8): squares of CELLS*f pixels, shrunk f times by averaging.

    "photos" enlarges back to the square itself, "interpolated" to what bilinear interpolation makes of the small map.
    The examples' mean is taken out: an even level says nothing about the kernel's shape and slows the descent.
    ValueError where no picture is large enough.
    """
    if teacher not in TEACHERS:
        raise ValueError(f"expected one of {', '.join(TEACHERS)}, got {teacher!r}")
    side = CELLS * factor
    fitting = [picture for picture in pictures if min(picture.shape[:2]) >= side]
    if not fitting:
        raise ValueError(f"no picture has {side}×{side} pixels, which an example for factor {factor} needs")
    rng, squares = np.random.default_rng(seed), []
    for number in range(count):
        picture = fitting[number % len(fitting)]
        top, left = (int(rng.integers(0, n - side + 1)) for n in picture.shape[:2])
        square = picture[top : top + side, left : left + side, int(rng.integers(0, 3))].astype(np.float32) / 255
        squares.append(square - square.mean())
    large = torch.from_numpy(np.stack(squares))[:, None]
    small = F.avg_pool2d(large, factor)
    if teacher == "interpolated":
        large = F.interpolate(small, scale_factor=factor, mode="bilinear", align_corners=False)
    return Examples(small, large, factor, teacher)


@dataclass(frozen=True)
class FitState:
    """Where a fit stands. kernel: k×k float64; losses: mean squared error at every step done."""

    step: int
    steps: int
    kernel: np.ndarray
    losses: tuple[float, ...]
    from_bilinear: float
    from_best: float


class KernelFit:
    """A fit that goes on in chunks: `run(20)` does twenty steps more. It starts from random weights of sum f²."""

    def __init__(self, examples: Examples, *, steps: int = 200, rate: float = 0.1, seed: int = 0) -> None:
        if steps < 1:
            raise ValueError(f"expected at least one step, got {steps}")
        self.examples, self.steps = examples, steps
        factor, size = examples.factor, bilinear_size(examples.factor)
        self._draw = torch.Generator().manual_seed(seed)
        start = torch.rand(size, size, generator=self._draw)
        self.start = (start * factor**2 / start.sum()).numpy().astype(np.float64)
        self.kernel = torch.tensor(self.start, dtype=torch.float32, requires_grad=True)
        self._adam = torch.optim.Adam([self.kernel], lr=rate, betas=(0.9, 0.99))
        # The rate falls to nothing, so that the last steps settle instead of jumping around the optimum.
        self._fall = torch.optim.lr_scheduler.CosineAnnealingLR(self._adam, steps)
        self.losses: list[float] = []
        self.bilinear = bilinear_kernel(size, dtype=torch.float64).numpy()
        self.best = best_kernel(examples)
        self.bilinear_loss, self.best_loss = (
            float(fit_loss(torch.from_numpy(kernel).float(), examples.small, examples.large))
            for kernel in (self.bilinear, self.best)
        )

    @property
    def done(self) -> bool:
        return len(self.losses) >= self.steps

    def run(self, steps: int, *, stop: Callable[[], bool] | None = None) -> FitState:
        """Some steps more, never beyond the planned number; stop() is asked before each."""
        for _ in range(min(steps, self.steps - len(self.losses))):
            if stop is not None and stop():
                break
            chosen = torch.randint(len(self.examples.small), (BATCH,), generator=self._draw)
            self._adam.zero_grad()
            loss = fit_loss(self.kernel, self.examples.small[chosen], self.examples.large[chosen])
            loss.backward()
            self._adam.step()
            self._fall.step()
            self.losses.append(float(loss.detach()))
        return self.state()

    def state(self) -> FitState:
        """The fit as it stands."""
        kernel = self.kernel.detach().double().numpy().copy()
        return FitState(
            len(self.losses), self.steps, kernel, tuple(self.losses),
            float(np.abs(kernel - self.bilinear).max()), float(np.abs(kernel - self.best).max()),
        )  # fmt: skip


def fit_loss(kernel: Tensor, small: Tensor, large: Tensor) -> Tensor:
    """Mean squared error of the enlarged small maps (N×1×h×w) against the large ones, a cell away from the border,
    where zeros beyond the map would count."""
    factor = large.shape[-1] // small.shape[-1]
    full = F.conv_transpose2d(small, kernel[None, None], stride=factor)
    crop = (kernel.shape[0] - factor) // 2
    out = full[..., crop : crop + large.shape[-2], crop : crop + large.shape[-1]]
    inner = slice(factor, -factor)
    return F.mse_loss(out[..., inner, inner], large[..., inner, inner])


def best_kernel(examples: Examples) -> np.ndarray:
    """The kernel of smallest squared error over all examples, by least squares: k×k float64.

    Every output pixel of one phase (place within a cell) sees the same few taps, so each phase is a small problem
    of its own. Where examples leave a tap open (all alike, say) the smallest solution is taken.
    """
    factor, size = examples.factor, bilinear_size(examples.factor)
    small, large = examples.small[:, 0].double().numpy(), examples.large[:, 0].double().numpy()
    h, w = small.shape[1:]
    crop, best = (size - factor) // 2, np.zeros((size, size))
    for py, px in np.ndindex(factor, factor):
        # Output pixel cell*f + phase reads tap t of cell (cell*f + phase + crop - t) / f.
        taps_y, taps_x = (range((p + crop) % factor, size, factor) for p in (py, px))
        columns, places = [], []
        for ty in taps_y:
            for tx in taps_x:
                dy, dx = (py + crop - ty) // factor, (px + crop - tx) // factor
                columns.append(small[:, 1 + dy : h - 1 + dy, 1 + dx : w - 1 + dx].ravel())
                places.append((ty, tx))
        target = large[:, factor + py : -factor : factor, factor + px : -factor : factor].ravel()
        solution = np.linalg.lstsq(np.stack(columns, 1), target, rcond=None)[0]
        for place, value in zip(places, solution, strict=True):
            best[place] = value
    return best
