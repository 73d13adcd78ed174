"""What the linter found: findings that each say how to mend them, and the report that holds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from fcn_core.data.lint.masks import MaskProblem

Severity = Literal["error", "warning", "note"]
SHOWN_FILES = 5


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

    root: None for a data set that is drawn. pictures: split -> pairs looked at. pixels: class name -> labelled pixels,
    over all splits. void_share: 0-1 of all pixels. findings: errors first. split_pixels: split -> class name ->
    labelled pixels. split_void: split -> void pixels.
    """

    root: Path | None
    pictures: dict[str, int]
    pixels: dict[str, int]
    void_share: float
    findings: tuple[Finding, ...]
    kind: str = "folder"
    split_pixels: dict[str, dict[str, int]] = field(default_factory=dict)
    split_void: dict[str, int] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """Whether a training run can use the data as it is."""
        return not any(finding.severity == "error" for finding in self.findings)


def about_files(code: str, severity: Severity, message: str, mend: str, files: Sequence[str]) -> Finding:
    """A finding about files (or classes), the first few of which are named."""
    return Finding(code, severity, message, mend, count=len(files), files=tuple(files[:SHOWN_FILES]))


def summary(problems: Sequence[MaskProblem]) -> Finding:
    """Equal problems of many files as one finding, with the first file's words."""
    first = problems[0]
    more = f" ({len(problems)} files like this)" if len(problems) > 1 else ""
    return about_files(first.code, first.severity, first.message + more, first.mend, [p.file for p in problems])
