"""What the linter concludes from all pictures together: pairs, void, balance, doubles."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from fcn_core.data.layout import Part
from fcn_core.data.lint.masks import grey_palette
from fcn_core.data.lint.report import Finding, Severity, about_files
from fcn_core.data.lint.scan import Scan
from fcn_core.labels import VOC, VOID

MUCH_VOID = 0.5
RARE = 0.005
SAME_PICTURE = 1.0  # grey levels, mean difference of two 16×16 thumbnails


def missing_pairs(parts: Mapping[str, Part]) -> list[Finding]:
    """Photos and label maps that lack their partner, by split."""
    findings = []
    for split, part in parts.items():
        where = f"{split}: " if split else ""
        listed = part.names if part.names is not None else ()
        absent = [n for n in listed if n not in part.photos and n not in part.masks]
        alone = [p.name for n, p in part.photos.items() if n not in part.masks]
        lonely = [p.name for n, p in part.masks.items() if n not in part.photos]
        mend = "Photo and label map need the same name apart from the suffix; add the missing file or remove the other."
        if absent:
            said = f"{where}{len(absent)} names of the list have neither photo nor label map"
            findings.append(
                about_files("listed_but_absent", "error", said, "Correct the list, or add the files.", absent)
            )
        if alone:
            said = f"{where}{len(alone)} photos have no label map"
            findings.append(about_files("photo_without_mask", "error", said, mend, alone))
        if lonely:
            # In a list the photo is asked for; without one the label map is merely left over.
            severity: Severity = "error" if part.names is not None else "warning"
            said = f"{where}{len(lonely)} label maps have no photo"
            findings.append(about_files("mask_without_photo", severity, said, mend, lonely))
        if not part.photos and not absent:
            said = f"{where}there are no photos"
            findings.append(Finding("empty", "error", said, "Put photos there, or remove the empty split."))
    return findings


def void_findings(scan: Scan) -> list[Finding]:
    """Splits that are mostly void, and pictures that are nothing else."""
    findings = []
    for split, counts in scan.counts.items():
        share = counts[VOID] / max(1, counts.sum())
        if share > MUCH_VOID:
            said = f"{split or 'the set'}: {share:.0%} of all pixels are void and will not be learned from"
            mend = "If 255 stands for a class, give that class an index below 255; otherwise label more."
            findings.append(Finding("much_void", "warning", said, mend))
    if scan.all_void:
        said = f"{len(scan.all_void)} label maps are void everywhere"
        mend = "Label these pictures or remove them."
        findings.append(about_files("all_void", "warning", said, mend, scan.all_void))
    return findings


def balance_findings(scan: Scan) -> list[Finding]:
    """Shares of the classes; classes that are rare, absent, or not learned where they are measured."""
    counts = np.where(np.arange(256) == VOID, 0, scan.all_counts)
    total = counts.sum()
    if total == 0:
        return []
    names = scan.class_names
    shares = {name: counts[i] / total for i, name in enumerate(names)}
    listed = ", ".join(f"{name} {share:.2%}" for name, share in sorted(shares.items(), key=lambda item: -item[1]))
    said = f"share of the labelled pixels: {listed}"
    findings = [Finding("class_shares", "note", said, "Nothing to mend.", len(names))]
    rare = [name for name, share in shares.items() if 0 < share < RARE]
    if rare:
        said = f"{len(rare)} classes have less than {RARE:.1%} of the pixels: {', '.join(rare)}"
        mend = "Weight the classes (sqrt_enet), crop around rare classes (rare_crops), or label more of them."
        findings.append(about_files("rare_classes", "warning", said, mend, rare))
    training = next((split for split in ("train", "trainval") if split in scan.counts), None)
    learned = counts if training is None else scan.counts[training]
    for split, own in scan.counts.items():
        absent = [name for i, name in enumerate(names) if own[i] == 0]
        unlearned = [name for i, name in enumerate(names) if own[i] > 0 and learned[i] == 0]
        if absent:
            said = f"{split or 'the set'}: {len(absent)} classes never occur: {', '.join(absent)}"
            mend = "They count in no mean; add pictures that show them, or take them out of the class list."
            severity: Severity = "warning" if split in (training, "") else "note"
            findings.append(about_files("absent_classes", severity, said, mend, absent))
        if unlearned:
            said = f"{split} shows {', '.join(unlearned)}, which {training} never does"
            mend = f"Move some of these pictures to {training}: a class that is never seen cannot be learned."
            findings.append(about_files("unlearned_classes", "warning", said, mend, unlearned))
    return findings


def gaps(scan: Scan) -> list[Finding]:
    """Where nothing names the classes: values that look like grey levels rather than indices."""
    values = np.flatnonzero(scan.all_counts[:VOID])
    if scan.labels is not None or values.size < 2 or values[-1] < max(2 * values.size, values.size + 10):
        return []
    listed = ", ".join(str(v) for v in values[:6]) + (", …" if values.size > 6 else "")
    said = f"the label maps hold only {values.size} different values up to {values[-1]} ({listed})"
    mend = f"They would be read as {values[-1] + 1} classes. Number the classes 0, 1, 2 …, or name them in classes.txt."
    if grey_palette(values, VOC) is not None:
        said += ": the grey values of VOC's palette"
        mend = "A palette file was converted to grey. Go back to the palette PNG, whose indices are right."
    return [Finding("grey_values", "warning", said, mend, int(values.size))]


def duplicates(scan: Scan) -> list[Finding]:
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
                findings.append(about_files("duplicates", "error", said, mend, pairs))
    return findings
