"""The run folder: the one truth about a training run, readable while it goes on and after it was killed.

config.yaml      settings, written once
status.json      state, step, best result, process: replaced atomically, so a reader never sees half of it
metrics.jsonl    one line a record, appended: {"kind": "step", …} and {"kind": "eval", …}
checkpoints/     last.pt (everything needed to go on), best.safetensors and final.safetensors (weights)
log.txt          what a person would like to read
"""

from __future__ import annotations

import json
import math
import os
import time
from pathlib import Path
from typing import Any

import psutil
import torch

from fcn_core.atomic import written_aside
from fcn_core.training.config import TrainConfig


class RunFolder:
    """Paths, appending and atomic replacing for one run."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.config_file = self.path / "config.yaml"
        self.status_file = self.path / "status.json"
        self.metrics_file = self.path / "metrics.jsonl"
        self.log_file = self.path / "log.txt"
        self.last = self.path / "checkpoints" / "last.pt"
        self.best = self.path / "checkpoints" / "best.safetensors"
        self.final = self.path / "checkpoints" / "final.safetensors"

    @classmethod
    def create(cls, path: str | Path, config: TrainConfig) -> RunFolder:
        """A fresh run; ValueError when the folder already holds one."""
        folder = cls(path)
        if folder.config_file.exists():
            raise ValueError(f"{folder.path} already holds a run; resume it or choose another folder")
        (folder.path / "checkpoints").mkdir(parents=True, exist_ok=True)
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
        except ValueError as error:
            raise ValueError(f"{self.config_file}: {error}") from error

    def status(self) -> dict[str, Any]:
        """What status.json says; empty when it is missing or damaged."""
        try:
            status = json.loads(self.status_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return status if isinstance(status, dict) else {}

    def write_status(self, state: str, **facts: Any) -> None:
        """Replace status.json. state: running, finished, stopped or failed."""
        process = psutil.Process()
        status = {
            "state": state,
            "updated": time.time(),
            "pid": process.pid,
            "process_started": process.create_time(),
            **facts,
        }
        replace_text(self.status_file, json.dumps(plain(status), indent=1) + "\n")

    def append(self, record: dict[str, Any]) -> None:
        """Add one line to metrics.jsonl; nan becomes null."""
        line = json.dumps(plain(record), separators=(",", ":")) + "\n"
        with self.metrics_file.open("a", encoding="utf-8") as file:
            file.write(line)

    def metrics(self) -> list[dict[str, Any]]:
        """All whole records of metrics.jsonl; a line that is damaged is left out."""
        records = []
        if self.metrics_file.is_file():
            for line in self.metrics_file.read_text(encoding="utf-8", errors="replace").splitlines():
                try:
                    record = json.loads(line)
                except ValueError:
                    continue
                if isinstance(record, dict):
                    records.append(record)
        return records

    def rewind(self, step: int) -> None:
        """Drop records after `step`: what a killed run wrote behind its last checkpoint will be written again."""
        kept = [record for record in self.metrics() if record.get("step", 0) <= step]
        replace_text(self.metrics_file, "".join(json.dumps(r, separators=(",", ":")) + "\n" for r in kept))

    def log(self, text: str) -> None:
        """Add a line with the time to log.txt."""
        with self.log_file.open("a", encoding="utf-8") as file:
            file.write(f"{time.strftime('%Y-%m-%d %H:%M:%S')}  {text}\n")

    def save_state(self, state: dict[str, Any]) -> None:
        """Write checkpoints/last.pt aside and move it into place: a crash while writing leaves the old one."""
        with written_aside(self.last) as temporary, temporary.open("wb") as file:
            torch.save(state, file)
            file.flush()
            os.fsync(file.fileno())

    def load_state(self) -> dict[str, Any]:
        """The last checkpoint; ValueError when there is none or it is damaged."""
        if not self.last.is_file():
            raise ValueError(f"{self.path} has no checkpoint to resume from (checkpoints/last.pt); start the run anew")
        try:
            return torch.load(self.last, map_location="cpu", weights_only=True)
        except Exception as error:  # torch raises many kinds for a damaged file
            raise ValueError(f"{self.last} is damaged and cannot be resumed from: {error}") from error


def replace_text(path: Path, text: str) -> None:
    """Write a file aside and move it into place, so that a reader sees the old text or the new, never a part."""
    with written_aside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def plain(value: Any) -> Any:
    """Nested values for JSON: nan and infinities become None."""
    if isinstance(value, dict):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
