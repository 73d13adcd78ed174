"""The architectures, by name. A new one is a description, a network that is built from it, and a line here.

Files and settings of runs name their architecture; where they do not, it is an FCN. The table imports no torch; a
network's file is imported when one is built.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

from fcn_core.models.description import NetworkSpec
from fcn_core.models.late_fusion_spec import LateFusionSpec
from fcn_core.models.spec import FCNSpec
from fcn_core.models.torchvision_spec import FCNResNet50Spec, FCNResNet101Spec
from fcn_core.models.unet_spec import UNetSpec

if TYPE_CHECKING:
    from fcn_core.models.network import Network


@dataclass(frozen=True)
class Architecture:
    """A kind of network.

    spec       class of its description, whose `setting` fields a person chooses
    network    where its class is (file:class in this folder); it is built from a description, freshly initialised
    source     where it was published
    """

    title: str
    spec: type[NetworkSpec]
    network: str
    source: str


ARCHITECTURES: dict[str, Architecture] = {
    kind.spec.architecture: kind
    for kind in (
        Architecture("FCN", FCNSpec, "fcn:FCN", "Long, Shelhamer, Darrell, CVPR 2015"),
        Architecture("U-Net", UNetSpec, "unet:UNet", "Ronneberger, Fischer, Brox, MICCAI 2015"),
        Architecture(
            "Late fusion of two FCNs",
            LateFusionSpec,
            "late_fusion:LateFusionFCN",
            "Long, Shelhamer, Darrell, CVPR 2015, section 5",
        ),
        Architecture("FCN on a dilated ResNet-50", FCNResNet50Spec, "torchvision_fcn:TorchvisionFCN", "torchvision"),
        Architecture("FCN on a dilated ResNet-101", FCNResNet101Spec, "torchvision_fcn:TorchvisionFCN", "torchvision"),
    )
}
USUAL = "fcn"


def architecture(name: str) -> Architecture:
    """An architecture by name; ValueError lists those that there are."""
    if name not in ARCHITECTURES:
        raise ValueError(f"no architecture {name!r}; there are {', '.join(ARCHITECTURES)}")
    return ARCHITECTURES[name]


def build(spec: NetworkSpec) -> Network:
    """The network that a description describes, freshly initialised (global torch generator)."""
    kind = ARCHITECTURES[spec.architecture]
    return resolve_name(f"{__package__}.{kind.network}")(spec)


def read_spec(name: str, values: Mapping[str, Any] | None, *, num_classes: int) -> NetworkSpec:
    """A description from a file's plain values; without any the architecture's own, for this number of classes."""
    kind = architecture(name).spec
    return kind.from_dict({"num_classes": num_classes} if values is None else values)
