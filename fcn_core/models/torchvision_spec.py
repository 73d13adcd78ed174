"""What torchvision's FCNs are, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fcn_core.models.description import NetworkSpec, check_counts

STRIDE = 8


@dataclass(frozen=True)
class TorchvisionSpec(NetworkSpec):
    """torchvision's network has nothing to choose but its classes."""

    in_channels: int = 3
    num_classes: int = 21

    def __post_init__(self) -> None:
        check_counts(self)
        if self.in_channels != 3:
            raise ValueError(f"torchvision's FCNs read 3 channels, got in_channels {self.in_channels}")

    @property
    def heads(self) -> tuple[int, ...]:
        return (STRIDE,)


@dataclass(frozen=True)
class FCNResNet50Spec(TorchvisionSpec):
    architecture: ClassVar[str] = "fcn_resnet50"


@dataclass(frozen=True)
class FCNResNet101Spec(TorchvisionSpec):
    architecture: ClassVar[str] = "fcn_resnet101"
