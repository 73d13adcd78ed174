"""The fully convolutional network (CVPR 2015, section 4): a trunk, score layers, skips, upsampling.

One class for FCN-32s, 16s, 8s and, one step beyond the paper, 4s: the heads share everything below them, so one pass
through the trunk serves all of them. Fusing is a sum and upsampling is linear, so every logit is the sum of what fc7
and the skips (`spec.SKIPS`) contributed.

The maps are named after the paper's layers whatever the trunk: `pool4` stands for the trunk's map of stride 16,
`pool3` for the one of stride 8, `pool2` for the one of stride 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from torch import Tensor, nn

from fcn_core.models.network import Network, NetworkOutput, Offer
from fcn_core.models.spec import SKIPS, FCNSpec, fused_map, skips_of
from fcn_core.models.trunks import build_trunk
from fcn_core.models.trunks.trunk import REFERENCE_PADDING, Trunk
from fcn_core.models.upscore import IMAGE_GRID, Upscore
from fcn_core.ops.conv_arithmetic import CoordinateMap, Upsampling, place_upsampling

WIDEST_LAYERS = 192  # float values a pixel of a width-1 trunk at its widest, from its first two layers


class SkipHeads(nn.Module):
    """Score layers and upsamplings over a trunk's maps: the part of the network that a task owns."""

    def __init__(self, trunk: Trunk, num_classes: int, spec: FCNSpec) -> None:
        super().__init__()
        self.heads = spec.heads
        self.skips = skips_of(min(spec.heads))
        self.skip_scales = {skip.stride: float(spec.skip_scales.get(skip.stride, 1.0)) for skip in SKIPS}
        self.score_fr = _score_layer(trunk.channels[32], num_classes)
        intermediate = spec.learned_deconvs in ("intermediate", "all")
        final = spec.learned_deconvs == "all"
        grid = trunk.coordinates[32]
        self._add_final(32, num_classes, grid, learned=final)
        for skip in self.skips:
            placement = place_upsampling(grid, trunk.coordinates[skip.stride])
            self.add_module(skip.enlarges, Upscore(num_classes, placement, learned=intermediate))
            self.add_module(skip.score, _score_layer(trunk.channels[skip.stride], num_classes))
            grid = _fused_grid(trunk.coordinates[skip.stride], placement)
            self._add_final(skip.stride, num_classes, grid, learned=final)

    def _add_final(self, head: int, num_classes: int, grid: CoordinateMap, *, learned: bool) -> None:
        if head in self.heads:
            placement = place_upsampling(grid, IMAGE_GRID)
            self.add_module(f"upscore{head}", Upscore(num_classes, placement, learned=learned))

    def upscore(self, name: str) -> Upscore:
        """An upsampling by its name: upscore2, upscore_pool4, … between two grids, upscore8, … to the image."""
        return cast(Upscore, self.get_submodule(name))

    def score(self, name: str) -> nn.Conv2d:
        """A score layer by its name: score_fr, score_pool4, …"""
        return cast(nn.Conv2d, self.get_submodule(name))

    def forward(self, features: dict[int, Tensor], size: tuple[int, int], heads: Sequence[int]) -> NetworkOutput:
        """features: the trunk's maps by level. size: (H, W) of the image."""
        now = self.score_fr(features[32])
        maps = {"score_fr": now}
        for skip in skips_of(min(heads)):
            maps[skip.enlarges], maps[skip.score] = _meet(
                self.upscore(skip.enlarges),
                now,
                self.score(skip.score),
                features[skip.stride],
                self.skip_scales[skip.stride],
            )
            now = maps[skip.fuse] = maps[skip.enlarges] + maps[skip.score]
        logits = {head: self.upscore(f"upscore{head}").to_image(maps[fused_map(head)], size) for head in heads}
        return NetworkOutput(logits, maps)


class FCN(Network):
    """Fully convolutional network: any image size in, logits of that size out, from one pass.

    Build it with `FCN(FCNSpec(...))`.
    """

    spec: FCNSpec

    def __init__(self, spec: FCNSpec) -> None:
        super().__init__()
        self.spec = spec
        self.trunk = build_trunk(spec.trunk)
        self.head = SkipHeads(self.trunk, spec.num_classes, spec)
        self.tasks = nn.ModuleDict({name: SkipHeads(self.trunk, k, spec) for name, k in spec.extra_tasks.items()})

    @property
    def offers(self) -> frozenset[Offer]:
        return frozenset({"skips", "trunk"})

    def trunks(self) -> dict[str, nn.Module]:
        return {"trunk": self.trunk}

    @property
    def widest(self) -> float:
        return WIDEST_LAYERS * self.spec.width

    @property
    def border(self) -> int:
        return 2 * REFERENCE_PADDING if self.spec.alignment == "reference" else 0

    def coarse_map(self, head: int) -> str:
        return fused_map(head)

    def final_upsampling(self, head: int) -> Upsampling | None:
        return self.head.upscore(f"upscore{head}").placement

    def learned_upsampling(self, head: int) -> bool:
        return self.head.upscore(f"upscore{head}").weight is not None

    def forward(self, x: Tensor, heads: Sequence[int] | None = None) -> NetworkOutput:
        """x: N×C×H×W, float, H and W at least 1. heads: strides to compute, by default all that were built."""
        wanted = self.checked(x, heads)
        features = self.trunk(x, (32, *(skip.stride for skip in skips_of(min(wanted)))))
        size = (x.shape[-2], x.shape[-1])
        main = self.head(features, size, wanted)
        tasks = {name: head(features, size, wanted) for name, head in self.tasks.items()}
        return NetworkOutput(main.logits, main.maps, tasks)


def _score_layer(channels: int, num_classes: int) -> nn.Conv2d:
    """A 1×1 convolution to the classes that starts at zero, as in the paper."""
    layer = nn.Conv2d(channels, num_classes, 1)
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer


def _fused_grid(skip: CoordinateMap, placement: Upsampling) -> CoordinateMap:
    """Grid of the fused map: the skip's, from the first cell that the upsampled map reaches."""
    return CoordinateMap(skip.scale, skip(max(placement.shift, 0)))


def _meet(upscore: Upscore, coarse: Tensor, score: nn.Conv2d, skip: Tensor, scale: float) -> tuple[Tensor, Tensor]:
    """The upsampled coarse map and the score of the skip, both cropped to the cells that they share."""
    shift = upscore.placement.shift
    start, skip_start = max(-shift, 0), max(shift, 0)
    rows, columns = (
        min(upscore.full_size(n) - start, m - skip_start)
        for n, m in zip(coarse.shape[-2:], skip.shape[-2:], strict=True)
    )
    skip = skip[..., skip_start : skip_start + rows, skip_start : skip_start + columns]
    return upscore(coarse, start=start, size=(rows, columns)), score(skip if scale == 1 else skip * scale)
