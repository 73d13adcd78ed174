"""A run becomes a file and a card that the catalogue can show."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from fcn_core.cli.program import main
from fcn_core.training.loop.engine import train
from fcn_core.training.settings.config import TrainConfig
from fcn_core.weights import load


def tiny_run(folder: Path, **changes: object) -> Path:
    config = TrainConfig.from_dict(
        {
            "name": "tiny",
            "model": {"width": 0.0625, "fc_channels": 8},
            "train": [{"kind": "streets", "count": 2, "size": (32, 48)}],
            "val": {"kind": "streets", "count": 2, "seed": 1, "size": (32, 48)},
            "augment": {"crop": (32, 32)},
            "batch_size": 2,
            "steps": 1,
            "workers": 0,
        }
        | changes
    )
    train(config, folder)
    return folder


def test_a_bundle_loads_and_carries_its_measured_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tiny_run(tmp_path / "run")
    assert (
        main(["weights", "bundle", str(run), "--name", "mine", "--out", str(tmp_path / "out"), "--licence", "MIT"]) == 0
    )
    card = json.loads((tmp_path / "out" / "mine.json").read_text())
    assert set(card["scores"]) == {"32s", "16s", "8s"} and card["licence"] == "MIT" and card["source"] == "bundled"
    assert 0 < card["scores"]["8s"]["confidence_bound"] < 1
    assert card["scored_on"] == "2 synthetic street scenes of seed 1, 48×32"
    assert card["training"]["model"]["width"] == 0.0625 and "1 steps" in card["time"]
    assert load(str(tmp_path / "out" / "mine.safetensors")).heads == (32, 16, 8)
    assert "## Scores" in (tmp_path / "out" / "mine.md").read_text()
    capsys.readouterr()
    assert main(["weights", "card", str(tmp_path / "out" / "mine.safetensors"), "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["training"] == card["training"] and shown["seed"] == card["seed"] and shown["licence"] == "MIT"


def test_a_bundle_without_validation_data_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = tiny_run(tmp_path / "run", val=None)
    assert main(["weights", "bundle", str(run), "--out", str(tmp_path / "out")]) == 2
    assert "no validation data" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
