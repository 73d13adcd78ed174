"""Sizes and coordinates of convolutions, poolings and transposed convolutions, in exact arithmetic.

One dimension at a time. `CoordinateMap` says where on its input an output index looks: the centre
of cell i lies at `scale * i + offset` input pixels. Maps compose, so every crop offset of an FCN
follows from its layers instead of being typed in (the offsets 19, 27, 31, 5 and 9 of the
reference network among them; see Shelhamer, Long, Darrell, PAMI 2017, and their coord_map code).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True)
class CoordinateMap:
    """Centre of output cell i = `scale` * i + `offset`, in pixels of the input."""

    scale: Fraction = Fraction(1)
    offset: Fraction = Fraction(0)

    def __call__(self, index: int | Fraction) -> Fraction:
        return self.scale * index + self.offset

    def then(self, following: CoordinateMap) -> CoordinateMap:
        """The map of two layers in a row: this one first, `following` on top of it."""
        return CoordinateMap(self.scale * following.scale, self.scale * following.offset + self.offset)


def convolution_map(kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> CoordinateMap:
    """Map of a convolution or pooling: i -> stride * i + (extent - 1) / 2 - padding."""
    return CoordinateMap(Fraction(stride), Fraction(dilation * (kernel - 1), 2) - padding)


def transposed_map(kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1) -> CoordinateMap:
    """Map of a transposed convolution: the inverse of the convolution with the same settings."""
    down = convolution_map(kernel, stride=stride, padding=padding, dilation=dilation)
    return CoordinateMap(1 / down.scale, -down.offset / down.scale)


def convolution_size(
    n: int, kernel: int, *, stride: int = 1, padding: int = 0, dilation: int = 1, ceil: bool = False
) -> int:
    """Output size for input size n; `ceil` rounds up as Caffe's poolings do (a window must start inside).

    ValueError when the kernel does not fit into the padded input.
    """
    room = n + 2 * padding - dilation * (kernel - 1) - 1
    if room < 0 and not (ceil and n + padding > 0):
        raise ValueError(
            f"a kernel that spans {dilation * (kernel - 1) + 1} pixels does not fit into {n} pixels with "
            f"{padding} of padding on each side; use more padding, a larger input or a smaller kernel"
        )
    if not ceil:
        return room // stride + 1
    out = -(-room // stride) + 1
    return out - 1 if (out - 1) * stride >= n + padding else max(out, 1)


def transposed_size(
    n: int, kernel: int, *, stride: int = 1, padding: int = 0, output_padding: int = 0, dilation: int = 1
) -> int:
    """Output size of a transposed convolution: (n - 1) * stride - 2 * padding + dilation * (kernel - 1) + op + 1."""
    size = (n - 1) * stride - 2 * padding + dilation * (kernel - 1) + output_padding + 1
    if size < 1:
        raise ValueError(
            f"this transposed convolution of {n} pixels has size {size}; use less padding or a larger kernel"
        )
    return size


@dataclass(frozen=True)
class Upsampling:
    """An upsampling by `factor` placed on a target grid: a transposed convolution, then a crop.

    `kernel` is the bilinear kernel's size. Index j of the transposed convolution's output is index
    j + `shift` of the target: a negative shift crops the upsampled map, a positive one the target.
    """

    factor: int
    kernel: int
    shift: int


def place_upsampling(source: CoordinateMap, target: CoordinateMap) -> Upsampling:
    """Kernel and shift that put the upsampled `source` map onto the `target` grid.

    The kernel is 2f where that lands on the grid (cells centred between pixels, as in VGG16) and
    2f - 1 where that does (cells centred on pixels, as in AlexNet: 63 for its stride 32).
    ValueError when neither does, or when the strides are not multiples.
    """
    ratio = source.scale / target.scale
    if ratio.denominator != 1:
        raise ValueError(f"a map of stride {source.scale} cannot be upsampled by a whole factor to {target.scale}")
    factor = int(ratio)
    for kernel in (2 * factor, 2 * factor - 1):
        upsampled = source.then(transposed_map(kernel, stride=factor))
        shift = (upsampled.offset - target.offset) / target.scale
        if shift.denominator == 1:
            return Upsampling(factor, kernel, int(shift))
    raise ValueError(
        f"cells of stride {source.scale} at offset {source.offset} cannot be put on a grid of stride {target.scale} "
        f"at offset {target.offset} by a whole crop; change a padding of the trunk"
    )
