"""Weights from one network into another (the reference code's "surgery").

From an ImageNet classifier into an FCN's trunk, and from a coarser FCN into a finer one
(32s -> 16s -> 8s), whose new score layers stay at zero so that it starts where the coarse one ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from fcn_core.models.fcn import FCN
from fcn_core.models.network import Network
from fcn_core.models.trunks.trunk import Trunk, like_rgb


@dataclass(frozen=True)
class Transplant:
    """Which of the receiving network's keys were filled, which kept their own values, which given keys had no place."""

    copied: tuple[str, ...]
    kept: tuple[str, ...]
    unused: tuple[str, ...]


def transplant_classifier(model: Network, state: Mapping[str, Tensor]) -> Transplant:
    """Fills every trunk of `model` from the state dict of torchvision's classifier of the same name and full width.

    Linear layers fc6 and fc7 are reshaped into convolutions where the trunk keeps them; a first layer for other than
    three channels is made from the RGB weights. ValueError lists layers that are missing or do not fit.
    GoogLeNet's classifier was trained on images normalised by mean and deviation 0.5.
    """
    trunks = {name: part for name, part in model.trunks().items() if isinstance(part, Trunk)}
    if not trunks:
        raise ValueError(f"{model.spec.architecture} has no trunk that a classifier could fill; start it from nothing")
    fitted: dict[str, Tensor] = {}
    for name, trunk in trunks.items():
        fitted |= {f"{name}.{key}": value for key, value in _trunk_values(trunk, state).items()}
    taken = {key for trunk in trunks.values() for key in _sources(trunk, state) if key in trunk.state_dict()}
    return _copy(model, fitted, unused=sorted(set(_sources(next(iter(trunks.values())), state)) - taken))


def _sources(trunk: Trunk, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The classifier's values under the trunk's keys."""
    linear = _LINEAR_LAYERS.get(trunk.name, {})
    sources: dict[str, Tensor] = {}
    for key, value in state.items():
        if key.startswith("features."):
            sources[key] = value
        elif (layer := key.rsplit(".", 1)[0]) in linear:
            sources[f"fc.{linear[layer]}.{key.rsplit('.', 1)[1]}"] = value
        elif not linear and not key.startswith(("fc.", "aux", "classifier.")):
            sources["features." + key] = value
    return sources


def _trunk_values(trunk: Trunk, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    if trunk.name == "caffenet":
        raise ValueError("torchvision has no CaffeNet classifier; start from an alexnet or vgg16 trunk")
    sources = _sources(trunk, state)
    fitted: dict[str, Tensor] = {}
    wrong: list[str] = []
    for key, own in trunk.state_dict().items():
        if ".norm" in key:
            continue
        if key not in sources:
            wrong.append(f"{key} is missing")
            continue
        value = sources[key]
        if key.startswith("fc.") and key.endswith("weight"):
            value = value.reshape(own.shape) if value.numel() == own.numel() else value
        elif value.ndim == 4 and value.shape[1] == 3 != own.shape[1]:
            value = like_rgb(value, own.shape[1])
        if value.shape != own.shape:
            wrong.append(f"{key} has shape {tuple(value.shape)}, expected {tuple(own.shape)}")
        fitted[key] = value
    if wrong:
        raise ValueError(
            f"a {trunk.name} classifier fits a network with that trunk at width 1 and 4096 channels in fc6 and "
            f"fc7; here {'; '.join(wrong[:5])}" + (f"; and {len(wrong) - 5} more" if len(wrong) > 5 else "")
        )
    return fitted


def transplant_coarser(model: FCN, coarse: FCN) -> Transplant:
    """Fills a finer FCN from a coarser one: every parameter of the same name and shape; new score layers are zeroed.

    Learned upsamplings of other sizes are kept. ValueError when the trunks or the classes differ.
    """
    a, b = model.spec, coarse.spec
    if (a.backbone, a.width, a.num_classes, a.in_channels) != (b.backbone, b.width, b.num_classes, b.in_channels):
        raise ValueError(
            f"expected a coarser network with a {a.backbone} trunk of width {a.width:g}, {a.num_classes} classes and "
            f"{a.in_channels} image channels; got {b.backbone}, {b.width:g}, {b.num_classes} and {b.in_channels}"
        )
    own, given = model.state_dict(), coarse.state_dict()
    fitted = {key: value for key, value in given.items() if key in own and value.shape == own[key].shape}
    if unlike := [key for key in own if key.startswith("trunk.") and key not in fitted]:
        raise ValueError(
            f"the coarser network's trunk has no {unlike[0]} of shape {tuple(own[unlike[0]].shape)}; give both "
            "networks the same fc_channels and fc_norm"
        )
    for key in own:
        if ".score_" in key and key not in fitted:
            fitted[key] = torch.zeros_like(own[key])
    return _copy(model, fitted, unused=sorted(set(given) - set(own)))


_LINEAR_LAYERS = {
    "vgg16": {"classifier.0": "fc6", "classifier.3": "fc7"},
    "vgg16_bn": {"classifier.0": "fc6", "classifier.3": "fc7"},
    "alexnet": {"classifier.1": "fc6", "classifier.4": "fc7"},
}


def _copy(model: Network, fitted: Mapping[str, Tensor], *, unused: list[str]) -> Transplant:
    own = model.state_dict()
    with torch.no_grad():
        for key, value in fitted.items():
            own[key].copy_(value)
    return Transplant(tuple(fitted), tuple(key for key in own if key not in fitted), tuple(unused))
