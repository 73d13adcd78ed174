"""Sizes of a convolution and of its transpose, with what makes a setting invalid, and the round trip between them.

A convolution maps n pixels to m; s values of n share one m, because of the rounding down. The transposed convolution
maps m back to the smallest of them, and its output padding chooses one of the others.
Sources: Long, Shelhamer and Darrell, CVPR 2015, section 3.3; Dumoulin and Visin, "A guide to convolution arithmetic for
deep learning", 2016, relationships 6 and 13 (here with dilation).
"""

from __future__ import annotations

from dataclasses import dataclass

from fcn_core.ops.conv_arithmetic import convolution_size, transposed_size


@dataclass(frozen=True)
class Axis:
    """Settings of one axis, in pixels. ValueError for numbers that no convolution can have."""

    kernel: int
    stride: int = 1
    padding: int = 0
    output_padding: int = 0
    dilation: int = 1

    def __post_init__(self) -> None:
        for name, least in (("kernel", 1), ("stride", 1), ("padding", 0), ("output_padding", 0), ("dilation", 1)):
            if getattr(self, name) < least:
                words = name.replace("_", " ")
                raise ValueError(f"{words} must be at least {least}, got {getattr(self, name)}; make it larger")

    @property
    def extent(self) -> int:
        """Pixels from the kernel's first weight to its last, both included: d(k - 1) + 1."""
        return self.dilation * (self.kernel - 1) + 1

    def down(self, n: int) -> int:
        """Output size m of the convolution of n pixels: floor((n + 2p - d(k - 1) - 1) / s) + 1.

        ValueError where the kernel does not fit.
        """
        _positive(n)
        return convolution_size(n, self.kernel, stride=self.stride, padding=self.padding, dilation=self.dilation)

    def up(self, n: int) -> int:
        """Output size of the transposed convolution of n pixels: (n - 1)s - 2p + d(k - 1) + op + 1.

        ValueError where nothing is left, or where the output padding is too large: PyTorch asks op < max(s, d).
        """
        _positive(n)
        if self.output_padding >= max(self.stride, self.dilation):
            raise ValueError(
                f"output padding {self.output_padding} is too large: it must be smaller than the stride "
                f"({self.stride}) or the dilation ({self.dilation}). A convolution of stride {self.stride} gives the "
                f"same output for {self.stride} input size{'s' if self.stride > 1 else ''}, so 0 to {self.stride - 1} "
                f"{'are' if self.stride > 1 else 'is'} enough to reach each of them"
            )
        size = (n - 1) * self.stride + self.extent + self.output_padding - 2 * self.padding
        if size < 1:
            raise ValueError(
                f"nothing is left: the stamps of {n} pixel{'s' if n > 1 else ''} cover "
                f"{(n - 1) * self.stride + self.extent + self.output_padding} pixels, and padding cuts {self.padding} "
                f"off each side, which leaves {size}; use less padding, a larger kernel or more input pixels"
            )
        return transposed_size(
            n, self.kernel, stride=self.stride, padding=self.padding, output_padding=self.output_padding,
            dilation=self.dilation,
        )  # fmt: skip

    def same_output(self, m: int) -> tuple[int, ...]:
        """All input sizes n >= 1 of which the convolution makes m, ascending: at most s of them."""
        _positive(m)
        least = (m - 1) * self.stride + self.extent - 2 * self.padding
        return tuple(range(max(least, 1), least + self.stride))

    def way_back(self, n: int) -> int:
        """The output padding with which the transpose of this convolution gets n back: (n + 2p - d(k-1) - 1) mod s.

        It is what the convolution's rounding drops. ValueError where the kernel does not fit into n.
        """
        self.down(n)
        return (n + 2 * self.padding - self.extent) % self.stride


def output_sizes(sizes: tuple[int, ...], axes: tuple[Axis, ...]) -> tuple[int, ...]:
    """Output sizes of the transposed convolution, one an axis. ValueError as `Axis.up`, which names the axis in 2-D."""
    if len(sizes) != len(axes) or len(axes) not in (1, 2):
        raise ValueError(f"expected one size for each of one or two axes, got {len(sizes)} sizes and {len(axes)} axes")
    if len(axes) == 1:
        return (axes[0].up(sizes[0]),)
    found = []
    for name, size, axis in zip(("rows", "columns"), sizes, axes, strict=True):
        try:
            found.append(axis.up(size))
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None
    return tuple(found)


def _positive(n: int) -> None:
    if n < 1:
        raise ValueError(f"a map has at least one pixel, got {n}; use a larger input")
