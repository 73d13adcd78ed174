"""What a run folder says to a reader: where the run stands, and what is wrong with its files.

status.json holds the run's own last word. Nobody writes a word for a process that was killed, so a reader asks whether
that process is still there: on this machine by its number and its start, elsewhere by the age of its last sign of life.
"""

from __future__ import annotations

import math
import os
import socket
import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from fcn_core.training.process import lives
from fcn_core.training.run_folder.damage import damaged_files, read_config
from fcn_core.training.run_folder.runs import LIVING, RunFolder
from fcn_core.training.settings.config import TrainConfig

RUNS_VARIABLE = "FCN_LAB_RUNS"
LAUNCH_PATIENCE_SECONDS = 60.0  # a process that was started shows itself within this time
SILENCE_SECONDS = 60.0  # a process on another host touches status.json every few seconds
RESUMABLE = ("stopped", "failed", "crashed")
MARKS = ("config.yaml", "status.json", "metrics.jsonl", "launch.json")


@dataclass(frozen=True)
class RunInfo:
    """One run as a reader sees it.

    state: launching, queued, preparing, running, stopped, finished, failed or crashed; problem: damaged files, in a
    sentence, empty when there are none; fraction: 0-1; eta, elapsed: seconds; best_miou: 0-1; waiting_for: id of the
    run that it waits for; launched, updated: seconds since 1970; data: names of the data sets; recipe: the preset that
    it came from; where: local or slurm; group: id of the first of several linked runs; log_tail: last lines of the log
    of a run that failed or crashed.
    """

    id: str
    path: Path
    state: str
    name: str
    config: TrainConfig | None
    problem: str = ""
    step: int = 0
    epoch: float = 0.0
    fraction: float = 0.0
    eta: float | None = None
    elapsed: float = 0.0
    best_miou: float | None = None
    message: str = ""
    waiting_for: str = ""
    device: str = ""
    launched: float = 0.0
    updated: float = 0.0
    data: str = ""
    recipe: str = ""
    where: str = "local"
    job_id: str = ""
    group: str = ""
    log_tail: str = ""

    @property
    def living(self) -> bool:
        """Whether a process works on it, or will as soon as its turn comes."""
        return self.state in LIVING

    @property
    def resumable(self) -> bool:
        """Whether it can go on from where it ended."""
        return self.state in RESUMABLE and self.config is not None


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
    status, launch, problems = folder.status(), folder.launched(), []
    config, wrong = read_config(folder)
    if wrong:
        problems.append(wrong)
    if not status and folder.status_file.exists():
        problems.append("status.json is damaged: the state is judged by the other files")
    state, message = _state(folder, status, launch)
    problems += damaged_files(folder, living=state in LIVING)
    return RunInfo(
        id=folder.id,
        path=folder.path,
        state=state,
        name=config.name if config else str(status.get("name") or folder.id),
        config=config,
        problem="; ".join(problems),
        step=int(_number(status, "step") or 0),
        epoch=_number(status, "epoch") or 0.0,
        fraction=min(1.0, max(0.0, _number(status, "fraction") or 0.0)),
        eta=_number(status, "eta") if state == "running" else None,
        elapsed=_number(status, "elapsed") or 0.0,
        best_miou=_number(status, "best_miou"),
        message=message,
        waiting_for=str(status.get("waiting_for") or "") if state == "queued" else "",
        device=_device(folder, config, launch),
        launched=_number(launch, "launched") or _changed(folder.config_file) or _changed(folder.path),
        updated=_number(status, "updated") or _changed(folder.status_file) or _changed(folder.path),
        data=" + ".join(dict.fromkeys(part.kind for part in config.train)) if config else "",
        recipe=str(launch.get("recipe") or ""),
        where=str(launch.get("where") or "local"),
        job_id=str(launch.get("job_id") or ""),
        group=str(launch.get("group") or ""),
        log_tail=folder.log_tail(12) if state in ("crashed", "failed") else "",
    )


def _state(folder: RunFolder, status: dict[str, Any], launch: dict[str, Any]) -> tuple[str, str]:
    """The state and a sentence about it."""
    said, message = str(status.get("state") or ""), str(status.get("message") or "")
    if said in ("finished", "stopped", "failed"):
        return said, message
    if launch.get("where") == "slurm" and launch.get("job_id"):
        return _state_on_slurm(folder, status, str(launch["job_id"]))
    if is_alive(folder, status, launch):
        return (said, message) if said in LIVING else ("running", message)
    if not status and folder.final.is_file():
        return "finished", message
    if folder.stop_asked():
        return "stopped", "ended before it could save; it goes on from its last checkpoint"
    if said == "launching":
        return "crashed", "its process did not start, or ended at once; the log may say why"
    if not status and not launch and not folder.metrics_file.exists():
        return "stopped", "it was never started"
    return "crashed", "its process ended without a word: killed from outside, out of memory, or the machine went down"


def is_alive(folder: RunFolder, status: dict[str, Any], launch: dict[str, Any]) -> bool:
    """Whether the run's process is there: status.json names the one that works, launch.json the one that was started.

    They differ while a run starts, and for good where torchrun started several.
    """
    host = status.get("host") or launch.get("host") or socket.gethostname()
    if host != socket.gethostname():
        return time.time() - _changed(folder.status_file) < SILENCE_SECONDS
    if lives(status.get("pid"), status.get("process_started")):
        return True
    if status.get("state") == "running" and status.get("pid"):
        return False
    if launch.get("pid"):
        return lives(launch["pid"], launch.get("process_started"))
    just = time.time() - (_number(status, "updated") or 0.0) < LAUNCH_PATIENCE_SECONDS
    return status.get("state") == "launching" and just


def _state_on_slurm(folder: RunFolder, status: dict[str, Any], job_id: str) -> tuple[str, str]:
    """As Slurm tells it; where it does not answer, by the run's last sign of life."""
    from fcn_core.training.places import slurm

    job = _job(job_id, int(time.time() / 3))
    quiet = time.time() - _changed(folder.status_file)
    if not job.alive and job.word == "UNKNOWN" and quiet < SILENCE_SECONDS:
        return str(status.get("state") or "launching"), str(status.get("message") or "")
    return slurm.run_state(status, job)


@lru_cache(maxsize=256)
def _job(job_id: str, moment: int) -> Any:
    """The job's state, asked for at most once in a while: a page reads its runs every second or two."""
    from fcn_core.training.places import slurm

    return slurm.job_state(job_id)


def _device(folder: RunFolder, config: TrainConfig | None, launch: dict[str, Any]) -> str:
    known = folder.facts().get("device") or launch.get("device")
    return str(known) if known else (config.device if config else "")


def _number(values: dict[str, Any], key: str) -> float | None:
    value = values.get(key)
    usable = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if usable and value is not None else None


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
