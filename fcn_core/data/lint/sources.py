"""What the linter looks at in each kind of data set: its splits, and how one picture of them is read.

Files that lie in pairs are looked at one by one, also where a reader would refuse the data set as a whole; other data
sets are opened and asked for their samples.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from fcn_core.data import pascal_context, sbd, voc
from fcn_core.data.camvid import VOID_IN_FILES, find_root
from fcn_core.data.datasets import dataset_record, open_dataset
from fcn_core.data.files import read_picture
from fcn_core.data.kept import LabelledPictures
from fcn_core.data.layout import Layout, Part, find_layout
from fcn_core.data.lint.masks import UNPACK, MaskProblem, inspect_mask, strange_indices
from fcn_core.data.lint.report import Finding
from fcn_core.data.lint.scan import FileLook
from fcn_core.labels import CAMVID, PASCAL_CONTEXT, VOC, VOID, LabelSet

Inspect = Callable[[Path], tuple[list[MaskProblem], np.ndarray | None]]
MEND_PICTURE = "Replace or remove these files."


@dataclass(frozen=True)
class LintSource:
    """One split: how many pictures it has, and what picture i looks like. part: its files, where they lie in pairs."""

    split: str
    count: int
    look: Callable[[int], FileLook]
    part: Part | None = None


@dataclass(frozen=True)
class Sources:
    """A data set as the linter sees it. findings: what was wrong with it before any picture was read."""

    root: Path | None
    labels: LabelSet | None
    splits: tuple[LintSource, ...]
    findings: tuple[Finding, ...] = ()


def folder_sources(root: str | Path, labels: LabelSet | None = None) -> Sources:
    """A folder in any layout of `layout.py`; labels None takes classes.txt, CamVid's for its layout, or any index."""
    layout: Layout = find_layout(root)
    known = labels or layout.labels or (CAMVID if layout.camvid else None)
    void = VOID_IN_FILES if layout.camvid else None

    def inspect(path: Path) -> tuple[list[MaskProblem], np.ndarray | None]:
        return inspect_mask(path, known, coloured=layout.coloured, void=void)

    return Sources(layout.root, known, tuple(_paired(split, part, inspect) for split, part in layout.parts.items()))


def sources(kind: str, root: str | Path | None, *, labels: LabelSet | None = None, count: int = 50) -> Sources:
    """Any data set of the registry; count: pictures of a drawn data set. ValueError when nothing of it is there."""
    record = dataset_record(kind)
    if record.needs_root and not str(root or "").strip():
        raise ValueError(f"the {kind} data set needs root, the folder where it lies: {record.layout}")
    place = Path(root).expanduser() if root is not None and record.needs_root else None
    if place is None:
        return _opened(kind, None, record.splits, count)
    if kind == "folder":
        return folder_sources(place, labels)
    if kind == "camvid":
        there = next((split for split in record.splits if _has(place, split)), record.splits[0])
        return folder_sources(find_root(place, there), CAMVID)
    if kind in ("voc2012", "voc2011"):
        return _published(place, VOC, voc.parts(place, kind.removeprefix("voc")), _inspect_palette)
    if kind == "sbd":
        return _published(place, VOC, sbd.parts(place), _reading(sbd.read_segmentation, VOC))
    if kind == "voc-sbd":
        val = _published(place, VOC, {"val": sbd.seg11valid_part(place)}, _inspect_palette)
        train = _published(place, VOC, {"train": sbd.parts(place)["train"]}, _reading(sbd.read_segmentation, VOC))
        return replace(train, splits=(*train.splits, *val.splits))
    if kind == "pascal-context":
        read = pascal_context.find_context(place)[2]
        return _published(place, PASCAL_CONTEXT, pascal_context.parts(place), _reading(read, PASCAL_CONTEXT))
    return _opened(kind, place, record.splits, count)


def _has(root: Path, split: str) -> bool:
    return any((folder / f"{split}annot").is_dir() for folder in (root, root / "CamVid"))


def _published(root: Path, labels: LabelSet, parts: dict[str, Part], inspect: Inspect) -> Sources:
    if not parts:
        raise ValueError(f"{root} has neither a train nor a val list; unpack the published archive again")
    return Sources(root, labels, tuple(_paired(split, part, inspect) for split, part in parts.items()))


def _inspect_palette(path: Path) -> tuple[list[MaskProblem], np.ndarray | None]:
    return inspect_mask(path, VOC, published=True)


def _reading(read: Callable[[Path], np.ndarray], labels: LabelSet) -> Inspect:
    """Label maps that only their own reader understands, such as .mat files."""

    def inspect(path: Path) -> tuple[list[MaskProblem], np.ndarray | None]:
        try:
            indices = read(path)
        except ValueError as error:
            return [MaskProblem("unreadable_mask", path.name, "error", str(error), UNPACK)], None
        values = np.flatnonzero(np.bincount(indices.ravel(), minlength=256)[:VOID])
        return [replace(problem, mend=UNPACK) for problem in strange_indices(path.name, values, labels)], indices

    return inspect


def _paired(split: str, part: Part, inspect: Inspect) -> LintSource:
    names = sorted(set(part.photos) & set(part.masks))

    def look(index: int) -> FileLook:
        photo, mask = part.photos[names[index]], part.masks[names[index]]
        problems, indices = inspect(mask)
        try:
            image = read_picture(photo)
        except ValueError as error:
            problems = [*problems, MaskProblem("unreadable_photo", photo.name, "error", str(error), MEND_PICTURE)]
            return FileLook(photo.name, mask.name, None, None, tuple(problems))
        return FileLook(photo.name, mask.name, image, indices, tuple(problems))

    return LintSource(split, len(names), look, part)


def _opened(kind: str, root: Path | None, splits: tuple[str, ...], count: int) -> Sources:
    """The splits that can be opened; those that cannot become findings, unless none can."""
    found: list[LintSource] = []
    findings: list[Finding] = []
    refused: ValueError | None = None
    for split in splits:
        if split == "trainval" and any(source.split == "train" for source in found):
            continue  # train is a part of it
        try:
            data = open_dataset(kind, root=root, split=split, count=count)
        except ValueError as error:
            refused = refused or error
            mend = "Add the missing files, or do without this split."
            findings.append(Finding("split_missing", "warning", f"{split} cannot be opened: {error}", mend))
            continue
        labels = data.labels
        found.append(_sampled(split, data))
    if not found:
        raise refused or ValueError(f"{kind} has no splits to look at")
    if len(found) > 1:  # enough to train and to measure, as with sets that were published without a val split
        findings = [replace(finding, severity="note") for finding in findings]
    return Sources(root, labels, tuple(found), tuple(findings))


def _sampled(split: str, data: LabelledPictures) -> LintSource:
    def look(index: int) -> FileLook:
        try:
            sample = data[index]
        except ValueError as error:
            name = f"{split} {index}"
            return FileLook(
                name, name, None, None, (MaskProblem("broken_picture", name, "error", str(error), MEND_PICTURE),)
            )
        values = np.flatnonzero(np.bincount(sample.mask.ravel(), minlength=256)[:VOID])
        problems = tuple(strange_indices(sample.name, values, data.labels))
        return FileLook(sample.name, sample.name, sample.image, sample.mask, problems)

    return LintSource(split, len(data), look)
