"""The way from score_fr to the final label map, one step at a time, with the numbers of any cell (CVPR 2015, Figure 3).

score_fr -> upscore2 -> + score_pool4 -> fuse_pool4 -> upscore_pool4 -> + score_pool3 -> fuse_pool3 -> final
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from fcn_core.analysis.fusing.decisions import Change, Decisions
from fcn_core.analysis.fusing.fusion import Fusion
from fcn_core.models.spec import skips_of

Kind = Literal["score", "enlarge", "skip", "add", "final"]


@dataclass(frozen=True)
class FusingStep:
    """One map on the way.

    name       the paper's name of the map; "32s", "16s" or "8s" for the last one
    kind       score: the first scores; enlarge: an upsampling; skip: the scores that are about to be added;
               add: the sum; final: logits at every pixel
    sources    the maps that it is made of, in the order in which they are written
    classes, height, width   its size
    stride     pixels of the photo from one cell to the next
    summed     how many streams of the head are in it; 0 for a skip's own scores, which are in nothing yet
    changed    share of the photo's pixels whose label this step changed, 0-1; only an addition changes any, because
               enlarging goes on in the same way until the photo's size is reached
    changes    from which class to which, the largest first
    """

    name: str
    kind: Kind
    sources: tuple[str, ...]
    classes: int
    height: int
    width: int
    stride: int
    summed: int
    changed: float = 0.0
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class CellNumbers:
    """The numbers of one cell of a step's map: K values a source (its own for an enlargement) and K values of the map.

    column, row: the cell. parts: name -> K float32, what is added up there; empty where nothing is added.
    """

    column: int
    row: int
    values: np.ndarray
    parts: dict[str, np.ndarray]


def way_of(head: int) -> tuple[tuple[str, Kind, tuple[str, ...], int], ...]:
    """(map, kind, sources, streams in it) of every step of a head before its last upsampling."""
    way: list[tuple[str, Kind, tuple[str, ...], int]] = [("score_fr", "score", (), 1)]
    for count, skip in enumerate(skips_of(head), 1):
        way += [
            (skip.enlarges, "enlarge", (way[-1][0],), count),
            (skip.score, "skip", (), 0),
            (skip.fuse, "add", (skip.enlarges, skip.score), count + 1),
        ]
    return tuple(way)


def steps(fusion: Fusion, found: Decisions) -> list[FusingStep]:
    """All steps of the head that `found` is about, in order."""
    way = []
    for name, kind, sources, summed in way_of(found.head):
        classes, height, width = fusion.maps[name].shape
        stride = int(fusion.coordinates[name].scale)
        changed, changes = 0.0, tuple[Change, ...]()
        if kind == "add":
            stream = found.streams[summed - 1]
            changed, changes = float(found.flipped(stream).mean()), found.changes(stream)
        way.append(FusingStep(name, kind, sources, classes, height, width, stride, summed, changed, changes))
    last, name = way[-1], f"{found.head}s"
    return [
        *way,
        FusingStep(name, "final", (last.name,), last.classes, *fusion.size, stride=1, summed=len(found.streams)),
    ]


def numbers(fusion: Fusion, step: FusingStep, column: int, row: int) -> CellNumbers:
    """The numbers at a cell of a step's map, in that map's own coordinates; of the final step at a pixel."""
    if not (0 <= column < step.width and 0 <= row < step.height):
        raise ValueError(f"cell ({column}, {row}) lies outside {step.name}, which has {step.width}×{step.height} cells")
    if step.kind == "final":
        book = fusion.ledger(int(step.name[:-1]), column, row)
        parts = {name: book.parts[i].astype(np.float32) for i, name in enumerate(book.streams)}
        return CellNumbers(column, row, book.logits.astype(np.float32), parts)
    values = {
        name: fusion.maps[name][:, row, column].numpy() for name in (step.name, *step.sources * (step.kind == "add"))
    }
    return CellNumbers(column, row, values.pop(step.name), values)
