"""What a network is, as data: enough to build it again from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

HEADS = (32, 16, 8)
Alignment = Literal["centered", "reference"]
LearnedDeconvolutions = Literal["none", "intermediate", "all"]


@dataclass(frozen=True)
class FCNSpec:
    """Settings of an FCN.

    backbone            a key of `backbones.BACKBONES`
    width               multiplies the trunk's channels; 1 is the published network
    fc_channels         channels of fc6 and fc7; None is 4096 * width
    fc_norm             batch normalisation after fc6 and fc7 (helps a trunk that starts from nothing)
    in_channels         image channels: 1 grey, 3 RGB, 4 RGB-D, N hyperspectral
    num_classes         classes of the score layers
    extra_tasks         further sets of score layers on the same trunk, name -> classes (SIFT Flow's geometric labels)
    heads               output strides to build, any of 32, 16, 8
    alignment           "reference": first convolution padded by 100 and outputs cropped, as published;
                        "centered": "same" padding, every output pixel on its input pixel
    skip_scales         stride -> factor on the trunk's map before its score layer (at-once training: 0.01, 0.0001)
    learned_deconvs     "none": all bilinear and frozen (released code); "intermediate": the last one frozen
                        (CVPR 2015); "all": all learned
    dropout             after fc6 and fc7
    dropout_kind        "element": single values (the released code); "channel": whole channels (torchfcn)
    """

    backbone: str = "vgg16_bn"
    width: float = 1.0
    fc_channels: int | None = None
    fc_norm: bool = False
    in_channels: int = 3
    num_classes: int = 21
    extra_tasks: Mapping[str, int] = field(default_factory=dict)
    heads: tuple[int, ...] = HEADS
    alignment: Alignment = "centered"
    skip_scales: Mapping[int, float] = field(default_factory=lambda: {16: 1.0, 8: 1.0})
    learned_deconvs: LearnedDeconvolutions = "none"
    dropout: float = 0.5
    dropout_kind: Literal["element", "channel"] = "element"

    def __post_init__(self) -> None:
        if not self.heads or set(self.heads) - set(HEADS) or len(set(self.heads)) != len(self.heads):
            raise ValueError(f"heads must be some of 32, 16 and 8, each once; got {self.heads!r}")
        if self.alignment not in ("centered", "reference"):
            raise ValueError(f'alignment must be "centered" or "reference", got {self.alignment!r}')
        if self.learned_deconvs not in ("none", "intermediate", "all"):
            raise ValueError(f'learned_deconvs must be "none", "intermediate" or "all", got {self.learned_deconvs!r}')
        for name in ("in_channels", "num_classes"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name, classes in self.extra_tasks.items():
            if not name.isidentifier() or classes < 1:
                raise ValueError(f"extra_tasks maps a plain word to at least 1 class, got {name!r}: {classes}")
        if unknown := set(self.skip_scales) - {16, 8}:
            raise ValueError(f"skip_scales has factors for the strides 16 and 8, got {sorted(unknown)} too")
        if not self.width > 0:
            raise ValueError(f"width must be above 0 (1 is the published network), got {self.width}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, got {self.dropout}")
        if self.dropout_kind not in ("element", "channel"):
            raise ValueError(f'dropout_kind must be "element" or "channel", got {self.dropout_kind!r}')

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON-able values; `from_dict` is the way back."""
        values = asdict(self)
        values["heads"] = list(self.heads)
        values["extra_tasks"] = dict(self.extra_tasks)
        values["skip_scales"] = {str(stride): scale for stride, scale in self.skip_scales.items()}
        return values

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FCNSpec:
        """The spec that `to_dict` wrote; ValueError names settings that it does not know."""
        unknown = set(values) - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown network settings {sorted(unknown)}; was the file made by a newer version?")
        values = dict(values)
        if "heads" in values:
            values["heads"] = tuple(values["heads"])
        if "skip_scales" in values:
            values["skip_scales"] = {int(stride): float(scale) for stride, scale in values["skip_scales"].items()}
        return cls(**values)
