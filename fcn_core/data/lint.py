"""Look through a data set folder and say what is wrong with it, and how to mend it.

Reads every file once. Nothing is raised for a bad file: whatever a training run would stumble over, or silently learn
wrongly, becomes a finding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from fcn_core.data.camvid import VOID_IN_FILES
from fcn_core.data.files import read_photo
from fcn_core.data.layout import Layout, find_layout
from fcn_core.data.lint_masks import MaskProblem, inspect_mask
from fcn_core.labels import CAMVID, VOID, LabelSet

Severity = Literal["error", "warning", "note"]
SHOWN_FILES = 5
MUCH_VOID = 0.5
RARE = 0.005
SAME_PICTURE = 1.0  # grey levels, mean difference of two 16×16 thumbnails
THUMBNAIL = 16


@dataclass(frozen=True)
class Finding:
    """One kind of problem. code: short stable name; count: how many files or classes; files: the first few of them."""

    code: str
    severity: Severity
    message: str
    mend: str
    count: int = 1
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class LintReport:
    """What the linter saw.

    pictures: split -> pairs looked at. pixels: class name -> labelled pixels, over all splits. void_share: 0-1 of all
    pixels. findings: errors first.
    """

    root: Path
    pictures: dict[str, int]
    pixels: dict[str, int]
    void_share: float
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether a training run can use the data as it is."""
        return not any(finding.severity == "error" for finding in self.findings)


@dataclass
class _Scan:
    """What is gathered while reading."""

    problems: dict[str, list[MaskProblem]] = field(default_factory=dict)
    counts: dict[str, np.ndarray] = field(default_factory=dict)  # split -> pixels of each value 0-255
    thumbnails: dict[str, list[np.ndarray]] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    all_void: list[str] = field(default_factory=list)
    read: dict[str, int] = field(default_factory=dict)

    def add(self, problem: MaskProblem) -> None:
        self.problems.setdefault(problem.code, []).append(problem)


def lint(
    root: str | Path, *, labels: LabelSet | None = None, progress: Callable[[int, int], None] | None = None
) -> LintReport:
    """Look through a folder in any layout of `layout.py`.

    labels: the classes that the label maps should hold; None takes classes.txt, CamVid's for its layout, or any
    index. progress: called as (pictures done, pictures in all). ValueError when the folder has none of the layouts.
    """
    layout = find_layout(root)
    labels = labels or layout.labels or (CAMVID if layout.camvid else None)
    findings = _missing_pairs(layout)
    scan = _Scan()
    total = sum(len(set(part.photos) & set(part.masks)) for part in layout.parts.values())
    done = 0
    for split, part in layout.parts.items():
        pairs = sorted(set(part.photos) & set(part.masks))
        scan.counts[split], scan.thumbnails[split] = np.zeros(256, dtype=np.int64), []
        scan.names[split], scan.read[split] = [], len(pairs)
        for name in pairs:
            _look_at(layout, split, part.photos[name], part.masks[name], labels, scan)
            done += 1
            if progress is not None:
                progress(done, total)
    findings += [_summary(problems) for problems in scan.problems.values()]
    findings += _void(scan) + _balance(scan, labels) + _duplicates(scan)
    order = {"error": 0, "warning": 1, "note": 2}
    counts = sum(scan.counts.values(), np.zeros(256, dtype=np.int64))
    names = labels.classes if labels else tuple(f"class {i}" for i in range(1 + _largest(counts)))
    return LintReport(
        root=layout.root,
        pictures=scan.read,
        pixels={name: int(counts[i]) for i, name in enumerate(names)},
        void_share=float(counts[VOID] / max(1, counts.sum())),
        findings=tuple(sorted(findings, key=lambda f: order[f.severity])),
    )


def _look_at(layout: Layout, split: str, photo: Path, mask: Path, labels: LabelSet | None, scan: _Scan) -> None:
    """Read one pair; problems and counts go into `scan`."""
    void = VOID_IN_FILES if layout.camvid else None
    problems, indices = inspect_mask(mask, labels, coloured=layout.coloured, void=void)
    for problem in problems:
        scan.add(problem)
    try:
        image = read_photo(photo)
    except ValueError as error:
        scan.add(MaskProblem("unreadable_photo", photo.name, "error", str(error), "Replace or remove these files."))
        return
    if indices is not None:
        if indices.shape != image.shape[:2]:
            said = (
                f"{photo.name} has {image.shape[1]}×{image.shape[0]} pixels, "
                f"its label map {indices.shape[1]}×{indices.shape[0]}"
            )
            mend = "Resize each label map to its photo with nearest neighbour, never with smoothing."
            scan.add(MaskProblem("size_mismatch", photo.name, "error", said, mend))
        if not problems:
            counts = np.bincount(indices.ravel(), minlength=256)
            scan.counts[split] += counts
            if counts[VOID] == indices.size:
                scan.all_void.append(mask.name)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA)
    scan.thumbnails[split].append(small.astype(np.float32).ravel())
    scan.names[split].append(photo.name)


def _missing_pairs(layout: Layout) -> list[Finding]:
    findings = []
    for split, part in layout.parts.items():
        where = f"{split}: " if split else ""
        listed = part.names if part.names is not None else ()
        absent = [n for n in listed if n not in part.photos and n not in part.masks]
        alone = [p.name for n, p in part.photos.items() if n not in part.masks]
        lonely = [p.name for n, p in part.masks.items() if n not in part.photos]
        mend = "Photo and label map need the same name apart from the suffix; add the missing file or remove the other."
        if absent:
            said = f"{where}{len(absent)} names of the list have neither photo nor label map"
            findings.append(_finding("listed_but_absent", "error", said, "Correct the list, or add the files.", absent))
        if alone:
            said = f"{where}{len(alone)} photos have no label map"
            findings.append(_finding("photo_without_mask", "error", said, mend, alone))
        if lonely:
            said = f"{where}{len(lonely)} label maps have no photo"
            findings.append(_finding("mask_without_photo", "warning", said, mend, lonely))
        if not part.photos and not absent:
            said = f"{where}there are no photos"
            findings.append(Finding("empty", "error", said, "Put photos there, or remove the empty split."))
    return findings


def _finding(code: str, severity: Severity, message: str, mend: str, files: list[str]) -> Finding:
    return Finding(code, severity, message, mend, count=len(files), files=tuple(files[:SHOWN_FILES]))


def _summary(problems: list[MaskProblem]) -> Finding:
    """Equal problems of many files as one finding, with the first file's words."""
    first = problems[0]
    more = f" ({len(problems)} files like this)" if len(problems) > 1 else ""
    return _finding(first.code, first.severity, first.message + more, first.mend, [p.file for p in problems])


def _void(scan: _Scan) -> list[Finding]:
    findings = []
    for split, counts in scan.counts.items():
        share = counts[VOID] / max(1, counts.sum())
        if share > MUCH_VOID:
            said = f"{split or 'the set'}: {share:.0%} of all pixels are void and will not be learned from"
            mend = "If 255 stands for a class, give that class an index below 255; otherwise label more."
            findings.append(Finding("much_void", "warning", said, mend))
    if scan.all_void:
        said = f"{len(scan.all_void)} label maps are void everywhere"
        findings.append(_finding("all_void", "warning", said, "Label these pictures or remove them.", scan.all_void))
    return findings


def _balance(scan: _Scan, labels: LabelSet | None) -> list[Finding]:
    counts = sum(scan.counts.values(), np.zeros(256, dtype=np.int64))
    counts = np.where(np.arange(256) == VOID, 0, counts)
    total = counts.sum()
    if total == 0:
        return []
    names = labels.classes if labels else tuple(f"class {i}" for i in range(1 + _largest(counts)))
    shares = {name: counts[i] / total for i, name in enumerate(names)}
    listed = ", ".join(f"{name} {share:.2%}" for name, share in sorted(shares.items(), key=lambda item: -item[1]))
    said = f"share of the labelled pixels: {listed}"
    findings = [Finding("class_shares", "note", said, "Nothing to mend.", len(names))]
    rare = [name for name, share in shares.items() if 0 < share < RARE]
    if rare:
        said = f"{len(rare)} classes have less than {RARE:.1%} of the pixels: {', '.join(rare)}"
        mend = "Weight the classes (sqrt_enet), crop around rare classes (rare_crops), or label more of them."
        findings.append(_finding("rare_classes", "warning", said, mend, rare))
    learned = scan.counts.get("train", counts)
    for split, own in scan.counts.items():
        absent = [name for i, name in enumerate(names) if own[i] == 0]
        unlearned = [name for i, name in enumerate(names) if own[i] > 0 and learned[i] == 0]
        if absent:
            said = f"{split or 'the set'}: {len(absent)} classes never occur: {', '.join(absent)}"
            mend = "They count in no mean; add pictures that show them, or take them out of the class list."
            severity: Severity = "warning" if split in ("train", "") else "note"
            findings.append(_finding("absent_classes", severity, said, mend, absent))
        if unlearned:
            said = f"{split} shows {', '.join(unlearned)}, which train never does"
            mend = "Move some of these pictures to train: a class that is never seen cannot be learned."
            findings.append(_finding("unlearned_classes", "warning", said, mend, unlearned))
    return findings


def _duplicates(scan: _Scan) -> list[Finding]:
    """Pictures that two splits share, by thumbnail: the same file, another name, or compressed again."""
    findings = []
    splits = [split for split in scan.thumbnails if scan.thumbnails[split]]
    for place, first in enumerate(splits):
        for second in splits[place + 1 :]:
            pairs = []
            others = np.stack(scan.thumbnails[second])
            for name, thumbnail in zip(scan.names[first], scan.thumbnails[first], strict=True):
                distance = np.abs(others - thumbnail).mean(axis=1)
                for hit in np.flatnonzero(distance < SAME_PICTURE):
                    pairs.append(f"{first}/{name} = {second}/{scan.names[second][hit]}")
            if pairs:
                said = f"{first} and {second} share {len(pairs)} pictures, so scores on {second} are too good"
                mend = f"Remove them from {first} or {second}."
                findings.append(_finding("duplicates", "error", said, mend, pairs))
    return findings


def _largest(counts: np.ndarray) -> int:
    """Largest class index that occurs (void aside)."""
    present = np.flatnonzero(counts[:VOID])
    return int(present[-1]) if present.size else 0
