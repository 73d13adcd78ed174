"""The chain of a real network: its layers with kernel, stride, padding and crops, read off the modules."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import nn
from torchvision.models.googlenet import BasicConv2d, Inception

from fcn_core.analysis.aligning.chain import PHOTO, Chain, ChainLayer
from fcn_core.models.fcn import FCN, SkipHeads, Upscore
from fcn_core.models.paper_names import paper_names
from fcn_core.models.spec import Alignment, FCNSpec


@lru_cache(maxsize=16)
def published_network(backbone: str, alignment: Alignment, classes: int = 21) -> FCN:
    """A published network at full width without any values (on PyTorch's meta device): for its geometry and cost."""
    with torch.device("meta"):
        return FCN(FCNSpec(backbone=backbone, alignment=alignment, num_classes=classes)).eval()


def chain_of(model: nn.Module, head: int) -> Chain:
    """The chain of a head (32, 16 or 8) of an FCN, read off its layers; ValueError for other networks."""
    if not isinstance(model, FCN) or not isinstance(model.head, SkipHeads):
        raise ValueError(
            f"{type(model).__name__} has no skips and no derived crops; choose one of the published networks, or "
            "weights of an FCN"
        )
    if head not in model.heads:
        raise ValueError(f"there is no head {head}s here; this network has {', '.join(f'{h}s' for h in model.heads)}")
    names = paper_names(model)
    layers: list[ChainLayer] = []
    taps: dict[int, str] = {}
    parts = [(f"trunk.features.{name}", part) for name, part in model.trunk.features.named_children()]
    parts += [(f"trunk.fc.{name}", part) for name, part in (model.trunk.fc or nn.Sequential()).named_children()]
    for index, (path, part) in enumerate(parts):
        found = _trunk_layer(names.get(path, path), part, layers[-1].name if layers else PHOTO)
        if found is not None:
            layers.append(found)
        for stride, tap in model.trunk.taps.items():
            if tap == index:
                taps[stride] = layers[-1].name
    return Chain(head, tuple(layers) + tuple(_head_layers(model.head, head, layers[-1].name, taps)))


def _trunk_layer(name: str, part: nn.Module, source: str) -> ChainLayer | None:
    if isinstance(part, Inception):
        weights = sum(p.numel() for p in part.parameters() if p.ndim == 4)
        return ChainLayer(name, "block", (source,), pairs=weights)
    if isinstance(part, BasicConv2d):
        part = part.conv
    if isinstance(part, nn.Conv2d):
        kernel, stride, padding = part.kernel_size[0], part.stride[0], int(part.padding[0])
        pairs = part.weight.numel() // kernel**2
        return ChainLayer(name, "convolution", (source,), kernel, stride, padding, part.dilation[0], pairs=pairs)
    if isinstance(part, nn.MaxPool2d | nn.AvgPool2d):
        return ChainLayer(name, "pooling", (source,), int(part.kernel_size), int(part.stride), int(part.padding))  # type: ignore[arg-type]
    return None


def _head_layers(parts: SkipHeads, head: int, top: str, taps: Mapping[int, str]) -> list[ChainLayer]:
    classes = parts.score_fr.out_channels

    def score(name: str, source: str, crop: int = 0) -> ChainLayer:
        return ChainLayer(name, "convolution", (source,), crop=crop, pairs=getattr(parts, name).weight.numel())

    def enlarged(name: str, source: str) -> tuple[ChainLayer, int]:
        """The layer, and how far the map that it meets is cropped."""
        module = getattr(parts, name)
        assert isinstance(module, Upscore)
        place = module.placement
        layer = ChainLayer(
            name, "transposed", (source,), place.kernel, place.factor, crop=max(-place.shift, 0), pairs=classes**2
        )  # fmt: skip
        return layer, max(place.shift, 0)

    layers, now = [score("score_fr", top)], "score_fr"
    for stride, up, skip, fuse in (
        (16, "upscore2", "score_pool4", "fuse_pool4"),
        (8, "upscore_pool4", "score_pool3", "fuse_pool3"),
    ):
        if head <= stride:
            layer, crop = enlarged(up, now)
            layers += [layer, score(skip, taps[stride], crop), ChainLayer(fuse, "sum", (up, skip))]
            now = fuse
    return [*layers, enlarged(f"upscore{head}", now)[0]]
