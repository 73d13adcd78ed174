"""What lies in a data set's folder: how many pictures in which split, of which classes, or what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fcn_core.data.datasets import DATASETS, dataset_record, open_dataset
from fcn_core.labels import LabelSet

FURTHER_SPLITS = ("test",)
STREETS_COUNTS = {"train": 2000, "val": 60, "test": 100}
STREETS_SEEDS = {"train": 0, "val": 1, "test": 2}


@dataclass(frozen=True)
class DataFound:
    """pictures: split -> how many, empty when the data set cannot be opened. problem: why not, in a sentence.
    absent: the published splits that are not here."""

    kind: str
    root: str | None
    pictures: Mapping[str, int] = field(default_factory=dict)
    labels: LabelSet | None = None
    problem: str = ""
    absent: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What was found."""
        counts = " and ".join(f"{count:,} {split or 'unsplit'}" for split, count in self.pictures.items())
        classes = f", {len(self.labels)} classes" if self.labels else ""
        absent = f". Not here: {', '.join(self.absent)}" if self.absent else ""
        return f"Found {counts} pictures{classes}{absent}."


def look_for(kind: str, root: str | None) -> DataFound:
    """Open every split of a data set, without reading its pictures."""
    record = dataset_record(kind)
    if not record.needs_root:
        return DataFound(kind, None, STREETS_COUNTS, open_dataset(kind, count=1).labels)
    if not root:
        return DataFound(kind, None)
    pictures: dict[str, int] = {}
    labels: LabelSet | None = None
    problem = ""
    for split in dict.fromkeys((*record.splits, *FURTHER_SPLITS)):
        try:
            data = open_dataset(kind, root=root, split=split)
            pictures[split], labels = len(data), data.labels
        except (ValueError, OSError) as why:
            problem = problem or str(why)
    if not pictures and kind == "folder":
        try:
            data = open_dataset(kind, root=root)
            pictures[""], labels = len(data), data.labels
        except (ValueError, OSError) as why:
            problem = str(why)
    absent = tuple(split for split in record.splits if split not in pictures and "" not in pictures)
    return DataFound(kind, root, pictures, labels, "" if pictures else problem, absent if pictures else ())


def parts_of(found: DataFound) -> tuple[list[dict[str, Any]], dict[str, Any] | None, dict[str, Any] | None]:
    """(training parts, validation, test) of a run on this data set, as plain settings."""
    if not DATASETS[found.kind].needs_root:
        train, val, test = (
            {"kind": found.kind, "count": STREETS_COUNTS[split], "seed": STREETS_SEEDS[split], "size": [240, 320]}
            for split in ("train", "val", "test")
        )
        return [train], val, test

    def part(split: str) -> dict[str, Any] | None:
        here = split in found.pictures
        return {"kind": found.kind, "root": found.root, "split": split} if here else None

    first = part("train") or {"kind": found.kind, "root": found.root, "split": None}
    return [first], part("val"), part("test")
