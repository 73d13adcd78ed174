"""The runs of a folder, and how each of them stands: by its own last word, or as the place where it works knows it.

Nobody writes a word for a process that was killed, so a reader asks the place whether it is still there.
"""

from __future__ import annotations

import os
from pathlib import Path

from fcn_core.training.places.run_info import RunInfo
from fcn_core.training.places.table import place_of
from fcn_core.training.run_folder.damage import damaged_files, read_config
from fcn_core.training.run_folder.runs import RunFolder, changed
from fcn_core.training.run_folder.status import ENDED, LIVING, RunStatus

RUNS_VARIABLE = "FCN_LAB_RUNS"
MARKS = ("config.yaml", "status.json", "metrics.jsonl", "launch.json")


def runs_root() -> Path:
    """The folder that holds the runs: FCN_LAB_RUNS, else `runs` in the current folder."""
    chosen = os.environ.get(RUNS_VARIABLE, "").strip()
    return (Path(chosen).expanduser() if chosen else Path("runs")).resolve()


def list_runs(root: Path | None = None) -> list[RunInfo]:
    """All runs of a folder, the latest launched first; damaged ones too, with what is wrong in `problem`."""
    root = root or runs_root()
    if not root.is_dir():
        return []
    paths = [path for path in root.iterdir() if not path.name.startswith(".") and path.is_dir()]
    runs = [read_run(path) for path in paths if any((path / mark).exists() for mark in MARKS)]
    return sorted(runs, key=lambda run: (-run.launched, run.id))


def find_run(word: str, root: Path | None = None) -> RunFolder:
    """The run of this id, of an unmistakable beginning of it, or in this folder; ValueError names those there are."""
    root = root or runs_root()
    ids = [run.id for run in list_runs(root)]
    fitting = [word] if word in ids else [name for name in ids if word and name.startswith(word)]
    if len(fitting) == 1:
        return RunFolder(root / fitting[0])
    path = Path(word).expanduser()
    if word and not fitting and any((path / mark).is_file() for mark in MARKS):
        return RunFolder(path)
    if fitting:
        raise ValueError(f"{word!r} may mean {', '.join(fitting[:8])}; write more of the one that is meant")
    known = ", ".join(ids[:8]) + (", …" if len(ids) > 8 else "") if ids else "none"
    raise ValueError(f"there is no run {word!r} in {root}; there are: {known}")


def read_run(path: str | Path) -> RunInfo:
    """How this run stands. Never fails over a damaged file: it is named in `problem` and the rest is told."""
    folder = RunFolder(path)
    status, record, problems = folder.status(), folder.launched(), []
    config, wrong = read_config(folder)
    if wrong:
        problems.append(wrong)
    if status == RunStatus() and folder.status_file.exists():
        problems.append("status.json is damaged: the state is judged by the other files")
    state, message = status.state, status.message
    if state not in ENDED:
        state, message = place_of(record).state(folder, status, record)
    problems += damaged_files(folder, living=state in LIVING)
    return RunInfo(
        id=folder.id,
        path=folder.path,
        state=state,
        name=config.name if config else status.name or folder.id,
        config=config,
        problem="; ".join(problems),
        step=status.step,
        epoch=status.epoch,
        fraction=min(1.0, max(0.0, status.fraction)),
        eta=status.eta if state == "running" else None,
        elapsed=status.elapsed,
        best_miou=status.best_miou,
        message=message,
        waiting_for=status.waiting_for if state == "queued" else "",
        device=str(folder.facts().get("device") or record.device or (config.device if config else "")),
        launched=record.launched or changed(folder.config_file) or changed(folder.path),
        updated=status.updated or changed(folder.status_file) or changed(folder.path),
        data=" + ".join(dict.fromkeys(part.kind for part in config.train)) if config else "",
        recipe=record.recipe,
        where=record.where,
        job_id=record.job_id or "",
        group=record.group,
        log_tail=folder.log_tail(12) if state in ("crashed", "failed") else "",
    )
