"""One transposed convolution, computed in three ways: stamps, inserted zeros, and the matrix of a convolution.

x: the input, one channel, n or h×w cells. weight: k or kh×kw. axes: one `Axis` for each. All float64, and no bias:
a bias only adds a constant. Source: Long, Shelhamer and Darrell, CVPR 2015, section 3.3; Dumoulin and Visin, 2016, 4.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from fcn_core.ops.transposed import Axis, output_sizes


def scatter(x: Tensor, weight: Tensor, axes: tuple[Axis, ...]) -> Tensor:
    """What every input cell adds to the output: cells×N or cells×H×W, input cells in reading order.

    Cell i stamps x[i] * weight onto the output, its first weight at s*i - p. The output is the sum over the first axis.
    """
    sizes = output_sizes(tuple(x.shape), axes)
    # The canvas reaches as far as the stamps do; padding cuts it, output padding lengthens its end.
    canvas = [(n - 1) * axis.stride + axis.extent + axis.output_padding for n, axis in zip(x.shape, axes, strict=True)]
    stamps = x.new_zeros(x.numel(), *canvas)
    cells: list[tuple[int, ...]] = list(product(*(range(n) for n in x.shape)))
    for number, cell in enumerate(cells):
        place = tuple(
            slice(i * axis.stride, i * axis.stride + axis.extent, axis.dilation)
            for i, axis in zip(cell, axes, strict=True)
        )
        stamps[number][place] = x[cell] * weight
    kept = tuple(slice(axis.padding, axis.padding + size) for axis, size in zip(axes, sizes, strict=True))
    return stamps[(slice(None), *kept)]


@dataclass(frozen=True)
class ZeroInsertion:
    """stretched: the input with s - 1 zeros between its cells and zeros around; flipped: the turned kernel; output."""

    stretched: Tensor
    flipped: Tensor
    output: Tensor


def zero_insertion(x: Tensor, weight: Tensor, axes: tuple[Axis, ...]) -> ZeroInsertion:
    """Stretch the input by zeros, then convolve as usual with the flipped kernel and stride 1. x: n or H×W.

    d(k - 1) - p zeros go around (a negative number cuts cells off), and op more to the end.
    """
    sizes = output_sizes(tuple(x.shape), axes)
    dims = len(axes)
    apart = x.new_zeros([(n - 1) * axis.stride + 1 for n, axis in zip(x.shape, axes, strict=True)])
    apart[tuple(slice(None, None, axis.stride) for axis in axes)] = x
    rims: list[int] = []
    kept = []
    for axis, size in zip(axes, sizes, strict=True):
        rim = axis.extent - 1 - axis.padding
        rims = [max(rim, 0), max(rim + axis.output_padding, 0), *rims]  # F.pad begins with the last axis
        cut = max(-rim, 0)
        kept.append(slice(cut, cut + size + axis.extent - 1))
    # Zeros first, then the cut: it may reach past the last input, into the zeros of the output padding.
    stretched = F.pad(apart, rims)[tuple(kept)]
    flipped = weight.flip(tuple(range(dims)))
    convolve = F.conv1d if dims == 1 else F.conv2d
    output = convolve(stretched[None, None], flipped[None, None], dilation=tuple(axis.dilation for axis in axes))
    return ZeroInsertion(stretched, flipped, output[0, 0])


def connections(sizes: tuple[int, ...], axes: tuple[Axis, ...]) -> list[tuple[int, int, int]]:
    """(input cell, weight, output cell) of every product in the sum, as numbers in reading order.

    Along each axis j = s*i + d*t - p; what falls outside of the output is left out.
    """
    out = output_sizes(sizes, axes)
    along = [
        [
            (i, t, axis.stride * i + axis.dilation * t - axis.padding)
            for i in range(n)
            for t in range(axis.kernel)
            if 0 <= axis.stride * i + axis.dilation * t - axis.padding < size
        ]
        for n, axis, size in zip(sizes, axes, out, strict=True)
    ]
    if len(axes) == 1:
        return along[0]
    return [
        (i * sizes[1] + other_i, t * axes[1].kernel + other_t, j * out[1] + other_j)
        for i, t, j in along[0]
        for other_i, other_t, other_j in along[1]
    ]


def convolution_matrix(sizes: tuple[int, ...], weight: Tensor, axes: tuple[Axis, ...]) -> Tensor:
    """The matrix C of the convolution that this one transposes: (input cells)×(output cells).

    C @ y is the convolution of the large map y, C.T @ x the transposed convolution of the small map x.
    """
    out = output_sizes(sizes, axes)
    matrix = weight.new_zeros(torch.Size(sizes).numel(), torch.Size(out).numel())
    flat = weight.flatten()
    for i, t, j in connections(sizes, axes):
        matrix[i, j] = flat[t]
    return matrix


def torch_settings(axes: tuple[Axis, ...], *, transposed: bool = True) -> dict[str, Any]:
    """The keyword arguments of torch's conv_transpose1d and 2d, or of its conv1d and conv2d."""
    names = ("stride", "padding", "dilation", *(("output_padding",) if transposed else ()))
    return {name: tuple(getattr(axis, name) for axis in axes) for name in names}


def by_torch(x: Tensor, weight: Tensor, axes: tuple[Axis, ...]) -> Tensor:
    """The transposed convolution as PyTorch computes it: N or H×W."""
    run = F.conv_transpose1d if len(axes) == 1 else F.conv_transpose2d
    return run(x[None, None], weight[None, None], **torch_settings(axes))[0, 0]


def convolve(y: Tensor, weight: Tensor, axes: tuple[Axis, ...]) -> Tensor:
    """The ordinary convolution with the same settings, by PyTorch: from the large map (n or H×W) to the small one."""
    run = F.conv1d if len(axes) == 1 else F.conv2d
    return run(y[None, None], weight[None, None], **torch_settings(axes, transposed=False))[0, 0]
