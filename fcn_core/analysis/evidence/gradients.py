"""Class evidence by gradient: how the target changes with every pixel of the input, computed by Captum.

- gradient (Simonyan, Vedaldi, Zisserman 2014): d target / d x; what an infinitely small change would do.
- input × gradient: x · d target / d x; x = 0 is the mean colour.
- integrated gradients (Sundararajan, Taly, Yan 2017): the gradient's mean on the straight line from the mean colour to
  the picture, times x. Its values add up to target(picture) - target(mean colour): completeness.

Values keep their sign and are summed over the channels of a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from fcn_core.analysis.evidence.layers import private_copy
from fcn_core.analysis.evidence.target import Target
from fcn_core.progress import Progress

METHODS = ("gradient", "input", "integrated")
STEPS = 32  # points on the line of integrated gradients
DOUBLE_BELOW = 60_000_000  # parameters of a network that may be copied to float64 for the check


@dataclass(frozen=True)
class GradientMap:
    """values: H×W float32, signed, summed over channels.

    score, baseline: the target on the picture and on the mean colour. total: the sum of all values.
    """

    method: str
    values: np.ndarray
    score: float
    baseline: float
    total: float

    @property
    def incompleteness(self) -> float:
        """How far the values are from adding up to score - baseline, as a share of it."""
        change = self.score - self.baseline
        return abs(self.total - change) / max(abs(change), 1e-12)


def gradient_map(
    model: nn.Module, x: Tensor, target: Target, method: str, *, steps: int = STEPS, progress: Progress | None = None
) -> GradientMap:
    """Attribute the target to the pixels of x (1×C×H×W float, preprocessed).

    steps: passes of integrated gradients; progress(done, total) counts passes. ValueError for unknown methods.
    """
    from captum.attr import InputXGradient, IntegratedGradients, Saliency  # slow to import, needed only here

    if method not in METHODS:
        raise ValueError(f"no method {method!r}; choose one of {', '.join(METHODS)}")
    private = private_copy(model)
    x = x.detach().to(next(private.parameters()).device)
    done, total = 0, steps if method == "integrated" else 1

    def score(batch: Tensor) -> Tensor:
        nonlocal done
        done += len(batch)
        if progress:
            progress(min(done, total), total)
        return target.of(private, batch)

    leaf = x.clone().requires_grad_()
    if method == "integrated":
        values = IntegratedGradients(score).attribute(leaf, baselines=0, n_steps=steps, internal_batch_size=1)
    elif method == "input":
        values = InputXGradient(score).attribute(leaf)
    else:
        values = Saliency(score).attribute(leaf, abs=False)
    with torch.no_grad():
        whole, empty = (float(target.of(private, picture)[0]) for picture in (x, torch.zeros_like(x)))
    summed = values.detach()[0].double().sum(0)
    return GradientMap(method, summed.float().cpu().numpy(), whole, empty, float(summed.sum()))


@dataclass(frozen=True)
class SlopeCheck:
    """Gradients by autograd and by finite differences at a few input values, and the largest difference relative to
    the largest gradient of the picture."""

    autograd: tuple[float, ...]
    measured: tuple[float, ...]
    places: tuple[tuple[int, int, int], ...]
    difference: float
    double: bool


def check_gradient(model: nn.Module, x: Tensor, target: Target, *, count: int = 3) -> SlopeCheck:
    """Measure slopes: (target(x + h) - target(x - h)) / 2h at the input values with the largest gradients.

    x: 1×C×H×W, preprocessed. In float64 unless the network is too large for a second copy. Where a ReLU or a pooling
    changes its mind within ±h, a measured slope lies between those of the two sides; h is small enough to make that
    rare.
    """
    private = private_copy(model)
    double = sum(p.numel() for p in private.parameters()) < DOUBLE_BELOW
    step = 1e-5 if double else 1e-2
    x = x.detach().to(next(private.parameters()).device)
    if double:
        private, x = private.double(), x.double()
    leaf = x.clone().requires_grad_()
    (slope,) = torch.autograd.grad(target.of(private, leaf).sum(), leaf)
    flat = slope.flatten()
    places = flat.abs().topk(min(count, flat.numel())).indices
    measured = []
    with torch.no_grad():
        for place in places:
            ends = []
            for sign in (1.0, -1.0):
                moved = x.clone()
                moved.view(-1)[place] += sign * step
                ends.append(target.of(private, moved)[0].double())
            measured.append(float((ends[0] - ends[1]) / (2 * step)))
    exact = [float(flat[place]) for place in places]
    largest = max(abs(value) for value in exact) or 1.0
    difference = max(abs(a - b) for a, b in zip(exact, measured, strict=True)) / largest
    channels = tuple(tuple(int(i) for i in np.unravel_index(int(place), tuple(slope.shape[1:]))) for place in places)
    return SlopeCheck(tuple(exact), tuple(measured), channels, difference, double)  # type: ignore[arg-type]
