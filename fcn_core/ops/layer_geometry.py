"""What one layer does to a map: the windows through which it reads, and the channels that come out.

One rule for each kind of layer, and an error for a layer that has none: taken for the identity, an unknown layer would
give wrong coordinates without a word. Windows are square, so that rows and columns obey the same numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Literal

from torch import nn
from torchvision.models.googlenet import BasicConv2d, Inception
from torchvision.models.resnet import BasicBlock, Bottleneck

from fcn_core.ops.conv_arithmetic import CoordinateMap, convolution_map, convolution_size


class UnknownLayer(ValueError):
    """A layer whose geometry nobody has written down."""


@dataclass(frozen=True)
class Window:
    """A square window that slides over a map. ceil: sizes are rounded up, as Caffe's poolings do."""

    kernel: int = 1
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    ceil: bool = False
    kind: Literal["convolution", "pooling"] = "convolution"

    @property
    def coordinates(self) -> CoordinateMap:
        """Where an output cell looks on the input."""
        return convolution_map(self.kernel, stride=self.stride, padding=self.padding, dilation=self.dilation)

    def size(self, n: int) -> int:
        """Cells of the output for n cells of input; ValueError where the window does not fit."""
        return convolution_size(
            n, self.kernel, stride=self.stride, padding=self.padding, dilation=self.dilation, ceil=self.ceil
        )


@dataclass(frozen=True)
class LayerGeometry:
    """The windows that a layer applies one after the other (none: it works on each cell alone), and its channels."""

    windows: tuple[Window, ...]
    channels: int

    @property
    def coordinates(self) -> CoordinateMap:
        """Where an output cell looks on the layer's input."""
        return reduce(lambda here, window: here.then(window.coordinates), self.windows, CoordinateMap())

    @property
    def stride(self) -> int:
        """Input cells from one output cell to the next."""
        return reduce(lambda stride, window: stride * window.stride, self.windows, 1)

    def size(self, n: int) -> int:
        """Cells of the output along an axis of n input cells; ValueError where a window does not fit."""
        return reduce(lambda cells, window: window.size(cells), self.windows, n)


POINTWISE: tuple[type[nn.Module], ...] = (
    nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.PReLU, nn.ELU, nn.SiLU, nn.GELU, nn.Hardswish, nn.Sigmoid, nn.Tanh,
    nn.BatchNorm2d, nn.GroupNorm, nn.LocalResponseNorm, nn.Dropout, nn.Dropout2d, nn.Identity,
)  # fmt: skip
"""Layers that neither move nor mix cells."""


def layer_geometry(layer: nn.Module, channels: int) -> LayerGeometry:
    """The geometry of a layer or block that reads `channels` channels. UnknownLayer for a kind without a rule,
    ValueError for windows that are not square."""
    if isinstance(layer, POINTWISE):
        return LayerGeometry((), channels)
    for kind, rule in RULES.items():
        if isinstance(layer, kind):
            return rule(layer, channels)
    raise UnknownLayer(
        f"the geometry of a {type(layer).__name__} is not known, so nothing behind it can be placed on the photo; "
        "add a rule to fcn_core/ops/layer_geometry.py"
    )


def square(value: int | tuple[int, ...] | str, what: str) -> int:
    """The one number of a setting for both axes; ValueError where the axes differ."""
    if isinstance(value, int):
        return value
    if isinstance(value, str) or len(set(value)) != 1:
        raise ValueError(f"expected one {what} for rows and columns, got {value}")
    return int(value[0])


def _convolution(layer: nn.Conv2d, channels: int) -> LayerGeometry:
    window = Window(
        square(layer.kernel_size, "kernel size"),
        square(layer.stride, "stride"),
        square(layer.padding, "padding"),
        square(layer.dilation, "dilation"),
    )
    return LayerGeometry((window,), layer.out_channels)


def _pooling(layer: nn.MaxPool2d | nn.AvgPool2d, channels: int) -> LayerGeometry:
    window = Window(
        square(layer.kernel_size, "kernel size"),
        square(layer.stride, "stride"),
        square(layer.padding, "padding"),
        square(getattr(layer, "dilation", 1), "dilation"),
        layer.ceil_mode,
        "pooling",
    )
    return LayerGeometry((window,), channels)


def _sequence(layers: Sequence[nn.Module], channels: int) -> LayerGeometry:
    windows: tuple[Window, ...] = ()
    for layer in layers:
        found = layer_geometry(layer, channels)
        windows, channels = windows + found.windows, found.channels
    return LayerGeometry(windows, channels)


def _side_by_side(branches: Sequence[LayerGeometry], channels: int, name: str) -> LayerGeometry:
    """Branches that are added or put behind one another: all must look at the same places; the widest is told."""
    if len({branch.coordinates for branch in branches}) != 1:
        raise ValueError(f"the branches of a {name} do not look at the same places of their input")
    widest = max(branches, key=lambda branch: sum(w.dilation * (w.kernel - 1) for w in branch.windows))
    return LayerGeometry(widest.windows, channels)


def _inception(layer: Inception, channels: int) -> LayerGeometry:
    branches = [layer_geometry(branch, channels) for branch in layer.children()]
    return _side_by_side(branches, sum(branch.channels for branch in branches), "Inception block")


def _residual(layer: BasicBlock | Bottleneck, channels: int) -> LayerGeometry:
    convolutions = [layer.conv1, layer.conv2, *([layer.conv3] if isinstance(layer, Bottleneck) else [])]
    path = _sequence(convolutions, channels)
    shortcut = LayerGeometry((), channels) if layer.downsample is None else layer_geometry(layer.downsample, channels)
    if shortcut.channels != path.channels:
        raise ValueError(f"the shortcut of a residual block has {shortcut.channels} channels, its path {path.channels}")
    return _side_by_side([path, shortcut], path.channels, "residual block")


RULES: dict[type[nn.Module], Callable[..., LayerGeometry]] = {
    nn.Conv2d: _convolution,
    nn.MaxPool2d: _pooling,
    nn.AvgPool2d: _pooling,
    nn.Sequential: _sequence,
    BasicConv2d: lambda layer, channels: _convolution(layer.conv, channels),
    Inception: _inception,
    BasicBlock: _residual,
    Bottleneck: _residual,
}
"""Kind of layer -> its rule: (layer, channels of its input) -> geometry."""
