"""What a U-Net is, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from fcn_core.models.description import NetworkSpec, check_counts, setting
from fcn_core.models.trunks import TRUNKS, TrunkSpec, trunk_record


@dataclass(frozen=True)
class UNetSpec(NetworkSpec):
    """Settings of a U-Net. `backbone` belongs to the padded form, `dropout` to the published one."""

    architecture: ClassVar[str] = "unet"

    form: Literal["padded", "published"] = setting(
        "padded", "padded: on any trunk, 'same' padding; published: the paper's valid convolutions and mirrored margin."
    )
    backbone: str = setting("vgg16_bn", "padded: the trunk whose maps the decoder reads.", choices=tuple(TRUNKS))
    width: float = setting(1.0, "Factor on all channels; 1 is the published width.", usual=0.25, gt=0)
    dropout: float = setting(0.5, "published: dropout at the end of the contracting path.", ge=0, lt=1)
    in_channels: int = 3
    num_classes: int = 21

    def __post_init__(self) -> None:
        check_counts(self)
        if self.form not in ("padded", "published"):
            raise ValueError(f'form must be "padded" or "published", got {self.form!r}')
        if not self.width > 0:
            raise ValueError(f"width must be above 0 (1 is the published network), got {self.width}")
        trunk_record(self.backbone)

    @property
    def heads(self) -> tuple[int, ...]:
        return (1,) if self.form == "published" else (trunk_record(self.backbone).levels[0],)

    @property
    def trunk(self) -> TrunkSpec:
        """The padded form's trunk."""
        return TrunkSpec(self.backbone, width=self.width, in_channels=self.in_channels, classifier=False)
