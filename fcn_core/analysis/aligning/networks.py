"""The chain of a real network: its layers with kernel, stride, padding and crops, read off the modules."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import torch
from torch import nn
from torchvision.models.googlenet import Inception

from fcn_core.analysis.aligning.chain import PHOTO, Chain, ChainLayer
from fcn_core.models.description import Alignment
from fcn_core.models.fcn import FCN, SkipHeads
from fcn_core.models.paper_names import paper_names
from fcn_core.models.spec import FCNSpec, skips_of
from fcn_core.models.upscore import Upscore
from fcn_core.ops.layer_geometry import LayerGeometry, layer_geometry


@lru_cache(maxsize=16)
def published_network(backbone: str, alignment: Alignment, classes: int = 21) -> FCN:
    """A published network at full width without any values (on PyTorch's meta device): for its geometry and cost."""
    with torch.device("meta"):
        return FCN(FCNSpec(backbone=backbone, alignment=alignment, num_classes=classes)).eval()


def chain_of(model: nn.Module, head: int) -> Chain:
    """The chain of a head of an FCN, read off its layers; ValueError for other networks."""
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
    channels = model.spec.in_channels
    parts = [(f"trunk.features.{name}", part) for name, part in model.trunk.features.named_children()]
    parts += [(f"trunk.fc.{name}", part) for name, part in (model.trunk.fc or nn.Sequential()).named_children()]
    for index, (path, part) in enumerate(parts):
        known = layer_geometry(part, channels)
        found = _trunk_layer(names.get(path, path), part, known, layers[-1].name if layers else PHOTO)
        channels = known.channels
        if found is not None:
            layers.append(found)
        for stride, tap in model.trunk.taps.items():
            if tap == index:
                taps[stride] = layers[-1].name
    return Chain(head, tuple(layers) + tuple(_head_layers(model.head, head, layers[-1].name, taps)))


def _trunk_layer(name: str, part: nn.Module, known: LayerGeometry, source: str) -> ChainLayer | None:
    """One row of the chain; None for a layer that works on each cell alone."""
    if not known.windows:
        return None
    weights = sum(p.numel() for p in part.parameters() if p.ndim == 4)
    if isinstance(part, Inception):
        return ChainLayer(name, "block", (source,), pairs=weights)
    if len(known.windows) > 1:
        raise ValueError(
            f"{name} is made of blocks with branches and strides, which a chain of single layers cannot show; choose "
            "weights with a VGG, AlexNet or GoogLeNet trunk"
        )
    (window,) = known.windows
    return ChainLayer(
        name, window.kind, (source,), window.kernel, window.stride, window.padding, window.dilation,
        pairs=weights // window.kernel**2 if window.kind == "convolution" else 0,
    )  # fmt: skip


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
    for skip in skips_of(head):
        layer, crop = enlarged(skip.enlarges, now)
        layers += [layer, score(skip.score, taps[skip.stride], crop)]
        layers.append(ChainLayer(skip.fuse, "sum", (skip.enlarges, skip.score)))
        now = skip.fuse
    return [*layers, enlarged(f"upscore{head}", now)[0]]
