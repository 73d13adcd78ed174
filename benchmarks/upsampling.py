"""Bilinear upsampling three ways: dense transposed convolution, depthwise, interpolation.

All give the same numbers; only the time differs.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from benchmarks.measure import Clock, interleave, milliseconds, ratio, table
from fcn_core.ops.bilinear import bilinear_weight, upsample_bilinear

FACTOR, KERNEL, CROP = 8, 16, 31


def ways(size: tuple[int, int], *, classes: int) -> dict[str, Callable[[], Tensor]]:
    """The last step of the published 8s head, from seeded scores of stride 8 to `size`; the dense way first."""
    cells = [-(-(n + CROP) // FACTOR) + 1 for n in size]
    x = torch.randn(1, classes, *cells, generator=torch.Generator().manual_seed(0))
    last = x.contiguous(memory_format=torch.channels_last)
    dense = bilinear_weight(classes, KERNEL)
    depthwise = dense[range(classes), range(classes)][:, None]

    def cropped(full: Tensor) -> Tensor:
        return full[..., CROP : CROP + size[0], CROP : CROP + size[1]]

    def interpolated(x: Tensor) -> Tensor:
        return upsample_bilinear(x, factor=FACTOR, kernel=KERNEL, start=(CROP, CROP), size=size)

    return {
        "dense transposed convolution": lambda: cropped(F.conv_transpose2d(x, dense, stride=FACTOR)),
        "depthwise": lambda: cropped(F.conv_transpose2d(x, depthwise, stride=FACTOR, groups=classes)),
        "interpolation": lambda: interpolated(x),
        "interpolation, channels_last": lambda: interpolated(last),
    }


def upsampling(size: tuple[int, int], *, classes: int, rounds: int, clock: Clock) -> str:
    """Times and differences as a Markdown table."""
    variants = ways(size, classes=classes)
    with torch.inference_mode():
        dense, *_ = results = [run() for run in variants.values()]
        times = interleave(variants, rounds=5 * rounds, clock=clock)
    base = next(iter(times.values()))
    rows = [
        [name, milliseconds(time), ratio(time, base), f"{float((result - dense).abs().max() / dense.abs().max()):.1e}"]
        for (name, time), result in zip(times.items(), results, strict=True)
    ]
    return table(["upsampling by 8", "ms", "ratio (range)", "largest difference"], rows)
