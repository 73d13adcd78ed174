"""A split of a data set, opened to be looked at."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.bench.identity import identified
from app.data.found import STREETS_COUNTS
from fcn_core.data.datasets import DATASETS, open_dataset
from fcn_core.data.kept import LabelledPictures
from fcn_core.keys import fresh_key


@identified
@dataclass(frozen=True)
class OpenedSplit:
    """key: names this opening, since folders change: what was seen of it before is not what is seen of it now.

    coarse: drawn scenes half as fine, four times as fast: the same scenes, for small pictures and for counting.
    """

    data: LabelledPictures
    coarse: LabelledPictures
    drawn: bool
    key: str = field(default_factory=fresh_key)


def open_split(kind: str, root: str | None, split: str) -> OpenedSplit:
    """Open a split; "all" opens a data set without splits. ValueError says what is missing."""
    part = None if split == "all" else split
    if DATASETS[kind].needs_root:
        data = open_dataset(kind, root=root, split=part)
        return OpenedSplit(data, data, drawn=False)
    count = STREETS_COUNTS.get(split, 1)
    data, coarse = (open_dataset(kind, split=part, count=count, size=size) for size in ((360, 480), (180, 240)))
    return OpenedSplit(data, coarse, drawn=True, key=f"{kind}, {split}, {count}")  # always the same scenes
