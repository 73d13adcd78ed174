"""Bilinear upsampling as a transposed convolution with a fixed kernel (CVPR 2015, section 3.3).

`bilinear_kernel` gives the weights; `upsample_bilinear` computes the same numbers as that
transposed convolution followed by a crop, through interpolation of the cells that matter: several
times faster, because the dense transposed convolution multiplies K*K - K channel pairs by zero.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def bilinear_kernel(size: int, *, dtype: torch.dtype = torch.float32) -> Tensor:
    """The size×size bilinear kernel of the reference code, float; its sum is f² for size 2f or 2f - 1.

    Its middle follows from whether the size is odd. Caffe's filler decides by f instead, so the two are the same only
    for size = 2f - f mod 2: 2f for even f, 2f - 1 for odd f.
    """
    if size < 1:
        raise ValueError(f"a kernel has at least one pixel, got size {size}")
    factor = (size + 1) // 2
    centre = factor - 1 if size % 2 == 1 else factor - 0.5
    line = 1 - (torch.arange(size, dtype=torch.float64) - centre).abs() / factor
    return (line[:, None] * line[None, :]).to(dtype)


def bilinear_weight(channels: int, size: int, *, dtype: torch.dtype = torch.float32) -> Tensor:
    """Weight of a transposed convolution that upsamples each channel by itself: channels×channels×size×size."""
    weight = torch.zeros(channels, channels, size, size, dtype=dtype)
    weight[range(channels), range(channels)] = bilinear_kernel(size, dtype=dtype)
    return weight


def upsample_bilinear(x: Tensor, *, factor: int, kernel: int, start: tuple[int, int], size: tuple[int, int]) -> Tensor:
    """Rows start..start+size of the transposed convolution of x with the bilinear kernel, no bias.

    x: N×C×h×w, float. `kernel` is 2*factor (even factor) or 2*factor - 1. `start` and `size` are
    (rows, columns) of the uncropped transposed convolution, whose output has (h-1)*factor + kernel
    rows. Returns N×C×size[0]×size[1]. Cells beyond the map count as zero, as they do there.
    """
    if kernel not in (2 * factor, 2 * factor - 1) or (kernel == 2 * factor and factor % 2):
        raise ValueError(f"expected a kernel of {2 * factor} (even factor) or {2 * factor - 1}, got {kernel}")
    if torch.compiler.is_exporting():
        # One operation instead of eight: with free sizes every slice costs the exporter seconds of algebra.
        weight = bilinear_kernel(kernel, dtype=x.dtype).expand(x.shape[1], 1, kernel, kernel)
        full = F.conv_transpose2d(x, weight, stride=factor, groups=x.shape[1])
        return full.narrow(2, start[0], size[0]).narrow(3, start[1], size[1])
    even = kernel == 2 * factor
    # The cells that reach the wanted rows: one before the first, up to the one at the last.
    first = [(s - kernel) // factor + 1 for s in start]
    last = [(s + n - 1) // factor for s, n in zip(start, size, strict=True)]
    h, w = x.shape[-2:]
    window = x[..., max(first[0], 0) : last[0] + 1, max(first[1], 0) : last[1] + 1]
    pad = [max(-first[1], 0), max(last[1] - (w - 1), 0), max(-first[0], 0), max(last[0] - (h - 1), 0)]
    window = F.pad(window, pad)
    if even:
        grid = F.interpolate(window, scale_factor=float(factor), mode="bilinear", align_corners=False)
        begin = [s - f * factor - factor // 2 for s, f in zip(start, first, strict=True)]
    else:
        rows, columns = ((n - 1) * factor + 1 for n in window.shape[-2:])
        grid = F.interpolate(window, size=(rows, columns), mode="bilinear", align_corners=True)
        begin = [s - (factor - 1) - f * factor for s, f in zip(start, first, strict=True)]
    return grid[..., begin[0] : begin[0] + size[0], begin[1] : begin[1] + size[1]]
