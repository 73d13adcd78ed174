"""A trunk: an ImageNet classifier made fully convolutional, as an encoder (CVPR 2015, sections 3.1 and 4.1).

The layers are torchvision's definitions, at any width. Where the classifier has fully connected layers they may be
kept as convolutions: fc6 with the kernel that covered the whole last map (7×7; AlexNet 6×6), fc7 with 1×1.

Two paddings. "reference" pads the first convolution by 100 and fc6 by nothing, so that an image of any size leaves at
least one cell. "centered" pads every layer so that maps cover the image and no more. Poolings of the VGG, AlexNet and
GoogLeNet families round their output size up in both, as Caffe's do.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_core.models.trunks.spec import TrunkSpec
from fcn_core.ops.conv_arithmetic import CoordinateMap
from fcn_core.ops.layer_geometry import layer_geometry, square

REFERENCE_PADDING = 100


class Trunk(nn.Module):
    """An image to feature maps of the levels 1, 2, 4, 8, 16 and 32, as far as the trunk has them.

    A level is the stride that its map has without dilation; 32 is fc7 where the fully connected layers are kept.

    channels[level]       channels of the map
    coordinates[level]    where its cells lie on the image, walked from the layers
    taps                  level -> index of the layer in `features` whose output it is (32: see above)
    """

    def __init__(
        self, spec: TrunkSpec, features: nn.Sequential, *, taps: Mapping[int, int], fc: nn.Sequential | None = None
    ) -> None:
        super().__init__()
        self.name = spec.name
        self.width = spec.width
        self.in_channels = spec.in_channels
        self.taps = dict(taps)
        self.features = features
        self.fc = fc
        if spec.output_stride != 32:
            dilate([*features, *(fc or ())], spec.output_stride)
        self.coordinates: dict[int, CoordinateMap] = {}
        self.channels: dict[int, int] = {}
        here, channels = CoordinateMap(), spec.in_channels
        for index, layer in enumerate((*features, *(fc or ()))):
            found = layer_geometry(layer, channels)
            here, channels = here.then(found.coordinates), found.channels
            for level, tap in taps.items():
                if tap == index:
                    self.coordinates[level], self.channels[level] = here, channels
        self.coordinates[32], self.channels[32] = here, channels
        self._initialise()

    @property
    def levels(self) -> tuple[int, ...]:
        """Levels that there are, finest first."""
        return tuple(sorted(self.channels))

    def forward(self, x: Tensor, levels: Collection[int] | None = None) -> dict[int, Tensor]:
        """x: N×`in_channels`×H×W, float. Returns level -> N×c×h×w for the wanted levels, by default all."""
        return self.encode(x, levels)[0]

    def encode(
        self, x: Tensor, levels: Collection[int] | None = None, *, indices: bool = False
    ) -> tuple[dict[int, Tensor], dict[int, Tensor]]:
        """The maps as `forward` returns them, and with `indices` for every max-pooling (by the level that it leads to)
        where in its input each value came from: N×c×h×w int64, flat positions as `F.max_unpool2d` takes them."""
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise ValueError(
                f"expected a batch N×{self.in_channels}×H×W for this {self.name} trunk, got shape {tuple(x.shape)}"
            )
        wanted = self.levels if levels is None else levels
        maps: dict[int, Tensor] = {}
        places: dict[int, Tensor] = {}
        level = 1
        for index, layer in enumerate(self.features):
            if isinstance(layer, nn.MaxPool2d) and indices:
                level *= 2
                x, places[level] = F.max_pool2d(
                    x, layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.ceil_mode, True
                )
            else:
                x = layer(x)
            for tapped, tap in self.taps.items():
                if tap == index and tapped in wanted:
                    maps[tapped] = x
        if 32 in wanted:
            maps[32] = x if self.fc is None else self.fc(x)
        return maps, places

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)


def dilate(layers: list[nn.Module], output_stride: int) -> None:
    """Takes the strides beyond `output_stride` out of layers in their order; what follows is spread instead.

    Every later kernel then reads the same places as before ("à trous"). A pooling that loses its stride keeps its cells
    in place by a 3×3 window (DeepLab's); poolings of stride 1 stay as they are, since PyTorch cannot pad spread ones.
    """
    stride, spread = 1, 1
    for layer in layers:
        ended = stride * layer_geometry(layer, _first_channels(layer)).stride
        for name, part in layer.named_modules():
            if not isinstance(part, nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d):
                continue
            strided = ended > output_stride and square(part.stride, "stride") > 1
            if isinstance(part, nn.Conv2d):
                _spread(part, spread)
            if strided:
                if isinstance(part, nn.Conv2d):
                    part.stride = (1, 1)
                else:
                    part.kernel_size, part.stride, part.padding = 3, 1, 1
                spread *= 1 if "downsample" in name.split(".") else 2  # a shortcut only follows its block's path
        stride = min(ended, output_stride)


def _spread(convolution: nn.Conv2d, by: int) -> None:
    if convolution.kernel_size != (1, 1):
        padding = by * square(convolution.padding, "padding")
        convolution.dilation, convolution.padding = (by, by), (padding, padding)


def _first_channels(layer: nn.Module) -> int:
    """Channels that a layer reads; only its stride is asked for here, so any number does for layers without."""
    return next((part.in_channels for part in layer.modules() if isinstance(part, nn.Conv2d)), 1)


def replace_first(features: nn.Sequential, spec: TrunkSpec, *, padding: int) -> None:
    """Gives the first convolution the image's channels and the alignment's padding."""
    first = features[0]
    assert isinstance(first, nn.Conv2d)
    features[0] = nn.Conv2d(
        spec.in_channels,
        first.out_channels,
        first.kernel_size,  # type: ignore[arg-type]
        first.stride,  # type: ignore[arg-type]
        padding=REFERENCE_PADDING if spec.alignment == "reference" else padding,
        bias=first.bias is not None,
    )


def centre_poolings(features: nn.Sequential, spec: TrunkSpec) -> list[int]:
    """Rounds sizes up, and for "centered" pads 3×3 poolings by one so that cells stay on pixels; their indices."""
    pools = {i: layer for i, layer in enumerate(features) if isinstance(layer, nn.MaxPool2d)}
    for pool in pools.values():
        pool.ceil_mode = True
        if spec.alignment == "centered" and pool.kernel_size == 3:
            pool.padding = 1
    return list(pools)


def convolutional_classifier(channels: int, kernel: int, spec: TrunkSpec) -> nn.Sequential | None:
    """fc6 and fc7 as convolutions: the linear layers' weights, seen as kernels; None where they are not kept."""
    if not spec.classifier:
        return None
    wide = spec.fc_channels or spec.scaled(4096)
    drop = nn.Dropout2d if spec.dropout_kind == "channel" else nn.Dropout
    padding = kernel // 2 if spec.alignment == "centered" else 0
    fc = nn.Sequential()
    for name, layer in (
        ("fc6", nn.Conv2d(channels, wide, kernel, padding=padding)),
        ("fc7", nn.Conv2d(wide, wide, 1)),
    ):
        fc.add_module(name, layer)
        if spec.fc_norm:
            fc.add_module(name.replace("fc", "norm"), nn.BatchNorm2d(wide))
        fc.add_module(name.replace("fc", "relu"), nn.ReLU(inplace=True))
        fc.add_module(name.replace("fc", "drop"), drop(spec.dropout))
    return fc


def like_rgb(weight: Tensor, channels: int) -> Tensor:
    """First-layer weights for `channels` input channels from RGB weights (out×3×k×k).

    One channel sums the three (a grey image then gives the response of its RGB copy); more than
    three keep RGB and start the others at the mean of the three.
    """
    if channels == weight.shape[1]:
        return weight
    if channels < 3:
        return weight.sum(dim=1, keepdim=True).expand(-1, channels, -1, -1) / channels
    mean = weight.mean(dim=1, keepdim=True).expand(-1, channels - 3, -1, -1)
    return torch.cat([weight, mean], dim=1)
