"""The run folder: the one truth about a training run, readable while it goes on and after it was killed.

config.yaml      settings, written once
launch.json      how it was started: command, process, number of processes, group of linked runs
status.json      state, step, best result, process: replaced atomically, so a reader never sees half of it
metrics.jsonl    one line a record, appended: {"kind": "step", …}, {"kind": "eval", …}, {"kind": "test", …}
checkpoints/     last.pt (everything needed to go on) and previous.pt, the one before it;
                 best.safetensors and final.safetensors (weights)
facts.json       classes, number of pictures, parameters, device: known once the run is prepared
previews/        label maps of a few fixed pictures at each validation
test/            label maps and metrics of the test split, at the end
notes.txt        what a person wrote about the run
log.txt          what a person would like to read
stop             somebody asked the run to stop
"""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from fcn_core.machine.atomic import replace_text
from fcn_core.machine.disk import DiskFull, full_disk_named
from fcn_core.training.process import leads_the_others, started
from fcn_core.training.run_folder.metrics_file import MetricsFile, plain
from fcn_core.training.run_folder.saved_state import load_newest, save_state
from fcn_core.training.run_folder.status import STAYING, LaunchRecord, RunStatus, from_plain
from fcn_core.training.settings.config import TrainConfig

METRICS_SIZE = "metrics_size"  # in a checkpoint
ONE_BLOCK = 4096  # bytes that a file system hands out at once


class RunFolder:
    """Paths, appending and atomic replacing for one run."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.yaml"
        self.launch_file = self.path / "launch.json"
        self.status_file = self.path / "status.json"
        self.metrics_file = self.path / "metrics.jsonl"
        self.facts_file = self.path / "facts.json"
        self.notes_file = self.path / "notes.txt"
        self.log_file = self.path / "log.txt"
        self.stop_file = self.path / "stop"
        self.previews = self.path / "previews"
        self.test_folder = self.path / "test"
        self.last = self.path / "checkpoints" / "last.pt"
        self.previous = self.path / "checkpoints" / "previous.pt"
        self.best = self.path / "checkpoints" / "best.safetensors"
        self.final = self.path / "checkpoints" / "final.safetensors"
        self.records = MetricsFile(self.metrics_file)

    @property
    def id(self) -> str:
        """The folder's name, by which pages and command line call the run."""
        return self.path.resolve().name

    @classmethod
    def create(cls, path: str | Path, config: TrainConfig) -> RunFolder:
        """A fresh run; ValueError when the folder already holds one, DiskFull when there is no room."""
        folder = cls(path)
        if folder.config_file.exists():
            raise ValueError(f"{folder.path} already holds a run; resume it or choose another folder")
        with full_disk_named(folder.path):
            folder.last.parent.mkdir(parents=True, exist_ok=True)
            replace_text(folder.config_file, config.to_yaml())
        return folder

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """An existing run; ValueError when there is none."""
        folder = cls(path)
        if not folder.config_file.is_file():
            raise ValueError(f"{folder.path} holds no run: it has no config.yaml")
        return folder

    def config(self) -> TrainConfig:
        """The run's settings; ValueError when the file is damaged."""
        try:
            return TrainConfig.from_yaml(self.config_file.read_text(encoding="utf-8"))
        except (ValueError, OSError) as error:
            raise ValueError(f"{self.config_file}: {error}") from error

    def awaited(self) -> RunFolder | None:
        """The run beside this one from whose best weights it starts; None when it starts from something else."""
        other = self.config().start_run
        return None if other is None else RunFolder(self.path.resolve().parent / other)

    # What a run says of itself.

    def status(self) -> RunStatus:
        """What status.json says; all defaults when it is missing or damaged."""
        return from_plain(RunStatus, read_json(self.status_file))

    @property
    def finished(self) -> bool:
        """Whether it came to its end."""
        status = self.status()
        return status.state == "finished" or (status == RunStatus() and self.final.is_file())

    def write_status(self, state: str, **facts: Any) -> None:
        """Replace status.json. state: one of LIVING or ENDED; facts: fields of RunStatus.

        How far the run had come stays unless `facts` say otherwise; so does a full disk not keep a run from saying
        that it failed: the file's own block is then written over.
        """
        before, pid = self.status(), os.getpid()
        writer = {"host": socket.gethostname(), "pid": pid, "process_started": started(pid)}
        staying = {name: getattr(before, name) for name in STAYING}
        status = RunStatus(state=state, **{**staying, "updated": time.time(), **writer, **facts})
        text = json.dumps(plain(asdict(status)), indent=1) + "\n"
        try:
            with full_disk_named(self.path):
                replace_text(self.status_file, text)
        except DiskFull:
            if not self.status_file.is_file() or max(len(text), self.status_file.stat().st_size) > ONE_BLOCK:
                raise
            data = text.encode().ljust(self.status_file.stat().st_size)
            with self.status_file.open("rb+", buffering=0) as file:
                file.write(data)

    def facts(self) -> dict[str, Any]:
        """What facts.json says; empty before the run was prepared."""
        return read_json(self.facts_file)

    def write_facts(self, facts: dict[str, Any]) -> None:
        """Replace facts.json."""
        self._replace_json(self.facts_file, facts)

    def launched(self) -> LaunchRecord:
        """What launch.json says; all defaults when it is missing or damaged."""
        return from_plain(LaunchRecord, read_json(self.launch_file))

    def write_launch(self, record: LaunchRecord) -> None:
        """Replace launch.json."""
        self._replace_json(self.launch_file, asdict(record))

    def _replace_json(self, path: Path, facts: dict[str, Any]) -> None:
        with full_disk_named(self.path):
            replace_text(path, json.dumps(plain(facts), indent=1) + "\n")

    # Metrics.

    def append(self, record: dict[str, Any]) -> None:
        """Add one line to metrics.jsonl; nan becomes null. DiskFull when there is no room."""
        self.records.append(record)

    def metrics(self) -> list[dict[str, Any]]:
        """All whole records of metrics.jsonl; a line that is damaged is left out."""
        return self.records.since(0).records

    def rewind(self, step: int, saved: Mapping[str, Any] | None = None) -> None:
        """Drop records after `step`: what a killed run wrote behind its last checkpoint will be written again.

        saved: that checkpoint; records of `step` itself that were written after it go too.
        """
        self.records.rewind(step, saved.get(METRICS_SIZE) if saved else None)

    # Words.

    def log(self, text: str) -> None:
        """Add a line with the time to log.txt; a log that cannot be written is no reason to end a run."""
        try:
            with self.log_file.open("a", encoding="utf-8") as file:
                file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {text}\n")
        except OSError:
            pass

    def log_tail(self, lines: int = 20) -> str:
        """The last lines of log.txt; empty when there is none."""
        try:
            with self.log_file.open("rb") as file:
                file.seek(max(0, self.log_file.stat().st_size - 400 * lines))
                text = file.read().decode("utf-8", errors="replace")
        except OSError:
            return ""
        return "\n".join(text.splitlines()[-lines:])

    def notes(self) -> str:
        """What a person wrote about the run."""
        try:
            return self.notes_file.read_text(encoding="utf-8", errors="replace")
        except OSError:
            return ""

    def write_notes(self, text: str) -> None:
        """Replace the notes."""
        with full_disk_named(self.path):
            replace_text(self.notes_file, text)

    # A wish to stop reaches the run through this file wherever it runs; see heartbeat.py.

    def ask_to_stop(self) -> None:
        """Leave the wish that the run finishes its step, saves and ends."""
        self.stop_file.touch()

    def stop_asked(self) -> bool:
        return self.stop_file.exists()

    def forget_stop(self) -> None:
        """Take the wish back, before the run goes on."""
        self.stop_file.unlink(missing_ok=True)

    # Checkpoints.

    def weights(self) -> Path | None:
        """The best weights by validation, else the last; None before there are any."""
        return next((path for path in (self.best, self.final) if path.is_file()), None)

    def save_state(self, state: dict[str, Any]) -> None:
        """Write checkpoints/last.pt aside and move it into place: a crash while writing leaves the old one.

        The one before stays as previous.pt. DiskFull when there is no room; then all is as it was. The size of the
        metrics goes with it, for `rewind`.
        """
        self.records.flush()
        save_state(self.last, self.previous, {**state, METRICS_SIZE: self.records.size()})

    def load_state(self) -> dict[str, Any] | None:
        """The last checkpoint, or the one before it when that is damaged (the log says so); None before the first.

        ValueError when there are checkpoints and none can be read.
        """
        state, problem = load_newest(self.last, self.previous)
        if problem and leads_the_others():
            self.log(problem)
        return state

    def tidy(self) -> None:
        """Remove what a killed process left half written. Only while no process works on the run."""
        for path in self.path.rglob(".fcn-lab-*.tmp"):
            path.unlink(missing_ok=True)


def read_json(path: Path) -> dict[str, Any]:
    """A JSON object of a file; empty when the file is missing or damaged."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def changed(path: Path) -> float:
    """When a file or folder was changed, in seconds since 1970; 0 when it is not there."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0
