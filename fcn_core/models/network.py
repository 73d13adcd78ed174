"""What a segmentation network is to the rest of the house, whatever its architecture.

A network is built from a description (`NetworkSpec`), reads photos of any size and answers with class scores of that
size for each of its heads. Whoever runs, trains, saves, exports or measures networks uses nothing but what stands here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from torch import Tensor, nn

from fcn_core.models.description import NetworkSpec
from fcn_core.ops.conv_arithmetic import Upsampling

Offer = Literal["skips", "trunk"]
"""What labs can ask of a network: score maps that are fused by sums, and an encoder that is walked layer by layer."""


@dataclass(frozen=True)
class NetworkOutput:
    """What one pass computed.

    logits     head -> N×K×H×W, float, at exactly the size of the input
    maps       named maps before the last upsampling, N×K×h×w; for an FCN the paper's (score_fr, upscore2, …)
    tasks      the same for every further set of score layers
    """

    logits: dict[int, Tensor]
    maps: dict[str, Tensor] = field(default_factory=dict)
    tasks: dict[str, NetworkOutput] = field(default_factory=dict)


class Network(nn.Module):
    """A segmentation network. It does not normalise its input: the preprocessing that belongs to the weights does."""

    spec: NetworkSpec

    def forward(self, x: Tensor, heads: Sequence[int] | None = None) -> NetworkOutput:
        """x: N×C×H×W, float, H and W at least 1. heads: which to compute, by default all."""
        raise NotImplementedError

    @property
    def heads(self) -> tuple[int, ...]:
        """Strides of the heads that this network has."""
        return self.spec.heads

    @property
    def offers(self) -> frozenset[Offer]:
        """What labs can ask of it."""
        return frozenset()

    def trunks(self) -> dict[str, nn.Module]:
        """The parts that a classifier's weights can fill and that can be frozen: name in this module -> part."""
        return {}

    @property
    def widest(self) -> float:
        """Float values a pixel of the photo that a pass holds where it holds most; class scores not counted."""
        raise NotImplementedError

    @property
    def border(self) -> int:
        """Pixels by which a pass makes the photo higher and wider."""
        return 0

    def coarse_map(self, head: int) -> str:
        """Name of the map that a head enlarges to the size of the photo."""
        return "score"

    def final_upsampling(self, head: int) -> Upsampling | None:
        """How the head's last transposed convolution lies on the photo; None for plain bilinear interpolation, where
        the map covers the photo and cells have half-pixel centres."""
        return None

    def learned_upsampling(self, head: int) -> bool:
        """Whether the head's last upsampling has weights of its own."""
        return False

    def checked(self, x: Tensor, heads: Sequence[int] | None) -> tuple[int, ...]:
        """The heads that are asked for; ValueError for other heads and for images of another shape."""
        wanted = self.heads if heads is None else tuple(heads)
        if not wanted or set(wanted) - set(self.heads):
            raise ValueError(f"this network has the heads {self.heads}, asked for {wanted}")
        if x.ndim != 4 or x.shape[1] != self.spec.in_channels:
            raise ValueError(f"expected a batch N×{self.spec.in_channels}×H×W for this network, got {tuple(x.shape)}")
        return wanted


def parameter_count(module: nn.Module) -> int:
    """Number of learned values."""
    return sum(p.numel() for p in module.parameters())
