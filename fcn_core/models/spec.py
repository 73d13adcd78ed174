"""What an FCN is, as data: enough to build it again from a file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from fcn_core.models.description import Alignment, NetworkSpec, check_counts, setting
from fcn_core.models.trunks import TRUNKS, TrunkSpec, trunk_record

LearnedDeconvolutions = Literal["none", "intermediate", "all"]


@dataclass(frozen=True)
class Skip:
    """A trunk's map that is scored and added on the way up (CVPR 2015, section 4.2).

    stride      pixels from one cell of the map to the next, and the name of the head that ends here
    layer       what the paper calls the map, whatever the trunk: pool4, pool3, …
    enlarges    the upsampling by two that brings the coarser scores to this grid
    """

    stride: int
    layer: str
    enlarges: str

    @property
    def score(self) -> str:
        """Name of the skip's score layer and its map."""
        return f"score_{self.layer}"

    @property
    def fuse(self) -> str:
        """Name of the sum."""
        return f"fuse_{self.layer}"


SKIPS = (Skip(16, "pool4", "upscore2"), Skip(8, "pool3", "upscore_pool4"), Skip(4, "pool2", "upscore_pool3"))
"""Coarse to fine. The papers end at pool3 and report that going on no longer helps; pool2 lets one see whether."""

HEADS = (32, *(skip.stride for skip in SKIPS))
PAPER_HEADS = (32, 16, 8)


STREAMS = ("fc7", *(skip.layer for skip in SKIPS))
"""What a head adds up, coarse to fine: the trunk's last map, then the skips."""


def score_of(stream: str) -> str:
    """Name of a stream's score layer and its map."""
    return "score_fr" if stream == "fc7" else f"score_{stream}"


def streams_of(head: int) -> tuple[str, ...]:
    """The streams that a head adds up, coarse to fine."""
    return ("fc7", *(skip.layer for skip in skips_of(head)))


def skips_of(head: int) -> tuple[Skip, ...]:
    """The skips that a head adds, coarse to fine; none for 32s."""
    return tuple(skip for skip in SKIPS if skip.stride >= head)


def fused_map(head: int) -> str:
    """Name of the map that a head enlarges to the image: score_fr, fuse_pool4, …"""
    return skips_of(head)[-1].fuse if skips_of(head) else "score_fr"


@dataclass(frozen=True)
class FCNSpec(NetworkSpec):
    """Settings of an FCN. What each does stands with the field; see `NetworkSpec` for those that follow from the data.

    width 1 is the published network. fc_channels None is 4096 * width. skip_scales: stride -> factor.
    """

    architecture: ClassVar[str] = "fcn"

    backbone: str = setting(
        "vgg16_bn", "Trunk: the classifier that was made fully convolutional.", choices=tuple(TRUNKS)
    )
    width: float = setting(1.0, "Factor on the trunk's channels; 1 is the published width.", usual=0.25, gt=0)
    fc_channels: int | None = setting(
        None, "Channels of fc6 and fc7, where the trunk has them; empty takes 4096 × width.", usual=512, ge=1
    )
    fc_norm: bool = setting(False, "Batch normalisation after fc6 and fc7; steadies a start from nothing.")
    in_channels: int = 3
    num_classes: int = 21
    extra_tasks: Mapping[str, int] = field(default_factory=dict)
    heads: tuple[int, ...] = setting(PAPER_HEADS, "Output strides that are built and trained together.")
    alignment: Alignment = setting(
        "centered", "centered: 'same' padding, twice as fast; reference: padded by 100 as published."
    )
    skip_scales: Mapping[int, float] = setting(
        {16: 1.0, 8: 1.0}, "Factor on the skips' maps; 0.01 and 0.0001 is the paper's at-once training."
    )
    learned_deconvs: LearnedDeconvolutions = setting(
        "none", "Which upsamplings learn; the released code freezes all, the CVPR paper only the last."
    )
    dropout: float = setting(0.5, "Dropout after fc6 and fc7; less suits a slim network.", ge=0, lt=1)
    dropout_kind: Literal["element", "channel"] = setting(
        "element", "What is dropped: single values (the paper's code) or whole channels (torchfcn)."
    )

    def __post_init__(self) -> None:
        there = tuple(head for head in HEADS if head in trunk_record(self.backbone).levels)
        if not self.heads or set(self.heads) - set(HEADS) or len(set(self.heads)) != len(self.heads):
            raise ValueError(f"heads must be some of 32, 16, 8 and 4, each once; got {self.heads!r}")
        if missing := set(self.heads) - set(there):
            raise ValueError(f"a {self.backbone} trunk has no map for the heads {sorted(missing)}; it has {there}")
        if self.alignment not in ("centered", "reference"):
            raise ValueError(f'alignment must be "centered" or "reference", got {self.alignment!r}')
        if self.learned_deconvs not in ("none", "intermediate", "all"):
            raise ValueError(f'learned_deconvs must be "none", "intermediate" or "all", got {self.learned_deconvs!r}')
        check_counts(self)
        for name, classes in self.extra_tasks.items():
            if not name.isidentifier() or classes < 1:
                raise ValueError(f"extra_tasks maps a plain word to at least 1 class, got {name!r}: {classes}")
        if unknown := set(self.skip_scales) - set(HEADS[1:]):
            raise ValueError(f"skip_scales has factors for the strides 16, 8 and 4, got {sorted(unknown)} too")
        if not self.width > 0:
            raise ValueError(f"width must be above 0 (1 is the published network), got {self.width}")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"dropout must be at least 0 and below 1, got {self.dropout}")
        if self.dropout_kind not in ("element", "channel"):
            raise ValueError(f'dropout_kind must be "element" or "channel", got {self.dropout_kind!r}')

    @property
    def trunk(self) -> TrunkSpec:
        """The trunk's share of the settings."""
        return TrunkSpec(
            self.backbone,
            width=self.width,
            in_channels=self.in_channels,
            alignment=self.alignment,
            fc_channels=self.fc_channels,
            fc_norm=self.fc_norm,
            dropout=self.dropout,
            dropout_kind=self.dropout_kind,
        )

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> FCNSpec:
        scales = {stride: float(scale) for stride, scale in dict(values.get("skip_scales", {})).items()}
        return super().from_dict({**values, "skip_scales": scales} if scales else values)
