"""What is wrong with the files of a run, told in sentences; what was read once is not read again."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig


def read_config(folder: RunFolder) -> tuple[TrainConfig | None, str]:
    """The settings, or a sentence on what is wrong with them."""
    try:
        facts = folder.config_file.stat()
    except OSError:
        return None, "config.yaml is missing"
    return _parsed(folder.config_file, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=512)
def _parsed(path: Path, changed: int, size: int) -> tuple[TrainConfig | None, str]:
    try:
        return TrainConfig.from_yaml(path.read_text(encoding="utf-8")), ""
    except (ValueError, OSError) as error:
        return None, f"config.yaml cannot be used: {' '.join(str(error).split())[:300]}"


@dataclass(frozen=True)
class _Read:
    """How far a metrics file was read. changed: its time of change then, in ns; size, offset: bytes."""

    changed: int = 0
    size: int = 0
    offset: int = 0
    lines: int = 0
    damaged: tuple[int, ...] = ()


_read: dict[tuple[Path, str], _Read] = {}


def damaged_files(folder: RunFolder, *, living: bool) -> list[str]:
    """Sentences about the metrics and, of a run that nobody works on, the checkpoints."""
    problems = []
    read = _metrics_read(folder, living)
    if read.damaged:
        named = ", ".join(map(str, read.damaged[:5])) + (", …" if len(read.damaged) > 5 else "")
        problems.append(f"metrics.jsonl: damaged and left out: line {named}")
    if living:  # half a line is about to become a whole one, and checkpoints are on the move
        return problems
    if read.size > read.offset:
        problems.append("metrics.jsonl: its last line is torn and left out")
    for path in (folder.last, folder.previous):
        if path.is_file() and not zipfile.is_zipfile(path):
            problems.append(f"checkpoints/{path.name} is damaged")
    return problems


def _metrics_read(folder: RunFolder, living: bool) -> _Read:
    """The metrics file read to its end; of a run that goes on only what was added since the last time."""
    key = (folder.metrics_file, folder.records.edition())
    try:
        facts = folder.metrics_file.stat()
    except OSError:
        return _Read()
    before = _read.get(key, _Read())
    if (before.changed, before.size) == (facts.st_mtime_ns, facts.st_size):
        return before
    if not living or facts.st_size < before.offset:
        before = _Read()
    portion = folder.records.since(before.offset)
    damaged = before.damaged + tuple(before.lines + place for place in portion.damaged)
    if len(_read) > 2000:
        _read.clear()
    now = _Read(facts.st_mtime_ns, facts.st_size, portion.offset, before.lines + portion.lines, damaged)
    _read[key] = now
    return now
