"""Networks: trunks, architectures, and what the rest of the house knows of them.

The names below are imported when they are asked for, so that reading settings does not load torch.
"""

from __future__ import annotations

from pkgutil import resolve_name
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fcn_core.models.architectures import ARCHITECTURES, build
    from fcn_core.models.description import NetworkSpec
    from fcn_core.models.fcn import FCN
    from fcn_core.models.network import Network, NetworkOutput
    from fcn_core.models.spec import FCNSpec
    from fcn_core.models.trunks import TRUNKS
    from fcn_core.models.unet import UNet
    from fcn_core.models.unet_spec import UNetSpec

PLACES = {
    "ARCHITECTURES": "architectures",
    "FCN": "fcn",
    "FCNSpec": "spec",
    "Network": "network",
    "NetworkOutput": "network",
    "NetworkSpec": "description",
    "TRUNKS": "trunks",
    "UNet": "unet",
    "UNetSpec": "unet_spec",
    "build": "architectures",
}
__all__ = [
    "ARCHITECTURES",
    "FCN",
    "TRUNKS",
    "FCNSpec",
    "Network",
    "NetworkOutput",
    "NetworkSpec",
    "UNet",
    "UNetSpec",
    "build",
]


def __getattr__(name: str) -> Any:
    if name not in PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return resolve_name(f"{__name__}.{PLACES[name]}:{name}")
