"""The fully convolutional network (CVPR 2015, section 4): a trunk, score layers, skips, upsampling.

One class for FCN-32s, 16s and 8s: the three heads share everything below them, so one pass through
the trunk serves all of them. Fusing is a sum and upsampling is linear, so every logit is the sum of
what fc7, pool4 and pool3 contributed.

The maps are named after the paper's layers whatever the trunk: `pool4` stands for the trunk's map
of stride 16, `pool3` for the one of stride 8.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from torch import Tensor, nn
from torch.nn import functional as F

from fcn_core.models.backbones import Trunk, build_trunk
from fcn_core.models.spec import FCNSpec
from fcn_core.ops.bilinear import bilinear_weight, upsample_bilinear
from fcn_core.ops.conv_arithmetic import CoordinateMap, Upsampling, place_upsampling

IMAGE_GRID = CoordinateMap()


@dataclass(frozen=True)
class FCNOutput:
    """What one pass computed.

    logits   head -> N×K×H×W, float, at exactly the size of the input
    maps     named maps before the last upsampling, N×K×h×w: score_fr, upscore2, score_pool4,
             fuse_pool4, upscore_pool4, score_pool3, fuse_pool3 (those that the heads need)
    tasks    the same for every further set of score layers
    """

    logits: dict[int, Tensor]
    maps: dict[str, Tensor] = field(default_factory=dict)
    tasks: dict[str, FCNOutput] = field(default_factory=dict)


class Upscore(nn.Module):
    """A transposed convolution without bias, placed on its target grid: bilinear and frozen, or learned from there."""

    def __init__(self, channels: int, placement: Upsampling, *, learned: bool) -> None:
        super().__init__()
        self.placement = placement
        self.weight = nn.Parameter(bilinear_weight(channels, placement.kernel)) if learned else None

    def full_size(self, n: int) -> int:
        """Rows of the uncropped output for n rows."""
        return (n - 1) * self.placement.factor + self.placement.kernel

    def forward(self, x: Tensor, *, start: int, size: tuple[int, int]) -> Tensor:
        """The part of the upsampled map from row and column `start` on, `size` large. x: N×C×h×w."""
        factor, kernel = self.placement.factor, self.placement.kernel
        if self.weight is None:
            return upsample_bilinear(x, factor=factor, kernel=kernel, start=(start, start), size=size)
        full = F.conv_transpose2d(x, self.weight, stride=factor)
        return full[..., start : start + size[0], start : start + size[1]]


class SkipHeads(nn.Module):
    """Score layers and upsamplings over a trunk's maps: the part of the network that a task owns."""

    def __init__(self, trunk: Trunk, num_classes: int, spec: FCNSpec) -> None:
        super().__init__()
        self.heads = spec.heads
        self.skip_scales = {stride: float(spec.skip_scales.get(stride, 1.0)) for stride in (16, 8)}
        self.score_fr = _score_layer(trunk.channels[32], num_classes)
        grid = trunk.coordinates[32]
        intermediate = spec.learned_deconvs in ("intermediate", "all")
        final = spec.learned_deconvs == "all"
        if 32 in self.heads:
            self.upscore32 = Upscore(num_classes, place_upsampling(grid, IMAGE_GRID), learned=final)
        if min(self.heads) <= 16:
            placement = place_upsampling(grid, trunk.coordinates[16])
            self.upscore2 = Upscore(num_classes, placement, learned=intermediate)
            self.score_pool4 = _score_layer(trunk.channels[16], num_classes)
            grid = _fused_grid(trunk.coordinates[16], placement)
        if 16 in self.heads:
            self.upscore16 = Upscore(num_classes, place_upsampling(grid, IMAGE_GRID), learned=final)
        if 8 in self.heads:
            placement = place_upsampling(grid, trunk.coordinates[8])
            self.upscore_pool4 = Upscore(num_classes, placement, learned=intermediate)
            self.score_pool3 = _score_layer(trunk.channels[8], num_classes)
            grid = _fused_grid(trunk.coordinates[8], placement)
            self.upscore8 = Upscore(num_classes, place_upsampling(grid, IMAGE_GRID), learned=final)

    def forward(self, features: dict[int, Tensor], size: tuple[int, int], heads: Sequence[int]) -> FCNOutput:
        """features: the trunk's maps by stride. size: (H, W) of the image."""
        logits: dict[int, Tensor] = {}
        maps = {"score_fr": self.score_fr(features[32])}
        if 32 in heads:
            logits[32] = _to_image(self.upscore32, maps["score_fr"], size)
        if min(heads) <= 16:
            maps["upscore2"], maps["score_pool4"] = _meet(
                self.upscore2, maps["score_fr"], self.score_pool4, features[16], self.skip_scales[16]
            )
            maps["fuse_pool4"] = maps["upscore2"] + maps["score_pool4"]
        if 16 in heads:
            logits[16] = _to_image(self.upscore16, maps["fuse_pool4"], size)
        if 8 in heads:
            maps["upscore_pool4"], maps["score_pool3"] = _meet(
                self.upscore_pool4, maps["fuse_pool4"], self.score_pool3, features[8], self.skip_scales[8]
            )
            maps["fuse_pool3"] = maps["upscore_pool4"] + maps["score_pool3"]
            logits[8] = _to_image(self.upscore8, maps["fuse_pool3"], size)
        return FCNOutput(logits, maps)


class FCN(nn.Module):
    """Fully convolutional network: any image size in, logits of that size out, from one pass.

    Build it with `FCN(FCNSpec(...))`. It does not normalise its input: the preprocessing that
    belongs to the weights does.
    """

    def __init__(self, spec: FCNSpec) -> None:
        super().__init__()
        self.spec = spec
        self.trunk = build_trunk(spec)
        self.head = SkipHeads(self.trunk, spec.num_classes, spec)
        self.tasks = nn.ModuleDict({name: SkipHeads(self.trunk, k, spec) for name, k in spec.extra_tasks.items()})

    @property
    def heads(self) -> tuple[int, ...]:
        """Strides of the heads that this network has."""
        return self.spec.heads

    def forward(self, x: Tensor, heads: Sequence[int] | None = None) -> FCNOutput:
        """x: N×C×H×W, float, H and W at least 1. heads: strides to compute, by default all that were built."""
        wanted = self.spec.heads if heads is None else tuple(heads)
        if not wanted or set(wanted) - set(self.spec.heads):
            raise ValueError(f"this network has the heads {self.spec.heads}, asked for {wanted}")
        features = self.trunk(x)
        size = (x.shape[-2], x.shape[-1])
        main = self.head(features, size, wanted)
        tasks = {name: head(features, size, wanted) for name, head in self.tasks.items()}
        return FCNOutput(main.logits, main.maps, tasks)


class LateFusionFCN(nn.Module):
    """Two FCNs on two kinds of image, their scores averaged with weights (NYUDv2: colour and HHA, 0.5 each).

    `forward` takes both images stacked, N×(C1 + C2)×H×W. Everything above the score layers is
    linear, so averaging logits equals the published averaging of score maps.
    """

    def __init__(self, first: FCN, second: FCN, *, weights: tuple[float, float] = (0.5, 0.5)) -> None:
        super().__init__()
        a, b = first.spec, second.spec
        if (a.num_classes, a.heads, a.alignment, dict(a.extra_tasks)) != (
            b.num_classes, b.heads, b.alignment, dict(b.extra_tasks),
        ):  # fmt: skip
            raise ValueError(
                "late fusion needs two networks with the same classes, heads and alignment; got "
                f"{a.num_classes} classes, heads {a.heads}, {a.alignment} and "
                f"{b.num_classes} classes, heads {b.heads}, {b.alignment}"
            )
        self.first, self.second, self.weights = first, second, weights

    @property
    def heads(self) -> tuple[int, ...]:
        return self.first.heads

    def forward(self, x: Tensor, heads: Sequence[int] | None = None) -> FCNOutput:
        split = self.first.spec.in_channels
        expected = split + self.second.spec.in_channels
        if x.ndim != 4 or x.shape[1] != expected:
            raise ValueError(f"expected both images stacked, N×{expected}×H×W, got shape {tuple(x.shape)}")
        return _blend(self.first(x[:, :split], heads), self.second(x[:, split:], heads), self.weights)


def build(spec: FCNSpec) -> FCN:
    """The network that `spec` describes, freshly initialised (global torch generator)."""
    return FCN(spec)


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


def _to_image(upscore: Upscore, x: Tensor, size: tuple[int, int]) -> Tensor:
    return upscore(x, start=-upscore.placement.shift, size=size)


def _blend(a: FCNOutput, b: FCNOutput, weights: tuple[float, float]) -> FCNOutput:
    u, v = weights
    return FCNOutput(
        {head: u * a.logits[head] + v * b.logits[head] for head in a.logits},
        {name: u * a.maps[name] + v * b.maps[name] for name in a.maps},
        {name: _blend(a.tasks[name], b.tasks[name], weights) for name in a.tasks},
    )
