from __future__ import annotations

import json

import pytest
import torch

from fcn_core.training.config import TrainConfig
from fcn_core.training.runs import RunFolder


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", TrainConfig(steps=3))


def test_create_and_open(folder):
    assert RunFolder.open(folder.path).config() == TrainConfig(steps=3)
    with pytest.raises(ValueError, match="already holds a run"):
        RunFolder.create(folder.path, TrainConfig(steps=3))
    with pytest.raises(ValueError, match="holds no run"):
        RunFolder.open(folder.path / "checkpoints")
    folder.config_file.write_text("steps: [")
    with pytest.raises(ValueError, match="config.yaml"):
        folder.config()


def test_interrupted_checkpoint_leaves_the_old_one(folder, monkeypatch):
    folder.save_state({"step": 1, "weights": torch.arange(3)})

    def breaks_off(state, file):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", breaks_off)
    with pytest.raises(OSError, match="No space"):
        folder.save_state({"step": 2})
    monkeypatch.undo()
    assert folder.load_state()["step"] == 1
    assert [p.name for p in folder.last.parent.iterdir()] == ["last.pt"]


def test_missing_and_damaged_checkpoints_are_named(folder):
    with pytest.raises(ValueError, match="no checkpoint to resume from"):
        folder.load_state()
    folder.save_state({"step": 1})
    folder.last.write_bytes(folder.last.read_bytes()[:100])
    with pytest.raises(ValueError, match="damaged"):
        folder.load_state()


def test_metrics_survive_a_torn_line_and_rewind(folder):
    for step in range(1, 5):
        folder.append({"kind": "step", "step": step, "loss": float("nan") if step == 2 else 0.5})
    with folder.metrics_file.open("a") as file:
        file.write('{"kind": "step", "st')
    assert [r["step"] for r in folder.metrics()] == [1, 2, 3, 4] and folder.metrics()[1]["loss"] is None
    folder.rewind(3)
    lines = folder.metrics_file.read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3]


def test_status_is_whole_or_empty(folder):
    assert folder.status() == {}
    folder.write_status("running", step=4, loss=float("inf"))
    status = folder.status()
    assert status["state"] == "running" and status["step"] == 4 and status["loss"] is None and status["pid"] > 0
    folder.status_file.write_text("{")
    assert folder.status() == {}
