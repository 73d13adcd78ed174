"""The trunks, by name. A new one is a file with a function from `TrunkSpec` to `Trunk`, and a line here.

The table imports no torch; what builds a trunk is imported when one is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from fcn_core.models.trunks.spec import TrunkSpec

if TYPE_CHECKING:
    from fcn_core.models.trunks.trunk import Trunk

__all__ = ["TRUNKS", "TrunkRecord", "TrunkSpec", "build_trunk", "trunk_record"]


@dataclass(frozen=True)
class TrunkRecord:
    """A trunk that can be chosen.

    build, options    function in this folder (file:function) that builds it, and what it is given besides the spec
    levels            finest first
    """

    title: str
    build: str
    levels: tuple[int, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


VGG_LEVELS, ALEXNET_LEVELS, OTHER_LEVELS = (1, 2, 4, 8, 16, 32), (4, 8, 16, 32), (2, 4, 8, 16, 32)


def _resnet(depth: int, blocks: tuple[int, int, int, int], *, bottleneck: bool) -> TrunkRecord:
    return TrunkRecord(f"ResNet-{depth}", "resnet:resnet", OTHER_LEVELS, {"depths": blocks, "bottleneck": bottleneck})


TRUNKS: dict[str, TrunkRecord] = {
    "vgg16": TrunkRecord("VGG16", "vgg:vgg16", VGG_LEVELS),
    "vgg16_bn": TrunkRecord("VGG16 with batch normalisation", "vgg:vgg16", VGG_LEVELS, {"batch_norm": True}),
    "alexnet": TrunkRecord("AlexNet", "alexnet:alexnet", ALEXNET_LEVELS),
    "caffenet": TrunkRecord("CaffeNet", "alexnet:caffenet", ALEXNET_LEVELS),
    "googlenet": TrunkRecord("GoogLeNet (torchvision)", "googlenet:googlenet", OTHER_LEVELS),
    "googlenet_published": TrunkRecord(
        "GoogLeNet as published", "googlenet:googlenet", OTHER_LEVELS, {"published": True}
    ),
    "googlenet_pooled": TrunkRecord(
        "GoogLeNet with its last pooling", "googlenet:googlenet", OTHER_LEVELS, {"published": True, "pooled": True}
    ),
    "resnet18": _resnet(18, (2, 2, 2, 2), bottleneck=False),
    "resnet34": _resnet(34, (3, 4, 6, 3), bottleneck=False),
    "resnet50": _resnet(50, (3, 4, 6, 3), bottleneck=True),
    "resnet101": _resnet(101, (3, 4, 23, 3), bottleneck=True),
}


def trunk_record(name: str) -> TrunkRecord:
    """The record of a trunk; ValueError lists the known ones."""
    if name not in TRUNKS:
        raise ValueError(f"no trunk {name!r}; choose one of {', '.join(TRUNKS)}")
    return TRUNKS[name]


def build_trunk(spec: TrunkSpec) -> Trunk:
    """The trunk that `spec` names; ValueError lists the known ones."""
    record = trunk_record(spec.name)
    return resolve_name(f"{__name__}.{record.build}")(spec, **record.options)
