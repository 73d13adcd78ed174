"""What a trunk is built from, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from fcn_core.models.description import Alignment


@dataclass(frozen=True)
class TrunkSpec:
    """What a trunk is built from; fields as in `FCNSpec`.

    classifier      keep the fully connected layers as convolutions, where the trunk has any
    output_stride   32, 16 or 8: from there on strides are replaced by dilation, so that maps stay this dense
    """

    name: str
    width: float = 1.0
    in_channels: int = 3
    alignment: Alignment = "centered"
    classifier: bool = True
    fc_channels: int | None = None
    fc_norm: bool = False
    dropout: float = 0.5
    dropout_kind: Literal["element", "channel"] = "element"
    output_stride: int = 32

    def __post_init__(self) -> None:
        if self.output_stride not in (32, 16, 8):
            raise ValueError(f"output_stride must be 32, 16 or 8, got {self.output_stride}")
        if self.output_stride != 32 and self.alignment == "reference":
            raise ValueError("a dilated trunk has no reference alignment; use centered")

    def scaled(self, channels: int) -> int:
        """Channels at this width; even, so that grouped convolutions divide."""
        return max(2, 2 * round(channels * self.width / 2))
