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

from fcn_core.models.fcn import FCN
from fcn_core.models.network import Network
from fcn_core.models.spec import SKIPS, fused_map, score_of
from fcn_core.models.trunks.trunk import Trunk
from fcn_core.ops.layer_geometry import layer_geometry

BoxKind = Literal["photo", "trunk", "score", "enlarge", "add", "head"]
STREAM_OF_LEVEL = {32: "fc7", **{skip.stride: skip.layer for skip in SKIPS}}


@dataclass(frozen=True)
class DrawnBox:
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
class DrawnStage:
    """A piece of a trunk up to a pooling or a tap. `about` counts its layers; `tap` is an FCN's stream or ""."""

    name: str
    channels: int
    height: int
    width: int
    stride: int
    about: str
    tap: str


def trunk_stages(trunk: Trunk, size: tuple[int, int]) -> list[DrawnStage]:
    """The stages of a trunk for a picture of size (H, W), by walking its layers.

    A stage ends at a pooling, or where a skip is tapped. The paper's names pool3 and pool4 stand for the taps of
    stride 8 and 16, whatever the layer is called.
    """
    stages: list[DrawnStage] = []
    (height, width), stride, channels = size, 1, trunk.in_channels
    convolutions, blocks, pooled = 0, 0, False
    tapped = {index: STREAM_OF_LEVEL[level] for level, index in trunk.taps.items() if level in STREAM_OF_LEVEL}
    for index, (name, layer) in enumerate(trunk.features.named_children()):
        found = layer_geometry(layer, channels)
        height, width, stride, channels = found.size(height), found.size(width), stride * found.stride, found.channels
        convolutions += isinstance(layer, nn.Conv2d | BasicConv2d)
        blocks += len(layer) if isinstance(layer, nn.Sequential) else isinstance(layer, Inception)
        pooled |= isinstance(layer, nn.MaxPool2d)
        soon = index + 1 in tapped and not isinstance(trunk.features[index + 1], nn.Conv2d | BasicConv2d | Inception)
        ends = isinstance(layer, nn.MaxPool2d) and not soon
        if ends or index in tapped or index + 1 == len(trunk.features):
            if made := _made_of(convolutions, blocks, pooled):
                usual = name if not name.isdigit() else f"pool{stride.bit_length() - 1}"
                tap = tapped.get(index, "")
                stages.append(DrawnStage(tap or usual, channels, height, width, stride, made, tap))
            convolutions, blocks, pooled = 0, 0, False
    if trunk.fc is None:
        last = stages.pop()
        return [*stages, DrawnStage(last.name, last.channels, last.height, last.width, last.stride, last.about, "fc7")]
    for layer in trunk.fc:
        found = layer_geometry(layer, channels)
        height, width, stride, channels = found.size(height), found.size(width), stride * found.stride, found.channels
    kernel = next(layer.kernel_size[0] for layer in trunk.fc if isinstance(layer, nn.Conv2d))
    return [
        *stages,
        DrawnStage("fc7", channels, height, width, stride, f"{kernel}×{kernel} and 1×1 convolution", "fc7"),
    ]


def network_boxes(
    model: Network, maps: Mapping[str, np.ndarray], size: tuple[int, int], channels: int
) -> list[DrawnBox]:
    """All boxes of a network for a picture of size (H, W) with that many channels, each after those it is made from.

    maps: the named maps of a pass, K×h×w; without them (a tiled picture) only the trunk is drawn.
    """
    boxes = [DrawnBox("photo", "photo", "photo", channels, *size, 1, "what the network reads", "", ())]
    if not isinstance(model, FCN):
        return boxes + _single_stream(model, maps, size)
    before = "photo"
    for stage in trunk_stages(model.trunk, size):
        name = stage.name
        shows = score_of(stage.tap) if stage.tap and score_of(stage.tap) in maps else ""
        c, h, w = stage.channels, stage.height, stage.width
        boxes.append(DrawnBox(name, stage.name, "trunk", c, h, w, stage.stride, stage.about, shows, (before,)))
        before = name
    taps = {box.shows: box.name for box in boxes if box.shows}

    def add(name: str, kind: BoxKind, stride: int, about: str, sources: tuple[str, ...]) -> None:
        if name in maps:
            c, h, w = maps[name].shape
            boxes.append(DrawnBox(name, name, kind, c, h, w, stride, about, name, sources))

    def enlarging(name: str) -> str:
        layer = model.head.upscore(name)
        place, how = layer.placement, "learned" if layer.weight is not None else "bilinear, frozen"
        return f"transposed convolution {place.kernel}×{place.kernel}, stride {place.factor}: {how}"

    score = "1×1 convolution to the classes"
    add("score_fr", "score", 32, score, (taps.get("score_fr", before),))
    coarser = "score_fr"
    for skip in model.head.skips:
        if skip.fuse in maps:
            add(skip.enlarges, "enlarge", skip.stride, enlarging(skip.enlarges), (coarser,))
            add(skip.score, "score", skip.stride, score, (taps[skip.score],))
            add(skip.fuse, "add", skip.stride, "sum, class by class", (skip.enlarges, skip.score))
            coarser = skip.fuse
    for head in sorted(model.heads, reverse=True):
        source = fused_map(head)
        if source in maps:
            classes = len(maps[source])
            about = enlarging(f"upscore{head}")
            boxes.append(DrawnBox(f"{head}s", f"{head}s", "head", classes, *size, 1, about, f"{head}s", (source,)))
    return boxes


def _single_stream(model: Network, maps: Mapping[str, np.ndarray], size: tuple[int, int]) -> list[DrawnBox]:
    """A network without skips of scores: its layers as one box, its score map where one was kept, its head."""
    (head,) = model.heads
    convolutions = [m for m in model.modules() if isinstance(m, nn.Conv2d)]
    last, name = convolutions[-1], model.coarse_map(head)
    height, width = maps[name].shape[1:] if name in maps else size
    layers = DrawnBox(
        "trunk", "layers", "trunk", last.in_channels, height, width, head,
        f"{len(convolutions) - 1} convolutions", name if name in maps else f"{head}s", ("photo",),
    )  # fmt: skip
    boxes, before, classes = [layers], layers.name, model.spec.num_classes
    if name in maps:
        about = "1×1 convolution to the classes"
        boxes.append(DrawnBox(name, "score", "score", len(maps[name]), height, width, head, about, name, (before,)))
        before = name
    about = "bilinear interpolation" if name in maps else "1×1 convolution to the classes"
    return [*boxes, DrawnBox(f"{head}s", f"{head}s", "head", classes, *size, 1, about, f"{head}s", (before,))]


def _made_of(convolutions: int, blocks: int, pooling: bool) -> str:
    parts = []
    if convolutions:
        parts.append("1 convolution" if convolutions == 1 else f"{convolutions} convolutions")
    if blocks:
        parts.append("1 block" if blocks == 1 else f"{blocks} blocks")
    if pooling:
        parts.append("pooling")
    return ", ".join(parts)
