"""Run folders as a training run writes them, in an instant: settings, status, metrics, previews, facts, weights."""

from __future__ import annotations

import json
import os
import shutil
import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
from PIL import Image
from segmenters import tiny_weights

from fcn_core.labels import CAMVID
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig
from fcn_core.weights import save_checkpoint

HEADS = ("32s", "16s", "8s")


def step_record(step: int, **changes: Any) -> dict[str, Any]:
    """What a run writes for a step."""
    rate = 1e-3 * (1 - step / 1e6)
    return {
        "kind": "step", "step": step, "epoch": step / 10, "elapsed": 0.5 * step, "loss": 4 / step,
        "loss_mean": 2 / step, "loss_sum": 2000 / step,
        "lr": {"kernels": rate, "norms": rate, "biases": 2 * rate}, "grad_norm": 1.5,
        "images_per_s": 8.0, "wait_share": 0.05, **changes,
    }  # fmt: skip


def eval_record(step: int, kind: str = "eval") -> dict[str, Any]:
    """What a run writes for a validation; the sign is in none of the pictures."""
    heads = {}
    for place, head in enumerate(HEADS):
        share = min(1.0, 0.1 * place + step / 100)
        iou = {name: None if name == "sign" else share for name in CAMVID.classes}
        heads[head] = {"pa": share, "mpa": share, "miou": share, "fwiou": share, "iou": iou}
    load = {"cpu_percent": 90.0, "memory_mb": 2048.0}
    return {
        "kind": kind, "split": "val", "step": step, "epoch": step / 10, "elapsed": 0.5 * step, "seconds": 1.0,
        "heads": heads, "tasks": {}, "load": load,
    }  # fmt: skip


def make_run(
    root: Path,
    run_id: str,
    *,
    steps: int = 20,
    every: int = 10,
    state: str = "finished",
    alive: bool = False,
    weights: bool = True,
    test: bool = True,
    **settings: Any,
) -> RunFolder:
    """A run of `steps` steps, validated every `every`; `alive` makes this process the one that works on it."""
    config = TrainConfig.from_dict({"name": run_id, "steps": max(1, steps), **settings})
    folder = RunFolder.create(root / run_id, config)
    records = []
    for step in range(1, steps + 1):
        records.append(step_record(step))
        if step % every == 0:
            records.append(eval_record(step))
            write_previews(folder.path, step)
    if test and state == "finished":
        records.append(eval_record(steps, "test"))
    folder.metrics_file.write_text("".join(json.dumps(record) + "\n" for record in records))
    about = {
        "classes": CAMVID.classes, "palette": CAMVID.palette, "labels": "camvid", "total_steps": steps,
        "parameters": 1234, "device": "cpu", "device_name": "processor",
    }  # fmt: skip
    (folder.path / "facts.json").write_text(json.dumps(about))
    folder.log_file.write_text("2026-11-20 12:00:00  the log begins\n2026-11-20 12:00:01  the log ends here\n")
    write_state(folder, state, alive=alive, step=steps, best_miou=min(1.0, 0.2 + steps / 100))
    if weights:
        save_weights(folder)
    return folder


def write_state(folder: RunFolder, state: str, *, alive: bool = False, step: int = 20, **facts: Any) -> None:
    """status.json, written by this process or by one that is gone."""
    process = psutil.Process(os.getpid())
    status = {
        "state": state, "updated": time.time(), "host": socket.gethostname(), "name": folder.path.name,
        "pid": process.pid if alive else 4_000_000, "process_started": process.create_time() if alive else 1.0,
        "step": step, "epoch": step / 10, "fraction": 1.0 if state == "finished" else 0.5, "elapsed": 0.5 * step,
        "eta": 60.0, "message": "", **facts,
    }  # fmt: skip
    folder.status_file.write_text(json.dumps(status))


def write_previews(run: Path, step: int, names: tuple[str, ...] = ("0-first", "1-second")) -> None:
    """Photos, truth, and label maps of the three heads."""
    rng = np.random.default_rng(step)
    for name in names:
        for kind, shape in (("photo", (24, 32, 3)), ("truth", (24, 32))):
            path = run / "previews" / kind / f"{name}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 11, shape, np.uint8)).save(path)
        for head in HEADS:
            path = run / "previews" / f"step-{step:08d}" / f"{name}-{head}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 11, (24, 32), np.uint8)).save(path)


def save_weights(folder: RunFolder) -> Path:
    """A tiny untrained network as the run's best weights."""
    loaded = tiny_weights()
    path = save_checkpoint(
        folder.best,
        loaded.model,
        labels=loaded.labels,
        preprocessing=loaded.record.preprocessing,
        extra={"step": 10, "val": {"heads": eval_record(10)["heads"]}},
    )
    return path


def remove(folder: RunFolder) -> None:
    """Delete a run behind the app's back."""
    shutil.rmtree(folder.path)
