"""The boxes and arrows of a loaded network, with the sizes that its maps have for one picture (CVPR 2015, Figure 3).

Sizes of the trunk are walked through the model's own layers in exact arithmetic, without running them; those of the
score maps and upsamplings are read off the maps that were computed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from torch import nn
from torchvision.models.googlenet import BasicConv2d, Inception

from fcn_core.models.backbones import Trunk
from fcn_core.models.fcn import FCN
from fcn_core.ops.conv_arithmetic import convolution_size

BoxKind = Literal["photo", "trunk", "score", "enlarge", "add", "head"]
SKIP_OF_STRIDE = {8: "pool3", 16: "pool4", 32: "fc7"}
SCORE_OF_SKIP = {"pool3": "score_pool3", "pool4": "score_pool4", "fc7": "score_fr"}


@dataclass(frozen=True)
class Box:
    """One box of the picture.

    name      unique; a map's name where the box stands for one of the network's score maps, a head's for its output
    title     what is written on it
    channels, height, width   size of its output
    stride    pixels of the photo from one cell to the next
    about     what it is made of, in a few words
    shows     the map of class scores that belongs to it, "" where there are no scores yet
    sources   names of the boxes that lead into it
    """

    name: str
    title: str
    kind: BoxKind
    channels: int
    height: int
    width: int
    stride: int
    about: str
    shows: str
    sources: tuple[str, ...]


@dataclass(frozen=True)
class Stage:
    """A piece of a trunk up to a pooling or a tap: `about` counts its layers; `tap` is pool3, pool4, fc7 or ""."""

    name: str
    channels: int
    height: int
    width: int
    stride: int
    about: str
    tap: str


def trunk_stages(trunk: Trunk, size: tuple[int, int]) -> list[Stage]:
    """The stages of a trunk for a picture of size (H, W), by walking its layers.

    A stage ends at a pooling, or where a skip is tapped. The paper's names pool3 and pool4 stand for the taps of
    stride 8 and 16, whatever the layer is called.
    """
    stages: list[Stage] = []
    (height, width), stride, channels = size, 1, trunk.in_channels
    convolutions, blocks, pooled = 0, 0, False
    tapped = {index: SKIP_OF_STRIDE[s] for s, index in trunk.taps.items()}
    for index, (name, layer) in enumerate(trunk.features.named_children()):
        height, width, stride, channels = _through(layer, height, width, stride, channels)
        convolutions += isinstance(layer, nn.Conv2d | BasicConv2d)
        blocks += isinstance(layer, Inception)
        pooled |= isinstance(layer, nn.MaxPool2d)
        soon = index + 1 in tapped and not isinstance(trunk.features[index + 1], nn.Conv2d | BasicConv2d | Inception)
        ends = isinstance(layer, nn.MaxPool2d) and not soon
        if ends or index in tapped or index + 1 == len(trunk.features):
            if made := _made_of(convolutions, blocks, pooled):
                usual = name if not name.isdigit() else f"pool{stride.bit_length() - 1}"
                tap = tapped.get(index, "")
                stages.append(Stage(tap or usual, channels, height, width, stride, made, tap))
            convolutions, blocks, pooled = 0, 0, False
    if trunk.fc is None:
        last = stages.pop()
        return [*stages, Stage(last.name, last.channels, last.height, last.width, last.stride, last.about, "fc7")]
    for layer in trunk.fc:
        height, width, stride, channels = _through(layer, height, width, stride, channels)
    kernel = next(layer.kernel_size[0] for layer in trunk.fc if isinstance(layer, nn.Conv2d))
    return [*stages, Stage("fc7", channels, height, width, stride, f"{kernel}×{kernel} and 1×1 convolution", "fc7")]


def network_boxes(model: nn.Module, maps: Mapping[str, np.ndarray], size: tuple[int, int], channels: int) -> list[Box]:
    """All boxes of a network for a picture of size (H, W) with that many channels, each after those it is made from.

    maps: the named maps of a pass, K×h×w; without them (a tiled picture) only the trunk is drawn.
    """
    boxes = [Box("photo", "photo", "photo", channels, *size, 1, "what the network reads", "", ())]
    if not isinstance(model, FCN):
        return boxes + _single_stream(model, maps, size)
    before = "photo"
    for stage in trunk_stages(model.trunk, size):
        name = stage.name
        shows = SCORE_OF_SKIP.get(stage.tap, "")
        shows = shows if shows in maps else ""
        c, h, w = stage.channels, stage.height, stage.width
        boxes.append(Box(name, stage.name, "trunk", c, h, w, stage.stride, stage.about, shows, (before,)))
        before = name
    taps = {box.shows: box.name for box in boxes if box.shows}

    def add(name: str, kind: BoxKind, stride: int, about: str, sources: tuple[str, ...]) -> None:
        if name in maps:
            c, h, w = maps[name].shape
            boxes.append(Box(name, name, kind, c, h, w, stride, about, name, sources))

    kernels = {
        name: getattr(model.head, name).placement for name, _ in model.head.named_children() if "upscore" in name
    }

    def enlarging(name: str) -> str:
        place = kernels[name]
        how = "learned" if getattr(model.head, name).weight is not None else "bilinear, frozen"
        return f"transposed convolution {place.kernel}×{place.kernel}, stride {place.factor}: {how}"

    score = "1×1 convolution to the classes"
    add("score_fr", "score", 32, score, (taps.get("score_fr", before),))
    if "upscore2" in maps:
        add("upscore2", "enlarge", 16, enlarging("upscore2"), ("score_fr",))
        add("score_pool4", "score", 16, score, (taps["score_pool4"],))
        add("fuse_pool4", "add", 16, "sum, class by class", ("upscore2", "score_pool4"))
    if "upscore_pool4" in maps:
        add("upscore_pool4", "enlarge", 8, enlarging("upscore_pool4"), ("fuse_pool4",))
        add("score_pool3", "score", 8, score, (taps["score_pool3"],))
        add("fuse_pool3", "add", 8, "sum, class by class", ("upscore_pool4", "score_pool3"))
    for head, source in ((32, "score_fr"), (16, "fuse_pool4"), (8, "fuse_pool3")):
        if head in model.heads and source in maps:
            classes = len(maps[source])
            about = enlarging(f"upscore{head}")
            boxes.append(Box(f"{head}s", f"{head}s", "head", classes, *size, 1, about, f"{head}s", (source,)))
    return boxes


def _single_stream(model: nn.Module, maps: Mapping[str, np.ndarray], size: tuple[int, int]) -> list[Box]:
    """torchvision's network: a trunk that keeps stride 8 by dilation, one score map, one upsampling."""
    if "score_fr" not in maps:
        return []
    classes, height, width = maps["score_fr"].shape
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    last = convolutions[-1]
    trunk = Box(
        "trunk", "trunk", "trunk", last.in_channels, height, width, 8,
        f"{len(convolutions) - 1} convolutions; the last stages dilated instead of strided", "score_fr", ("photo",),
    )  # fmt: skip
    score = Box("score_fr", "score", "score", classes, height, width, 8, "1×1 convolution to the classes", "score_fr",
                (trunk.name,))  # fmt: skip
    return [trunk, score, Box("8s", "8s", "head", classes, *size, 1, "bilinear interpolation", "8s", ("score_fr",))]


def _through(layer: nn.Module, height: int, width: int, stride: int, channels: int) -> tuple[int, int, int, int]:
    """Size, stride and channels after a layer."""
    if isinstance(layer, Inception):
        last = [layer.branch1, layer.branch2[-1], layer.branch3[-1], layer.branch4[-1]]
        return height, width, stride, sum(branch.conv.out_channels for branch in last)
    if isinstance(layer, BasicConv2d):
        layer = layer.conv
    if isinstance(layer, nn.Conv2d):
        k, s, p = layer.kernel_size[0], layer.stride[0], int(layer.padding[0])
        rows, columns = (convolution_size(n, k, stride=s, padding=p) for n in (height, width))
        return rows, columns, stride * s, layer.out_channels
    if isinstance(layer, nn.MaxPool2d):
        kernel, step, padding = layer.kernel_size, layer.stride, layer.padding
        assert isinstance(kernel, int) and isinstance(step, int) and isinstance(padding, int)
        rows, columns = (
            convolution_size(n, kernel, stride=step, padding=padding, ceil=layer.ceil_mode) for n in (height, width)
        )
        return rows, columns, stride * step, channels
    return height, width, stride, channels


def _made_of(convolutions: int, blocks: int, pooling: bool) -> str:
    parts = []
    if convolutions:
        parts.append("1 convolution" if convolutions == 1 else f"{convolutions} convolutions")
    if blocks:
        parts.append("1 inception block" if blocks == 1 else f"{blocks} inception blocks")
    if pooling:
        parts.append("pooling")
    return ", ".join(parts)
