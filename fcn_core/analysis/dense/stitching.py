"""Denser scores of a real network: shift-and-stitch, spread kernels, smaller strides alone (CVPR 2015, section 3.2).

One stream of an FCN (fc7, pool4 or pool3, each with its score layer) is a plain network from picture to scores. Here
it is run in the three ways on one picture, and what each costs is counted and measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
import torch
from torch import Tensor, nn

from fcn_core.models.fcn import FCN
from fcn_core.models.spec import SKIPS, score_of
from fcn_core.models.torchvision_fcn import TorchvisionFCN
from fcn_core.ops.shift_stitch import Edge, LayerWork, denser, layer_works, shift_and_stitch
from fcn_core.progress import Progress
from fcn_core.segmenting.folding import folded_copy

STREAM_STRIDES = {"fc7": 32, **{skip.layer: skip.stride for skip in SKIPS}}


@dataclass(frozen=True, eq=False)
class DenseScores:
    """Scores of one stream, K×h×w float32, and what they took.

    coarse      one pass of the network as it is
    stitched    factor² passes, interlaced
    spread      one pass with spread kernels
    unspread    one pass with smaller strides and nothing else
    seconds     the same names -> measured wall time
    inside      h×w bool: cells of the denser maps that see no border of the picture, wherever it is shifted
    """

    stride: int
    factor: int
    edge: Edge
    works: tuple[LayerWork, ...]
    coarse: np.ndarray
    stitched: np.ndarray
    spread: np.ndarray
    unspread: np.ndarray
    inside: np.ndarray
    seconds: dict[str, float]

    def difference(self, *, inside: bool = False) -> float:
        """Largest difference between stitched scores and those of spread kernels, relative to the largest score."""
        if inside and not self.inside.any():
            return 0.0
        gap = np.abs(self.stitched - self.spread).max(0)
        return float((gap[self.inside] if inside else gap).max() / max(np.abs(self.spread).max(), 1e-12))


@dataclass(frozen=True)
class DenseCost:
    """Multiply-adds for one picture: `stitched` by shift-and-stitch, `spread` with spread kernels; their answers."""

    factor: int
    stitched: float
    spread: float
    answers: int


def score_stream(model: nn.Module, stream: str) -> nn.Sequential:
    """The layers from picture to the scores of one stream, batch norms folded; `model` is left alone.

    ValueError for networks without such a stream, or whose scores come from two trunks.
    """
    if isinstance(model, FCN):
        stride = STREAM_STRIDES.get(stream)
        if stride is None or stride < min(model.heads):
            raise ValueError(f"these weights have no scores of {stream}; their heads are {model.heads}")
        head, trunk = model.head, model.trunk
        if stride == 32:
            layers = [*trunk.features, *(trunk.fc or ()), head.score_fr]
        else:
            layers = [*trunk.features[: trunk.taps[stride] + 1], head.score(score_of(stream))]
            if head.skip_scales[stride] != 1:
                layers.insert(-1, _Times(head.skip_scales[stride]))
        return folded_copy(nn.Sequential(*layers))  # type: ignore[return-value]
    if isinstance(model, TorchvisionFCN) and stream == "fc7":
        return nn.Sequential(_Output(model.backbone), model.classifier).eval()
    raise ValueError(f"{type(model).__name__} has no stream {stream} that could be run by itself; choose other weights")


def streams_of(model: nn.Module) -> tuple[str, ...]:
    """Streams that `score_stream` can take out of a model."""
    if isinstance(model, FCN):
        return tuple(name for name, stride in STREAM_STRIDES.items() if stride >= min(model.heads))
    return ("fc7",) if isinstance(model, TorchvisionFCN) else ()


def dense_scores(
    model: nn.Module,
    stream: str,
    x: Tensor,
    *,
    factor: int,
    edge: Edge,
    progress: Progress | None = None,
) -> DenseScores:
    """Run the three ways. x: 1×C×H×W, preprocessed, sides multiples of 32.

    progress(done, total) counts passes. ValueError where `factor` does not divide the stream's stride.
    """
    network = score_stream(model, stream)
    x = x.to(next(network.parameters()).device)
    works = layer_works(network, x)
    stride, total = max(work.stride_after for work in works), factor**2 + 3
    seconds: dict[str, float] = {}
    done = 0

    def count(*_: int) -> None:
        nonlocal done
        done += 1
        if progress:
            progress(done, total)

    def timed(name: str, run: Callable[[], Tensor]) -> np.ndarray:
        began = perf_counter()
        scores = run()[0].float().cpu().numpy()
        seconds[name] = perf_counter() - began
        if name != "stitched":
            count()
        return scores

    same = denser(network, works, stride=stride, edge=edge)
    with torch.inference_mode():
        coarse = timed("coarse", lambda: same(x))
        stitched = timed(
            "stitched",
            lambda: shift_and_stitch(same, x, stride=stride, factor=factor, edge=edge, progress=count),
        )
        spread = timed("spread", lambda: denser(network, works, stride=stride // factor, edge=edge)(x))
        unspread = timed(
            "unspread", lambda: denser(network, works, stride=stride // factor, edge=edge, spread=False)(x)
        )
    inside = _inside(works, stride // factor, stride, (spread.shape[-2], spread.shape[-1]))
    return DenseScores(stride, factor, edge, works, coarse, stitched, spread, unspread, inside, seconds)


def dense_costs(works: tuple[LayerWork, ...], pixels: int) -> tuple[DenseCost, ...]:
    """Costs for every factor that halves the stride once more, from 1 to a score at every pixel."""
    stride = max(work.stride_after for work in works)
    once = sum(work.work for work in works)
    costs = []
    for power in range(stride.bit_length()):
        factor = 2**power
        if stride % factor:
            break
        spread = sum(work.denser(stride // factor)[2] for work in works)
        costs.append(DenseCost(factor, factor**2 * once * pixels, spread * pixels, pixels * factor**2 // stride**2))
    return tuple(costs)


def field_size(works: tuple[LayerWork, ...], stride: int, *, spread: bool) -> int:
    """Pixels that a cell sees along one axis, of a plain stack made denser up to `stride`."""
    return 1 + sum(
        work.reach if spread else work.reach * min(work.stride_before, stride) // work.stride_before for work in works
    )


def _inside(works: tuple[LayerWork, ...], step: int, stride: int, cells: tuple[int, int]) -> np.ndarray:
    """Cells at least half a field, and a shift, away from every border."""
    reach = -(-field_size(works, step, spread=True) // 2) + stride
    rows, columns = (np.arange(n) * step for n in cells)
    free = [(at >= reach) & (at < n * step - reach) for at, n in ((rows, cells[0]), (columns, cells[1]))]
    return free[0][:, None] & free[1][None]


class _Times(nn.Module):
    """The factor on a skip's features (at-once training)."""

    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        return x * self.factor


class _Output(nn.Module):
    """torchvision's backbones return a dictionary."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone

    def forward(self, x: Tensor) -> Tensor:
        return self.backbone(x)["out"]
