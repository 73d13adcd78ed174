"""Stacks of layers that a person builds: what one cell sees, and what it costs.

A stack is a list of layers with kernel, stride, padding and dilation. It becomes real PyTorch modules,
and those are walked like any network, so that a lab and a model answer alike. A stack also has a short
spelling, `c3 c3p1 m2s2 c3d2x64 t4s2`, that fits into an address.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from torch import nn

from fcn_core.analysis.fields.receptive_field import AxisField, LayerField, ReceptiveFields, receptive_field
from fcn_core.ops.conv_arithmetic import convolution_size, transposed_size

Kind = Literal["convolution", "max pooling", "average pooling", "transposed"]
LETTERS: dict[Kind, str] = {"convolution": "c", "max pooling": "m", "average pooling": "a", "transposed": "t"}
SPELLING = re.compile(r"([cmat])(\d{1,3})(?:s(\d{1,3}))?(?:p(\d{1,3}))?(?:d(\d{1,3}))?(?:x(\d{1,4}))?")
MOST_LAYERS = 30
CHANNELS = 64


@dataclass(frozen=True)
class StackLayer:
    """One layer, square in both axes. channels: that it puts out (poolings keep those they get)."""

    kind: Kind = "convolution"
    kernel: int = 3
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    channels: int = CHANNELS

    @property
    def pools(self) -> bool:
        return self.kind in ("max pooling", "average pooling")

    @property
    def spelling(self) -> str:
        words = [f"{LETTERS[self.kind]}{self.kernel}"]
        words += [f"s{self.stride}"] * (self.stride != 1) + [f"p{self.padding}"] * (self.padding != 0)
        words += [f"d{self.dilation}"] * (self.dilation != 1)
        return "".join(words + [f"x{self.channels}"] * (self.channels != CHANNELS and not self.pools))


@dataclass(frozen=True)
class StackRow:
    """One layer of a walked stack. cells: of its map along one axis; field: what one of them sees."""

    layer: StackLayer
    cells: int
    field: AxisField
    parameters: int
    multiply_adds: int


@dataclass(frozen=True)
class StackReport:
    """A walked stack.

    rows         up to the first layer that does not work
    problem      what is wrong with that layer and what would help; "" if nothing is
    """

    rows: tuple[StackRow, ...]
    problem: str = ""

    @property
    def field(self) -> int:
        return (self.rows[-1].field.size or 0) if self.rows else 1

    @property
    def stride(self) -> Fraction:
        return self.rows[-1].field.stride if self.rows else Fraction(1)

    @property
    def parameters(self) -> int:
        return sum(row.parameters for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        return sum(row.multiply_adds for row in self.rows)


def spell(layers: Sequence[StackLayer]) -> str:
    """The short spelling of a stack."""
    return " ".join(layer.spelling for layer in layers)


def read_stack(text: str) -> tuple[StackLayer, ...]:
    """A stack from its short spelling, words apart by spaces or dots; ValueError shows the word that is none."""
    words = re.split(r"[\s.]+", text.strip()) if text.strip() else []
    if len(words) > MOST_LAYERS:
        raise ValueError(f"a stack has at most {MOST_LAYERS} layers, this one has {len(words)}")
    letters = {letter: kind for kind, letter in LETTERS.items()}
    layers: list[StackLayer] = []
    for word in words:
        found = SPELLING.fullmatch(word)
        if not found:
            raise ValueError(
                f"{word!r} is no layer; write c3 for a 3×3 convolution, m2s2 for max pooling, a for average pooling, "
                "t for transposed, then s stride, p padding, d dilation, x channels: c3s2p1d1x64"
            )
        letter, kernel, stride, padding, dilation, channels = found.groups()
        layers.append(
            StackLayer(
                letters[letter], int(kernel), int(stride or 1), int(padding or 0), int(dilation or 1),
                int(channels or CHANNELS),
            )
        )  # fmt: skip
    return tuple(layers)


def walk_stack(layers: Sequence[StackLayer], *, size: int = 224, channels: int = 3) -> StackReport:
    """Builds the stack and walks it with a picture of size×size pixels and `channels` channels.

    Invalid settings do not raise: the report ends before them and says what is wrong.
    """
    modules: list[nn.Module] = []
    counts: list[tuple[int, int, int]] = []
    n, before, problem = size, channels, ""
    for number, layer in enumerate(layers, 1):
        try:
            after = _size(layer, n)
        except ValueError as wrong:
            problem = f"Layer {number} ({in_words(layer)}): {wrong}"
            break
        module = _module(layer, before)
        own = sum(p.numel() for p in module.parameters())
        counts.append((after, own, _multiply_adds(layer, before, n, after)))
        modules.append(module)
        n, before = after, before if layer.pools else layer.channels
    if not modules:
        return StackReport((), problem)
    walked: ReceptiveFields = receptive_field(nn.Sequential(*modules), (size, size), channels=channels)
    found: Sequence[LayerField] = walked.layers
    rows = tuple(
        StackRow(layer, cells, row.axes[0], parameters, work)
        for layer, row, (cells, parameters, work) in zip(layers, found, counts, strict=False)
    )
    return StackReport(rows, problem)


def in_words(layer: StackLayer) -> str:
    """A layer as one would say it: "3×3 convolution, stride 2, padding 1"."""
    words = [f"{layer.kernel}×{layer.kernel} {'transposed convolution' if layer.kind == 'transposed' else layer.kind}"]
    words += [f"stride {layer.stride}"] * (layer.stride != 1) + [f"padding {layer.padding}"] * (layer.padding != 0)
    return ", ".join(words + [f"dilation {layer.dilation}"] * (layer.dilation != 1))


def _size(layer: StackLayer, n: int) -> int:
    """Cells after a layer; ValueError says what is wrong with its settings."""
    for name, value in (("kernel", layer.kernel), ("stride", layer.stride), ("dilation", layer.dilation)):
        if value < 1:
            raise ValueError(f"its {name} is {value}; it must be at least 1")
    if layer.padding < 0:
        raise ValueError(f"its padding is {layer.padding}; it must be at least 0")
    if layer.channels < 1 and not layer.pools:
        raise ValueError(f"it has {layer.channels} channels; it needs at least 1")
    if layer.pools and layer.padding > layer.kernel // 2:
        raise ValueError(
            f"a pooling may be padded by at most half its kernel, here {layer.kernel // 2}; with {layer.padding} some "
            "windows would see nothing but padding"
        )
    if layer.kind == "average pooling" and layer.dilation != 1:
        raise ValueError("PyTorch's average pooling has no dilation; set it to 1 or use max pooling")
    if layer.kind == "transposed":
        return transposed_size(
            n, layer.kernel, stride=layer.stride, padding=layer.padding, dilation=layer.dilation
        )  # fmt: skip
    return convolution_size(n, layer.kernel, stride=layer.stride, padding=layer.padding, dilation=layer.dilation)


def _module(layer: StackLayer, before: int) -> nn.Module:
    kernel, stride, padding = layer.kernel, layer.stride, layer.padding
    if layer.kind == "max pooling":
        return nn.MaxPool2d(kernel, stride, padding, dilation=layer.dilation)
    if layer.kind == "average pooling":
        return nn.AvgPool2d(kernel, stride, padding)
    kind = nn.ConvTranspose2d if layer.kind == "transposed" else nn.Conv2d
    return kind(before, layer.channels, kernel, stride, padding, dilation=layer.dilation, device="meta")


def _multiply_adds(layer: StackLayer, before: int, cells_in: int, cells_out: int) -> int:
    """Of the whole map: a convolution's kernel at every output cell, a transposed one's at every input cell."""
    if layer.pools:
        return 0
    cells = cells_in if layer.kind == "transposed" else cells_out
    return before * layer.channels * layer.kernel**2 * cells**2


@dataclass(frozen=True)
class Comparison:
    """Two stacks that see equally far, and what to look at."""

    title: str
    first: str
    second: str
    story: str


COMPARISONS: dict[str, Comparison] = {
    "kernels": Comparison(
        "Three 3×3 or one 7×7", "c3p1 c3p1 c3p1", "c7p3",
        "VGG's idea: three small kernels see as far as one large one, with 27 weights a channel pair instead of 49 "
        "and two more ReLUs in between.",
    ),
    "stride": Comparison(
        "Stride or dilation", "c3p1 c3s2p1 c3p1 c3s2p1 c3p1", "c3p1 c3p1 c3p2d2 c3p2d2 c3p4d4",
        "Striding makes maps small and cheap, and coarse. Dilation sees as far from every pixel, at the full "
        "resolution and its full price; later networks chose it, the paper came back up by skips.",
    ),
    "large": Comparison(
        "Dilation or large kernels", "c3p1 c3p2d2 c3p4d4 c3p8d8", "c31p15",
        "Doubling the dilation doubles what a layer adds: 31 pixels with four small kernels, or with one of 961 "
        "weights a channel pair.",
    ),
    "vgg": Comparison(
        "VGG16 up to pool3, or plain 3×3",
        "c3p1 c3p1 m2s2 c3p1x128 c3p1x128 m2s2 c3p1x256 c3p1x256 c3p1x256 m2s2",
        " ".join(["c3p1"] * 21 + ["m2"]),
        "44 pixels in seven convolutions and three poolings. Without poolings it takes 21 convolutions and a window "
        "of two.",
    ),
}  # fmt: skip
