"""Late fusion: two FCNs on two kinds of image whose scores are averaged (CVPR 2015, section 5: NYUDv2, colour and HHA).

Both images come stacked, N×(C1 + C2)×H×W, as the data set `rgb-hha` hands them out. Everything above the score layers
is linear, so averaging logits equals the published averaging of score maps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor, nn

from fcn_core.models.fcn import FCN
from fcn_core.models.late_fusion_spec import SHARED, LateFusionSpec
from fcn_core.models.network import Network, NetworkOutput
from fcn_core.ops.conv_arithmetic import Upsampling


class LateFusionFCN(Network):
    """Two FCNs, `first` and `second`; logits and maps are the weighted mean of theirs."""

    spec: LateFusionSpec

    def __init__(self, spec: LateFusionSpec) -> None:
        super().__init__()
        self.spec = spec
        self.first = FCN(spec.part(spec.first_channels))
        self.second = FCN(spec.part(spec.in_channels - spec.first_channels))

    @classmethod
    def of(cls, first: FCN, second: FCN, *, first_weight: float = 0.5) -> LateFusionFCN:
        """From two trained networks, which are shared, not copied. ValueError where they do not go together."""
        a, b = first.spec, second.spec
        if replace(a, in_channels=1) != replace(b, in_channels=1):
            raise ValueError(
                "late fusion needs two networks with the same classes, heads and alignment, alike but for their "
                f"channels; got {a.num_classes} classes, heads {a.heads}, {a.alignment} and "
                f"{b.num_classes} classes, heads {b.heads}, {b.alignment}"
            )
        shared = {name: getattr(a, name) for name in SHARED}
        spec = LateFusionSpec(
            **{**shared, "in_channels": a.in_channels + b.in_channels},
            first_channels=a.in_channels,
            first_weight=first_weight,
        )
        fused = cls.__new__(cls)
        nn.Module.__init__(fused)
        fused.spec, fused.first, fused.second = spec, first, second
        return fused

    def trunks(self) -> dict[str, nn.Module]:
        return {"first.trunk": self.first.trunk, "second.trunk": self.second.trunk}

    @property
    def widest(self) -> float:
        return self.first.widest

    def coarse_map(self, head: int) -> str:
        return self.first.coarse_map(head)

    def final_upsampling(self, head: int) -> Upsampling | None:
        return self.first.final_upsampling(head)

    def learned_upsampling(self, head: int) -> bool:
        return self.first.learned_upsampling(head)

    def forward(self, x: Tensor, heads: Sequence[int] | None = None) -> NetworkOutput:
        """x: both images stacked, N×(C1 + C2)×H×W, float."""
        wanted, split = self.checked(x, heads), self.spec.first_channels
        return _mean(self.first(x[:, :split], wanted), self.second(x[:, split:], wanted), self.spec.first_weight)


def _mean(a: NetworkOutput, b: NetworkOutput, share: float) -> NetworkOutput:
    return NetworkOutput(
        {head: share * a.logits[head] + (1 - share) * b.logits[head] for head in a.logits},
        {name: share * a.maps[name] + (1 - share) * b.maps[name] for name in a.maps},
        {name: _mean(a.tasks[name], b.tasks[name], share) for name in a.tasks},
    )
