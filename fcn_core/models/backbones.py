"""Trunks: ImageNet classifiers made fully convolutional (CVPR 2015, sections 3.1 and 4.1).

The layers are torchvision's definitions, at any width. The classifier's fully connected layers
become convolutions: fc6 with the kernel that covered the whole last map (7×7; AlexNet 6×6), fc7
with 1×1. GoogLeNet keeps no classifier: its last pooling and linear layer are dropped.

Three GoogLeNets. torchvision's (`googlenet`) has 3×3 convolutions where the published network has 5×5
(its authors call that a known bug) and a 2×2 fourth pooling; its weights need that. One cell of it sees
379 pixels. `googlenet_published` has the published 5×5 branches and 3×3 pooling, and sees 715;
`googlenet_pooled` also keeps the final 7×7 average pooling, which makes the 907 of the paper's table 1
(whose text has that pooling discarded).

Two paddings. "reference" pads the first convolution by 100 and fc6 by nothing, so that an image of
any size leaves at least one cell. "centered" pads every layer so that maps cover the image and no
more. Poolings round their output size up in both, as Caffe's do.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torchvision.models.alexnet import AlexNet
from torchvision.models.googlenet import BasicConv2d, Inception
from torchvision.models.vgg import cfgs as VGG_CFGS
from torchvision.models.vgg import make_layers

from fcn_core.models.spec import FCNSpec
from fcn_core.ops.conv_arithmetic import CoordinateMap, convolution_map

REFERENCE_PADDING = 100


class Trunk(nn.Module):
    """An image to feature maps of stride 8, 16 and 32.

    `forward` takes N×`in_channels`×H×W, float, and returns {8: N×c8×h×w, 16: …, 32: …}; 32 is fc7
    where the trunk has one. `channels[s]` and `coordinates[s]` describe the map of stride s; the
    latter is where its cells lie on the image, walked from the layers.
    """

    def __init__(
        self, name: str, features: nn.Sequential, *, taps: dict[int, int], fc: nn.Sequential | None, spec: FCNSpec
    ) -> None:
        super().__init__()
        self.name = name
        self.width = spec.width
        self.in_channels = spec.in_channels
        self.taps = taps
        self.features = features
        self.fc = fc
        self.coordinates: dict[int, CoordinateMap] = {}
        self.channels: dict[int, int] = {}
        here, channels = CoordinateMap(), spec.in_channels
        for index, layer in enumerate(features):
            here, channels = here.then(_layer_map(layer)), _out_channels(layer, channels)
            for stride, tap in taps.items():
                if tap == index:
                    self.coordinates[stride], self.channels[stride] = here, channels
        for layer in fc or ():
            here, channels = here.then(_layer_map(layer)), _out_channels(layer, channels)
        self.coordinates[32], self.channels[32] = here, channels
        self._initialise()

    def forward(self, x: Tensor) -> dict[int, Tensor]:
        if x.ndim != 4 or x.shape[1] != self.in_channels:
            raise ValueError(
                f"expected a batch N×{self.in_channels}×H×W for this {self.name} trunk, got shape {tuple(x.shape)}"
            )
        maps: dict[int, Tensor] = {}
        for index, layer in enumerate(self.features):
            x = layer(x)
            for stride, tap in self.taps.items():
                if tap == index:
                    maps[stride] = x
        maps[32] = x if self.fc is None else self.fc(x)
        return maps

    def _initialise(self) -> None:
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
                if module.bias is not None:
                    nn.init.zeros_(module.bias)


def build_trunk(spec: FCNSpec) -> Trunk:
    """The trunk that `spec` names; ValueError lists the known ones."""
    if spec.backbone not in BACKBONES:
        raise ValueError(f"no trunk {spec.backbone!r}; choose one of {', '.join(BACKBONES)}")
    return BACKBONES[spec.backbone](spec)


def _vgg16(spec: FCNSpec, *, batch_norm: bool) -> Trunk:
    cfg: list[str | int] = [_scaled(c, spec.width) if isinstance(c, int) else c for c in VGG_CFGS["D"]]
    features = make_layers(cfg, batch_norm=batch_norm)
    _replace_first(features, spec, padding=1)
    pools = _centre_poolings(features, spec)
    fc = _convolutional_classifier(_scaled(512, spec.width), 7, spec)
    name = "vgg16_bn" if batch_norm else "vgg16"
    return Trunk(name, features, taps={8: pools[2], 16: pools[3]}, fc=fc, spec=spec)


def _alexnet(spec: FCNSpec) -> Trunk:
    features = AlexNet(num_classes=1).features
    _scale_convolutions(features, spec)
    _replace_first(features, spec, padding=5)
    pools = _centre_poolings(features, spec)
    fc = _convolutional_classifier(_scaled(256, spec.width), 6, spec)
    return Trunk("alexnet", features, taps={8: pools[0], 16: pools[1]}, fc=fc, spec=spec)


def _caffenet(spec: FCNSpec) -> Trunk:
    """The AlexNet of the released fcn-alexnet-pascal: 96 channels, groups of two, response normalisation."""
    c = [_scaled(n, spec.width) for n in (96, 256, 384, 384, 256)]
    relu, pool = (lambda: nn.ReLU(inplace=True)), (lambda: nn.MaxPool2d(3, 2))
    norm = lambda: nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75)  # noqa: E731
    features = nn.Sequential(
        nn.Conv2d(spec.in_channels, c[0], 11, 4), relu(), pool(), norm(),
        nn.Conv2d(c[0], c[1], 5, padding=2, groups=2), relu(), pool(), norm(),
        nn.Conv2d(c[1], c[2], 3, padding=1), relu(),
        nn.Conv2d(c[2], c[3], 3, padding=1, groups=2), relu(),
        nn.Conv2d(c[3], c[4], 3, padding=1, groups=2), relu(), pool(),
    )  # fmt: skip
    _replace_first(features, spec, padding=5)
    pools = _centre_poolings(features, spec)
    fc = _convolutional_classifier(c[4], 6, spec)
    return Trunk("caffenet", features, taps={8: pools[0] + 1, 16: pools[1] + 1}, fc=fc, spec=spec)


def _googlenet(spec: FCNSpec, *, published: bool = False, pooled: bool = False) -> Trunk:
    def s(*channels: int) -> list[int]:
        return [_scaled(c, spec.width) for c in channels]

    def inception(before: Sequence[int], *channels: int) -> tuple[Inception, list[int]]:
        b1, r3, b3, r5, b5, pool = s(*channels)
        block = Inception(sum(before), b1, r3, b3, r5, b5, pool)
        if published:
            block.branch3[1] = BasicConv2d(r5, b5, kernel_size=5, padding=2)  # type: ignore[operator]
        return block, [b1, b3, b5, pool]

    layers: list[tuple[str, nn.Module]] = []
    c64, c192 = s(64, 192)
    first = BasicConv2d(spec.in_channels, c64, kernel_size=7, stride=2, padding=3)
    layers += [("conv1", first), ("maxpool1", nn.MaxPool2d(3, 2, ceil_mode=True))]
    layers += [("conv2", BasicConv2d(c64, c64, kernel_size=1))]
    layers += [("conv3", BasicConv2d(c64, c192, kernel_size=3, padding=1))]
    layers += [("maxpool2", nn.MaxPool2d(3, 2, ceil_mode=True))]
    before = [c192]
    for name, channels in _INCEPTIONS.items():
        if channels is None:
            layers.append((name, nn.MaxPool2d(3 if published or name == "maxpool3" else 2, 2, ceil_mode=True)))
        else:
            block, before = inception(before, *channels)
            layers.append((name, block))
    if pooled:  # padded in both alignments, so that the smallest image leaves a cell
        layers.append(("avgpool", nn.AvgPool2d(7, stride=1, padding=3, count_include_pad=False)))
    features = nn.Sequential()
    for name, layer in layers:
        features.add_module(name, layer)
    if spec.alignment == "reference":
        first.conv.padding = (REFERENCE_PADDING, REFERENCE_PADDING)
    _centre_poolings(features, spec)
    names = [name for name, _ in layers]
    taps = {8: names.index("inception3b"), 16: names.index("inception4e")}
    name = "googlenet_pooled" if pooled else "googlenet_published" if published else "googlenet"
    return Trunk(name, features, taps=taps, fc=None, spec=spec)


_INCEPTIONS: dict[str, tuple[int, ...] | None] = {
    "inception3a": (64, 96, 128, 16, 32, 32),
    "inception3b": (128, 128, 192, 32, 96, 64),
    "maxpool3": None,
    "inception4a": (192, 96, 208, 16, 48, 64),
    "inception4b": (160, 112, 224, 24, 64, 64),
    "inception4c": (128, 128, 256, 24, 64, 64),
    "inception4d": (112, 144, 288, 32, 64, 64),
    "inception4e": (256, 160, 320, 32, 128, 128),
    "maxpool4": None,
    "inception5a": (256, 160, 320, 32, 128, 128),
    "inception5b": (384, 192, 384, 48, 128, 128),
}

BACKBONES: dict[str, Callable[[FCNSpec], Trunk]] = {
    "vgg16": lambda spec: _vgg16(spec, batch_norm=False),
    "vgg16_bn": lambda spec: _vgg16(spec, batch_norm=True),
    "alexnet": _alexnet,
    "caffenet": _caffenet,
    "googlenet": _googlenet,
    "googlenet_published": lambda spec: _googlenet(spec, published=True),
    "googlenet_pooled": lambda spec: _googlenet(spec, published=True, pooled=True),
}


def _scaled(channels: int, width: float) -> int:
    """Channels at this width; even, so that grouped convolutions divide."""
    return max(2, 2 * round(channels * width / 2))


def _convolutional_classifier(channels: int, kernel: int, spec: FCNSpec) -> nn.Sequential:
    """fc6 and fc7 as convolutions: the linear layers' weights, seen as kernels."""
    wide = spec.fc_channels or _scaled(4096, spec.width)
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


def _replace_first(features: nn.Sequential, spec: FCNSpec, *, padding: int) -> None:
    """Gives the first convolution the image's channels and the alignment's padding."""
    first = features[0]
    assert isinstance(first, nn.Conv2d)
    features[0] = nn.Conv2d(
        spec.in_channels,
        first.out_channels,
        first.kernel_size,  # type: ignore[arg-type]
        first.stride,  # type: ignore[arg-type]
        padding=REFERENCE_PADDING if spec.alignment == "reference" else padding,
    )


def _scale_convolutions(features: nn.Sequential, spec: FCNSpec) -> None:
    before = spec.in_channels
    for index, layer in enumerate(features):
        if isinstance(layer, nn.Conv2d):
            after = _scaled(layer.out_channels, spec.width)
            features[index] = nn.Conv2d(before, after, layer.kernel_size, layer.stride, layer.padding)  # type: ignore[arg-type]
            before = after


def _centre_poolings(features: nn.Sequential, spec: FCNSpec) -> list[int]:
    """Rounds sizes up, and for "centered" pads 3×3 poolings by one so that cells stay on pixels; their indices."""
    pools = {i: layer for i, layer in enumerate(features) if isinstance(layer, nn.MaxPool2d)}
    for pool in pools.values():
        pool.ceil_mode = True
        if spec.alignment == "centered" and pool.kernel_size == 3:
            pool.padding = 1
    return list(pools)


def _layer_map(layer: nn.Module) -> CoordinateMap:
    """Where a layer's cells lie on its input. Inception blocks have stride 1 and "same" padding in every branch."""
    if isinstance(layer, BasicConv2d):
        layer = layer.conv
    if isinstance(layer, nn.Conv2d):
        return convolution_map(
            layer.kernel_size[0], stride=layer.stride[0], padding=int(layer.padding[0]), dilation=layer.dilation[0]
        )
    if isinstance(layer, nn.MaxPool2d | nn.AvgPool2d):
        kernel, stride, padding = layer.kernel_size, layer.stride, layer.padding
        assert isinstance(kernel, int) and isinstance(stride, int) and isinstance(padding, int)
        return convolution_map(kernel, stride=stride, padding=padding)
    return CoordinateMap()


def _out_channels(layer: nn.Module, before: int) -> int:
    if isinstance(layer, BasicConv2d):
        layer = layer.conv
    if isinstance(layer, nn.Conv2d):
        return layer.out_channels
    if isinstance(layer, Inception):
        last = [layer.branch1, layer.branch2[-1], layer.branch3[-1], layer.branch4[-1]]
        return sum(branch.conv.out_channels for branch in last)
    return before


def parameter_count(module: nn.Module) -> int:
    """Number of learned values."""
    return sum(p.numel() for p in module.parameters())


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
