"""Look through a data set and say what is wrong with it, and how to mend it.

Reads every picture once. Nothing is raised for a bad file: whatever a training run would stumble over, or silently
learn wrongly, becomes a finding.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from fcn_core.data.lint.checks import balance_findings, duplicates, gaps, missing_pairs, void_findings
from fcn_core.data.lint.report import Finding, LintReport, summary
from fcn_core.data.lint.scan import Scan
from fcn_core.data.lint.sources import Sources, folder_sources, sources
from fcn_core.labels import VOID, LabelSet
from fcn_core.progress import Progress

__all__ = ["Finding", "LintReport", "lint", "lint_dataset"]
ORDER = {"error": 0, "warning": 1, "note": 2}


def lint(
    root: str | Path,
    *,
    labels: LabelSet | None = None,
    limit: int | None = None,
    progress: Progress | None = None,
) -> LintReport:
    """Look through a folder in any layout of `layout.py`, CamVid's included.

    labels: the classes that the label maps should hold; None takes classes.txt, CamVid's for its layout, or any
    index. limit: at most so many pictures a split, evenly spread. progress: called as (pictures done, pictures in
    all). ValueError when the folder has none of the layouts.
    """
    return _look_through(folder_sources(root, labels), "folder", limit, progress)


def lint_dataset(
    kind: str,
    root: str | Path | None = None,
    *,
    labels: LabelSet | None = None,
    limit: int | None = None,
    count: int = 50,
    progress: Progress | None = None,
) -> LintReport:
    """Look through any data set of `datasets.DATASETS`, all its splits.

    root: its folder. labels: the classes of a folder that names none. limit: at most so many pictures a split, evenly
    spread. count: scenes a split that are drawn of streets. progress: called as (pictures done, pictures in all).
    ValueError when nothing of the data set is there, with the layout that was expected.
    """
    return _look_through(sources(kind, root, labels=labels, count=count), kind, limit, progress)


def _look_through(found: Sources, kind: str, limit: int | None, progress: Progress | None) -> LintReport:
    findings = [*found.findings, *missing_pairs({s.split: s.part for s in found.splits if s.part is not None})]
    scan = Scan(found.labels)
    chosen = [np.linspace(0, s.count - 1, min(s.count, limit or s.count)).round().astype(int) for s in found.splits]
    done, total = 0, sum(len(indices) for indices in chosen)
    for source, indices in zip(found.splits, chosen, strict=True):
        scan.begin(source.split)
        for index in indices.tolist():
            scan.add(source.split, source.look(index))
            done += 1
            if progress is not None:
                progress(done, total)
    findings += [summary(problems) for problems in scan.problems.values()]
    findings += [*gaps(scan), *void_findings(scan), *balance_findings(scan), *duplicates(scan)]
    counts, names = scan.all_counts, scan.class_names
    return LintReport(
        root=found.root,
        pictures=scan.read,
        pixels={name: int(counts[i]) for i, name in enumerate(names)},
        void_share=float(counts[VOID] / max(1, counts.sum())),
        findings=tuple(sorted(findings, key=lambda finding: ORDER[finding.severity])),
        kind=kind,
        split_pixels={split: {name: int(own[i]) for i, name in enumerate(names)} for split, own in scan.counts.items()},
        split_void={split: int(own[VOID]) for split, own in scan.counts.items()},
    )
