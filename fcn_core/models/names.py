"""Parameter names of other people's FCN files, mapped to ours.

The Caffe models and torchfcn name layers after the paper (conv1_1, fc6, score_fr, upscore2, …).
"""

from __future__ import annotations

from torch import nn

from fcn_core.models.fcn import FCN

_VGG_BLOCKS = (2, 2, 3, 3, 3)


def layer_names(model: FCN) -> dict[str, str]:
    """Published layer name -> our module name, for every layer with parameters.

    Final upsamplings are named as torchfcn does: `upscore` in a 32s network, `upscore16`,
    `upscore8`. ValueError for a trunk that has no published FCN file.
    """
    names = _trunk_names(model)
    names |= {"fc6": "trunk.fc.fc6", "fc7": "trunk.fc.fc7", "score_fr": "head.score_fr"}
    for skip in model.head.skips:
        names |= {layer: f"head.{layer}" for layer in (skip.score, skip.enlarges)}
    for head in model.heads:
        names["upscore" if head == 32 else f"upscore{head}"] = f"head.upscore{head}"
    return names


def torchfcn_to_ours(model: FCN) -> dict[str, str]:
    """torchfcn parameter name -> key of our state dict; frozen upsamplings, which we do not store, are left out."""
    ours = set(model.state_dict())
    return {
        f"{theirs}.{kind}": f"{name}.{kind}"
        for theirs, name in layer_names(model).items()
        for kind in ("weight", "bias")
        if f"{name}.{kind}" in ours
    }


def _trunk_names(model: FCN) -> dict[str, str]:
    convolutions = [i for i, layer in enumerate(model.trunk.features) if isinstance(layer, nn.Conv2d)]
    if model.trunk.name in ("vgg16", "vgg16_bn"):
        published = [f"conv{b}_{i}" for b, count in enumerate(_VGG_BLOCKS, 1) for i in range(1, count + 1)]
    elif model.trunk.name in ("caffenet", "alexnet"):
        published = [f"conv{i}" for i in range(1, 6)]
    else:
        raise ValueError(f"there is no published FCN file for a {model.trunk.name} trunk; use vgg16 or caffenet")
    return {name: f"trunk.features.{index}" for name, index in zip(published, convolutions, strict=True)}
