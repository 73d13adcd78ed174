"""Large photos in overlapping tiles whose seams are blended away.

A tile sees zeros where the photo goes on, so its logits are wrong near its edge. Neighbours therefore
overlap by 2·margin + ramp pixels: the outer `margin` of each tile counts for nothing, and over the
`ramp` in the middle one tile's weight falls as the other's rises; the weights of a pixel always sum to
one. Where the margin covers the network's context, the result is the untiled one. Tiles begin at
multiples of 32, so that pooling cells lie where they would lie in the whole photo.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psutil
import torch
from torch import Tensor

from fcn_core.progress import Progress

ALIGN = 32
MARGIN = 96
RAMP = 64
SMALLEST_TILE, LARGEST_TILE = 512, 2048


@dataclass(frozen=True)
class TileAxis:
    """Where tiles begin and end along one side of the photo, in pixels, and how far neighbours overlap."""

    starts: tuple[int, ...]
    stops: tuple[int, ...]
    margin: int
    ramp: int

    @property
    def overlap(self) -> int:
        return 2 * self.margin + self.ramp

    def done(self, index: int) -> int:
        """How many pixels of tile `index`, from its start, no later tile touches."""
        last = index == len(self.starts) - 1
        return (self.stops[index] if last else self.starts[index + 1]) - self.starts[index]

    def weights(self, index: int) -> Tensor:
        """Weight of each pixel of tile `index`, float32 in 0-1; 1 at the photo's own ends."""
        weights = torch.ones(self.stops[index] - self.starts[index])
        rising = torch.cat(
            [torch.zeros(self.margin), (torch.arange(self.ramp) + 0.5) / max(1, self.ramp), torch.ones(self.margin)]
        )
        if index > 0:
            weights[: self.overlap] = rising
        if index < len(self.starts) - 1:
            weights[len(weights) - self.overlap :] = 1.0 - rising
        return weights


def plan_axis(length: int, tile: int, *, margin: int = MARGIN, ramp: int = RAMP) -> TileAxis:
    """Cut `length` pixels into equal tiles of at most `tile` pixels that start at multiples of 32.

    At most two tiles meet at any pixel, for which `tile` must be at least twice the overlap plus 32 (ValueError).
    """
    overlap = 2 * margin + ramp
    if margin < 0 or ramp < 0 or tile < 2 * overlap + ALIGN:
        raise ValueError(
            f"expected tiles of at least {2 * overlap + ALIGN} pixels for an overlap of {overlap} "
            f"(twice the margin {margin} plus the ramp {ramp}), got {tile}"
        )
    if length <= tile:
        return TileAxis((0,), (length,), margin, ramp)
    largest_step = (tile - overlap) // ALIGN * ALIGN
    count = -(-(length - overlap) // largest_step)
    step = -(-(length - overlap) // (count * ALIGN)) * ALIGN  # equal shares: no sliver is left for the last tile
    count = -(-(length - overlap) // step)
    starts = tuple(index * step for index in range(count))
    return TileAxis(starts, tuple(min(start + step + overlap, length) for start in starts), margin, ramp)


def blend_tiles(
    rows: TileAxis,
    columns: TileAxis,
    run: Callable[[slice, slice], dict[int, Tensor]],
    finish: Callable[[int, int, int, Tensor], None],
    *,
    progress: Progress | None = None,
) -> None:
    """Run the network tile by tile and hand out finished blocks, so that only the seams are kept in memory.

    run(rows, columns) returns head -> logits K×h×w of that part of the photo, float32 on the CPU.
    finish(head, y, x, logits) receives each blended block K×h×w once; the blocks cover the photo without overlap.
    progress(done, total) counts tiles.
    """
    total = len(rows.starts) * len(columns.starts)
    width = columns.stops[-1]
    above: dict[int, Tensor] = {}  # head -> weighted logits of the seam under the finished rows, K×overlap×W
    for r, y in enumerate(rows.starts):
        left: dict[int, Tensor] = {}  # head -> weighted logits of the seam right of the finished columns
        done_y = rows.done(r)
        for c, x in enumerate(columns.starts):
            if progress:
                progress(r * len(columns.starts) + c, total)
            done_x = columns.done(c)
            weight = rows.weights(r)[:, None] * columns.weights(c)
            tile = run(slice(y, rows.stops[r]), slice(x, columns.stops[c]))
            for head in list(tile):
                logits = tile.pop(head).mul(weight)
                if c > 0:
                    logits[:, :, : columns.overlap] += left.pop(head)
                left[head] = logits[:, :, done_x:].clone()
                block = logits[:, :, :done_x]
                if r > 0:
                    block[:, : rows.overlap] += above[head][:, :, x : x + done_x]
                if r < len(rows.starts) - 1:
                    if head not in above:
                        above[head] = torch.zeros(logits.shape[0], rows.overlap, width)
                    above[head][:, :, x : x + done_x] = block[:, done_y:]
                finish(head, y, x, block[:, :done_y])
    if progress:
        progress(total, total)


def tile_side(bytes_per_pixel: float, memory: int) -> int:
    """Side of a square tile, a multiple of 32 from 512 to 2048, that takes about `memory` bytes."""
    side = int((memory / bytes_per_pixel) ** 0.5) // ALIGN * ALIGN
    return min(max(side, SMALLEST_TILE, 2 * (2 * MARGIN + RAMP) + ALIGN), LARGEST_TILE)


def available_memory(cgroup: Path = Path("/sys/fs/cgroup")) -> int:
    """Bytes that this process may still take: what the machine has free, or less inside a limited container."""
    free = int(psutil.virtual_memory().available)
    for limit_file, used_file in (
        ("memory.max", "memory.current"),
        ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"),
    ):
        try:
            limit, used = (int((cgroup / name).read_text()) for name in (limit_file, used_file))
        except (OSError, ValueError):  # no such control group, or "max": no limit
            continue
        free = min(free, max(limit - used, 0))
    return free
