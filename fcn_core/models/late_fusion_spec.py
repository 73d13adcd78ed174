"""What a late fusion of two FCNs is, as data."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import ClassVar

from fcn_core.models.description import setting
from fcn_core.models.spec import FCNSpec

SHARED = tuple(f.name for f in fields(FCNSpec))


@dataclass(frozen=True)
class LateFusionSpec(FCNSpec):
    """Settings of both FCNs, which differ in their channels alone."""

    architecture: ClassVar[str] = "late_fusion"

    in_channels: int = 6
    first_channels: int = setting(3, "Channels of the first image (colour); the others are the second's.", ge=1)
    first_weight: float = setting(0.5, "Share of the first network in the average; the paper takes half.", ge=0, le=1)

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.first_channels < self.in_channels:
            raise ValueError(
                f"late fusion needs two images: first_channels is {self.first_channels} of {self.in_channels} channels"
            )

    def part(self, channels: int) -> FCNSpec:
        """The description of one of the two networks."""
        own = {name: getattr(self, name) for name in SHARED}
        return FCNSpec(**{**own, "in_channels": channels})
