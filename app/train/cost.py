"""What a training run will cost: its parameters at once, time and memory from real steps in a process of their own.

The steps run in a child process with a time limit: whatever happens there (no memory, a crash), the app goes on and
gets a sentence.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import torch

from fcn_core.machine.home import import_path
from fcn_core.models.architectures import build
from fcn_core.training.loop.preflight import Cost
from fcn_core.training.settings.config import TrainConfig
from fcn_core.training.settings.stages import expand

PATIENCE = 180.0  # seconds; reading much data for class weights takes its time
SHOWN = 600  # characters of what a failed child said


def count_parameters(config: TrainConfig, classes: int, channels: int = 3) -> int:
    """Parameters of the network that a run would train; ValueError when the settings do not fit together."""
    with torch.device("meta"):  # shapes without memory: nothing is filled with numbers
        model = build(config.model.spec(classes, in_channels=config.model.in_channels or channels))
    return sum(parameter.numel() for parameter in model.parameters())


def measurable(config: TrainConfig) -> TrainConfig:
    """The run to measure: of linked ones the last, which has all heads; without the weights that it starts from, which
    cost nothing but may have to be fetched."""
    last = expand(config)[-1]
    return last if last.freeze_trunk else last.replace(start=None, start_parts="all")


def measure_cost(settings: str, *, patience: float = PATIENCE) -> Cost:
    """Run a few real steps of these settings (YAML) in another process; ValueError says why that failed."""
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(settings, encoding="utf-8")
        command = [sys.executable, "-m", "fcn_core", "train", str(config), "--estimate", "--json"]
        said, complaint, code = _run(command, patience)
    if code is None:
        raise ValueError(f"No step finished within {patience:.0f} seconds; try a smaller batch, crop or network.")
    if code != 0:
        raise ValueError(_reason(complaint, code))
    try:
        facts = json.loads(said)
        return Cost(**facts)
    except (ValueError, KeyError, TypeError) as problem:
        raise ValueError(f"The measurement gave no readable answer ({problem}).") from problem


def _run(command: list[str], patience: float) -> tuple[str, str, int | None]:
    """(output, errors, exit code) of a command; None instead of a code when it took too long and was ended."""
    # As a run does, the child works in the app's own folder: relative paths mean the same there.
    child = subprocess.Popen(
        command,
        env={**os.environ, "PYTHONPATH": import_path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        start_new_session=True,
    )
    try:
        said, complaint = child.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)  # with its data loaders
        child.communicate()
        return "", "", None
    return said, complaint, child.returncode


def _reason(complaint: str, code: int) -> str:
    """Why a measurement failed, in what the child said last."""
    if code < 0:
        name = signal.Signals(-code).name
        out = " Most likely there was not enough memory: try a smaller batch or crop." if name == "SIGKILL" else ""
        return f"The measuring process was ended by {name}.{out}"
    text = " ".join(line.strip() for line in complaint.strip().splitlines()[-8:]).strip()
    return text.removeprefix("Error: ")[-SHOWN:] or f"The measuring process failed with exit code {code}."
