"""Class evidence by occlusion (Zeiler, Fergus, ECCV 2014), computed by Captum.

A window slides over the picture; under it the picture is replaced by the mean colour (0 after preprocessing). Where
the target falls, the network had found evidence for it there: attribution = target before - target under the window.
Where windows overlap, a pixel gets the mean over the windows that covered it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from fcn_core.analysis.evidence.layers import private_copy
from fcn_core.analysis.evidence.target import Target
from fcn_core.progress import Progress

BATCH = 4  # windows in one pass


@dataclass(frozen=True)
class OcclusionMap:
    """values: H×W float32, how far the target falls when the pixel is covered; negative where it rises.

    score: the target on the whole picture. check: largest difference between Captum's value and the definition,
    computed window by window at a few pixels.
    """

    values: np.ndarray
    score: float
    window: int
    stride: int
    passes: int
    check: float


def windows_along(length: int, window: int, stride: int) -> tuple[tuple[int, int], ...]:
    """(start, stop) of the windows along one side: from 0 in steps until the side is covered, the last cut off."""
    if not 1 <= stride <= window:
        raise ValueError(
            f"expected a stride from 1 to the window ({window} pixels), got {stride}: pixels would be missed"
        )
    window = min(window, length)
    count = 1 + -(-(length - window) // stride)
    return tuple((stride * i, min(stride * i + window, length)) for i in range(count))


def window_count(height: int, width: int, window: int, stride: int) -> int:
    """How many windows cover a picture: as many pictures go through the network, and one more."""
    return len(windows_along(height, window, stride)) * len(windows_along(width, window, stride))


def occlusion_map(
    model: nn.Module, x: Tensor, target: Target, *, window: int, stride: int, progress: Progress | None = None
) -> OcclusionMap:
    """Slide a window×window square over x (1×C×H×W float, preprocessed) in steps of `stride` pixels.

    progress(done, total) counts windows. ValueError for a stride larger than the window.
    """
    from captum.attr import Occlusion  # a few seconds of import that only this needs

    height, width = x.shape[-2:]
    total = window_count(height, width, window, stride) + 1
    sides = (min(window, height), min(window, width))
    private = private_copy(model)
    x = x.to(next(private.parameters()).device)
    done = 0

    def score(batch: Tensor) -> Tensor:
        nonlocal done
        value = target.of(private, batch)
        done += len(batch)
        if progress:
            progress(min(done, total), total)
        return value

    with torch.no_grad():
        values = Occlusion(score).attribute(
            x,
            sliding_window_shapes=(x.shape[1], *sides),
            strides=(x.shape[1], min(stride, sides[0]), min(stride, sides[1])),
            baselines=0,
            perturbations_per_eval=BATCH,
        )[0, 0]  # the same in every channel, since a window covers all of them
        whole = float(target.of(private, x)[0])
        check = max(
            abs(float(values[y, x_]) - occlusion_at(private, x, target, (x_, y), window=window, stride=stride))
            for x_, y in _probes(height, width)
        )
    return OcclusionMap(values.float().cpu().numpy(), whole, window, stride, total, check)


def occlusion_at(
    model: nn.Module, x: Tensor, target: Target, pixel: tuple[int, int], *, window: int, stride: int
) -> float:
    """The definition, for one pixel (x, y) of x (1×C×H×W): the target's mean fall over the windows that cover it."""
    height, width = x.shape[-2:]
    column, row = pixel
    with torch.no_grad():
        whole = target.of(model, x)[0]
        falls = []
        for top, bottom in _covering(height, window, stride, row):
            for left, right in _covering(width, window, stride, column):
                covered = x.clone()
                covered[..., top:bottom, left:right] = 0
                falls.append(whole - target.of(model, covered)[0])
    return float(torch.stack(falls).mean())


def _covering(length: int, window: int, stride: int, at: int) -> Iterator[tuple[int, int]]:
    return (span for span in windows_along(length, window, stride) if span[0] <= at < span[1])


def _probes(height: int, width: int) -> tuple[tuple[int, int], ...]:
    """Two pixels for the check: the middle, and the lower right corner, where windows are cut off."""
    return (width // 2, height // 2), (width - 1, height - 1)
