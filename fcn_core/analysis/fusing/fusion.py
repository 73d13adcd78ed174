"""Skip fusion from kept score maps, and the logit ledger (CVPR 2015, section 4.2).

Above its score layers an FCN only adds maps and enlarges them linearly. So each logit is exactly the sum of what its
streams contribute: fc7 through `score_fr`, pool4 through `score_pool4`, pool3 through `score_pool3`, and so on, each
pushed alone through the same upsamplings while the others are zero. The bias of a score layer belongs to its stream.

`Fusion` holds the score maps of one picture and answers without the trunk: what a stream contributes, what a pixel's
ledger says, and what the heads would say if a skip were scaled or turned off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_core.analysis.fusing.enlarged_labels import enlarged_labels
from fcn_core.models.fcn import SkipHeads
from fcn_core.models.spec import HEADS, SKIPS, STREAMS, fused_map, skips_of, streams_of
from fcn_core.models.upscore import Upscore
from fcn_core.ops.bilinear import upsample_bilinear
from fcn_core.ops.conv_arithmetic import CoordinateMap, Upsampling
from fcn_core.segmenting.scores import classify

Scales = Mapping[str, float]


@dataclass(frozen=True)
class Enlargement:
    """One upsampling of a network: where it lies, and its weight K×K×k×k if it was learned (None: bilinear)."""

    placement: Upsampling
    weight: Tensor | None

    def __call__(self, x: Tensor, *, start: tuple[int, int], size: tuple[int, int]) -> Tensor:
        """Rows and columns from `start` on, `size` many, of the enlarged map. x: K×h×w; returns K×size."""
        factor, kernel = self.placement.factor, self.placement.kernel
        if self.weight is None:
            return upsample_bilinear(x[None], factor=factor, kernel=kernel, start=start, size=size)[0]
        # Only the cells that reach the wanted part, so that a single pixel costs next to nothing.
        first = [max(0, (s - kernel) // factor + 1) for s in start]
        last = [(s + n - 1) // factor + 1 for s, n in zip(start, size, strict=True)]
        window = x[:, first[0] : last[0], first[1] : last[1]]
        begin = [s - f * factor for s, f in zip(start, first, strict=True)]
        if 0 in window.shape:
            return x.new_zeros(self.weight.shape[1], *size)
        full = F.conv_transpose2d(window[None], self.weight, stride=factor)[0]
        top, left = (max(-b, 0) for b in begin)  # rows and columns before the map, where a crop was made too small
        part = full[:, begin[0] + top : max(begin[0] + size[0], 0), begin[1] + left : max(begin[1] + size[1], 0)]
        return F.pad(part, (left, size[1] - left - part.shape[2], top, size[0] - top - part.shape[1]))

    @property
    def start(self) -> int:
        """First row and column of the enlarged map that is used where it meets a skip."""
        return max(-self.placement.shift, 0)

    @property
    def coordinates(self) -> CoordinateMap:
        """Centre of a cell on the map that this upsampling leads to."""
        return CoordinateMap(Fraction(self.placement.factor), Fraction(self.placement.kernel - 1, 2) - self.start)


@dataclass(frozen=True)
class Ledger:
    """The logits of one pixel, split into streams.

    parts      streams × K float64: what each stream contributes to each class's logit
    logits     K float64: what the network itself said
    """

    head: int
    x: int
    y: int
    streams: tuple[str, ...]
    parts: np.ndarray
    logits: np.ndarray

    @property
    def residual(self) -> np.ndarray:
        """K: what the parts leave unexplained; only rounding."""
        return self.logits - self.parts.sum(0)

    @property
    def winner(self) -> int:
        """The class with the largest logit; the lower index wins a tie."""
        return int(self.logits.argmax())

    @property
    def after(self) -> tuple[int, ...]:
        """Winning class of every partial sum: fc7, fc7 + pool4, fc7 + pool4 + pool3."""
        return tuple(int(row.argmax()) for row in self.parts.cumsum(0))

    @property
    def decided_by(self) -> str:
        """The last stream whose addition changed the winning class; fc7 where none did."""
        after = self.after
        changes = [i for i in range(1, len(after)) if after[i] != after[i - 1]]
        return self.streams[changes[-1] if changes else 0]


class Fusion:
    """The score maps of one picture under the upsamplings of a network. Nothing of the network is changed or kept busy.

    coordinates   name of a map -> where its cells lie on the image, in pixels
    """

    def __init__(self, model: nn.Module, maps: Mapping[str, np.ndarray], size: tuple[int, int]) -> None:
        """model: an FCN. maps: its named maps for this picture, K×h×w float32 or float64. size: (H, W) of the picture.

        ValueError where the network has no skips or the maps were not kept.
        """
        head = skip_heads(model)
        if "score_fr" not in maps:
            raise ValueError(
                "the score maps of this picture were not kept (it was cut into tiles); use a picture small enough for "
                "one pass"
            )
        self.size = size
        self.maps = {name: torch.from_numpy(np.ascontiguousarray(maps[name])) for name in maps}
        dtype = self.maps["score_fr"].dtype
        self._up = {name: _private(module, dtype) for name, module in head.named_children() if name.startswith("up")}
        self.num_classes = len(maps["score_fr"])
        self.heads = tuple(h for h in HEADS if h in head.heads and fused_map(h) in maps)
        self.coordinates = self._coordinates()
        self._shares: dict[int, dict[str, Tensor]] = {}

    def streams(self, head: int) -> tuple[str, ...]:
        """The streams that a head adds up, coarsest first."""
        self._check(head)
        return streams_of(head)

    def shares_of_grid(self, head: int) -> dict[str, Tensor]:
        """Stream -> what it alone puts on the head's grid, K×h×w; their sum is the map before the last upsampling."""
        self._check(head)
        if head not in self._shares:  # computed once: a moving slider asks for them again and again
            self._shares[head] = self._shares_of_grid(head)
        return dict(self._shares[head])

    def _shares_of_grid(self, head: int) -> dict[str, Tensor]:
        shares = {"fc7": self.maps["score_fr"]}
        for skip in skips_of(head):
            added = self.maps[skip.score]
            shares = {stream: self._meet(skip.enlarges, share, added) for stream, share in shares.items()}
            shares[skip.layer] = added
        return shares

    def fused(self, head: int, scales: Scales | None = None) -> Tensor:
        """The head's map before its last upsampling, K×h×w, with each stream multiplied by its factor (1 if not named).

        A factor scales all that a stream contributes, the bias of its score layer included; 0 turns it off.
        """
        factors = self._factors(head, scales)
        scaled = [factors[stream] * share.numpy() for stream, share in self.shares_of_grid(head).items()]
        return torch.from_numpy(sum(scaled[1:], scaled[0]))

    def logits(self, head: int, scales: Scales | None = None) -> Tensor:
        """K×H×W logits from the score maps alone; see `fused` for `scales`."""
        return self.to_image(head, self.fused(head, scales))

    def label_map(self, head: int, scales: Scales | None = None) -> np.ndarray:
        """H×W uint8: the class with the largest of `logits` at every pixel, without computing most of them."""
        return self.labels_of(head, self.fused(head, scales))

    def labels_of(self, head: int, grid: Tensor) -> np.ndarray:
        """H×W uint8 arg-max of a K×h×w map on the head's grid after the head's last upsampling."""
        last = self._up[f"upscore{head}"]
        if last.weight is None:
            return enlarged_labels(grid.numpy(), last.placement, self.size)
        return classify(self.to_image(head, grid))[0].numpy()

    def to_image(self, head: int, grid: Tensor) -> Tensor:
        """C×H×W: a map on the head's grid after the head's last upsampling. grid: C×h×w (C = K where it is learned)."""
        last = self._up[f"upscore{head}"]
        return last(grid, start=(-last.placement.shift,) * 2, size=self.size)

    def parts(self, head: int) -> dict[str, Tensor]:
        """Stream -> K×H×W: what it contributes to every logit. They add up to the head's logits."""
        return {stream: self.to_image(head, share) for stream, share in self.shares_of_grid(head).items()}

    def ledger(self, head: int, x: int, y: int, logits: np.ndarray | None = None) -> Ledger:
        """The ledger of the pixel in column x, row y. logits: K, what the network said there, to be checked against;
        by default what the score maps give when they are fused as the network does."""
        height, width = self.size
        if not (0 <= x < width and 0 <= y < height):
            raise ValueError(f"pixel ({x}, {y}) lies outside the {width}×{height} picture")
        last = self._up[f"upscore{head}"]
        shares = self.shares_of_grid(head)
        place = (y - last.placement.shift, x - last.placement.shift)
        parts = [last(share, start=place, size=(1, 1))[:, 0, 0] for share in shares.values()]
        if logits is None:
            logits = last(self.own(head), start=place, size=(1, 1))[:, 0, 0].numpy()
        table = torch.stack(parts).double().numpy()
        return Ledger(head, x, y, tuple(shares), table, np.asarray(logits, np.float64))

    def own(self, head: int) -> Tensor:
        """The head's map before its last upsampling as the network computed it, K×h×w."""
        self._check(head)
        return self.maps[fused_map(head)]

    def enlargement(self, name: str) -> Enlargement:
        """An upsampling of the network: upscore2, upscore_pool4, … between two grids, upscore8, … to the photo."""
        return self._up[name]

    def plane(self, name: str, index: int) -> np.ndarray:
        """One class's scores on a named map (h×w), or of the head "32s", "16s", "8s" at every pixel (H×W)."""
        if name not in self.coordinates:
            raise ValueError(f"no map {name!r} here; there are {', '.join(self.coordinates)}")
        if name in self.maps:
            return self.maps[name][index].numpy()
        head = int(name[:-1])
        last, grid = self._up[f"upscore{head}"], self.own(head)
        return self.to_image(head, grid[index : index + 1] if last.weight is None else grid)[
            0 if last.weight is None else index
        ].numpy()

    def cell(self, name: str, x: int, y: int) -> tuple[int, int]:
        """(column, row) of the cell of a map whose centre is nearest to a pixel."""
        where = self.coordinates[name]
        height, width = self.maps[name].shape[1:] if name in self.maps else self.size
        column, row = (int(((p - where.offset) / where.scale + Fraction(1, 2)) // 1) for p in (x, y))
        return min(max(column, 0), width - 1), min(max(row, 0), height - 1)

    def centre(self, name: str, column: int, row: int) -> tuple[int, int]:
        """The pixel (x, y) at the centre of a cell, or the nearest one inside the picture."""
        where = self.coordinates[name]
        height, width = self.size
        x, y = (int(where(i) // 1) for i in (column, row))
        return min(max(x, 0), width - 1), min(max(y, 0), height - 1)

    def _coordinates(self) -> dict[str, CoordinateMap]:
        """Where the cells of every map lie, from the upsamplings: the finest head's grid first, then what led there."""
        found: dict[str, CoordinateMap] = {}
        last = {h: self._up[f"upscore{h}"].placement for h in self.heads}
        grids = {h: CoordinateMap(Fraction(p.factor), Fraction(p.kernel - 1, 2) + p.shift) for h, p in last.items()}
        for skip in reversed(SKIPS):
            if skip.fuse in self.maps:
                here = grids[skip.stride]
                found |= dict.fromkeys((skip.enlarges, skip.score, skip.fuse), here)
                grids[2 * skip.stride] = here.then(self._up[skip.enlarges].coordinates)
        found["score_fr"] = grids[32]
        return found | {f"{h}s": CoordinateMap() for h in self.heads}

    def _meet(self, name: str, coarse: Tensor, skip: Tensor) -> Tensor:
        up = self._up[name]
        return up(coarse, start=(up.start, up.start), size=(skip.shape[-2], skip.shape[-1]))

    def _factors(self, head: int, scales: Scales | None) -> dict[str, float]:
        streams = self.streams(head)
        if unknown := set(scales or {}) - set(STREAMS):
            raise ValueError(f"no stream {', '.join(sorted(unknown))}; the streams are {', '.join(STREAMS)}")
        return {stream: float((scales or {}).get(stream, 1.0)) for stream in streams}

    def _check(self, head: int) -> None:
        if head not in self.heads:
            there = ", ".join(f"{h}s" for h in self.heads)
            raise ValueError(f"there is no head {head}s here; these weights have {there}")


def skip_heads(model: nn.Module) -> SkipHeads:
    """The score layers and upsamplings of an FCN; ValueError for a network that is built otherwise."""
    head = getattr(model, "head", None)
    if not isinstance(head, SkipHeads):
        raise ValueError(
            f"{type(model).__name__} has one stream only: it scores the last map of its trunk and enlarges that, so "
            "there are no skips to take apart"
        )
    return head


def _private(module: nn.Module, dtype: torch.dtype) -> Enlargement:
    assert isinstance(module, Upscore)
    weight = None if module.weight is None else module.weight.detach().to(device="cpu", dtype=dtype)
    return Enlargement(module.placement, weight)
