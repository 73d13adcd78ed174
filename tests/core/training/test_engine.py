from __future__ import annotations

import os
import signal

import numpy as np
import pytest
import torch
from tiny_runs import TINY, draw_pictures
from tiny_runs import tiny_settings as settings

from fcn_core.training.loop.engine import RunFailed, resume, train
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.weights.checkpoint import read_checkpoint


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return draw_pictures(tmp_path_factory.mktemp("data"))


def records(path, kind="step"):
    return [r for r in RunFolder(path).metrics() if r["kind"] == kind]


def test_a_small_run_learns_and_leaves_everything_behind(root, tmp_path):
    seen = []
    optim, model = {"lr": 2e-2, "ema": 0.8, "clip_norm": 5.0}, {**TINY, "dropout": 0.0}
    config = settings(root, steps=80, evaluate_every=5, optim=optim, model=model)
    result = train(config, tmp_path / "run", progress=seen.append)
    losses = [r["loss"] for r in records(result.run_dir)]
    assert len(losses) == 80 and np.mean(losses[-5:]) < 0.6 * np.mean(losses[:3])
    assert result.state == "finished" and result.best_miou > 0.5
    folder = RunFolder.open(result.run_dir)
    assert folder.status().state == "finished" and folder.status().step == 80
    assert [r["step"] for r in records(result.run_dir, "eval")] == [20, 40, 60, 80]
    assert set(records(result.run_dir, "eval")[0]["heads"]) == {"8s", "16s", "32s"}
    assert max(r["heads"]["8s"]["miou"] for r in records(result.run_dir, "eval")) == pytest.approx(result.best_miou)
    about = read_checkpoint(result.weights)
    assert about.labels.classes == ("red", "green", "blue") and about.spec.num_classes == 3
    assert folder.final.exists() and "finished" in folder.log_file.read_text()
    assert seen[-1].step == 80 and seen[-1].fraction == 1 and any(p.message for p in seen)


@pytest.mark.parametrize(("workers", "kind"), [(0, "adamw"), (1, "sgd")])
def test_resume_equals_never_having_stopped(root, tmp_path, workers, kind):
    optim = {"kind": kind, "lr": 3e-3, "ema": 0.9, "clip_norm": 5.0}
    config = settings(root, workers=workers, optim=optim)
    train(config, tmp_path / "whole")

    def stop_at_five(progress):
        if progress.step == 5:
            os.kill(os.getpid(), signal.SIGTERM)

    stopped = train(config, tmp_path / "parts", progress=stop_at_five)
    assert stopped.state == "stopped" and stopped.steps == 5
    assert RunFolder(tmp_path / "parts").status().state == "stopped"
    # What a killed process wrote after its last checkpoint is written again, not twice.
    RunFolder(tmp_path / "parts").append({"kind": "step", "step": 6, "loss": 123.0})
    resumed = resume(tmp_path / "parts")
    assert resumed.state == "finished"

    whole, parts = records(tmp_path / "whole"), records(tmp_path / "parts")
    assert [r["step"] for r in parts] == list(range(1, 13))
    assert [r["lr"] for r in parts] == [r["lr"] for r in whole]
    for key in ("loss", "loss_sum", "grad_norm"):
        assert [r[key] for r in parts] == pytest.approx([r[key] for r in whole], rel=1e-5), key
    first, second = (RunFolder(tmp_path / name).load_state() for name in ("whole", "parts"))
    for name, value in first["averaged"].items():
        assert torch.allclose(value, second["averaged"][name], atol=1e-6), name
    # Resuming what is finished changes nothing.
    before = RunFolder(tmp_path / "parts").metrics()
    assert resume(tmp_path / "parts").steps == 12 and RunFolder(tmp_path / "parts").metrics() == before


def test_bf16_class_mix_and_start_from_other_weights(root, tmp_path):
    first = train(settings(root, steps=4), tmp_path / "first")
    config = settings(
        root, steps=2, precision="bf16", start=str(first.weights), seed=1,
        augment={"crop": [32, 32], "class_mix": 1.0, "rare_crops": 1.0, "rare_classes": ["blue"], "rotate": 10},
    )  # fmt: skip
    second = train(config, tmp_path / "second")
    said = RunFolder(second.run_dir).log_file.read_text()
    assert f"started from {first.weights}" in said and "left at their first values" not in said
    assert all(np.isfinite(r["loss"]) for r in records(second.run_dir))
    wider = settings(root, steps=1, start=str(first.weights), model={"width": 1 / 8, "fc_channels": 24, "heads": [32]},
                     loss={"head_weights": {32: 1.0}})  # fmt: skip
    with pytest.raises(ValueError, match="no kernel of .* fits this network"):
        train(wider, tmp_path / "third")


def test_a_loss_that_is_no_number_stops_with_a_sentence(root, tmp_path):
    optim = {"kind": "sgd", "lr": 1e30}
    with pytest.raises(RunFailed, match=r"the loss became (nan|inf) at step \d+ with learning rate .* try a smaller"):
        train(settings(root, optim=optim, schedule={"kind": "fixed"}), tmp_path / "run")
    status = RunFolder(tmp_path / "run").status()
    assert status.state == "failed" and "learning rate" in status.message


def test_a_run_by_the_clock_ends_in_time(root, tmp_path):
    result = train(settings(root, steps=None, minutes=0.02), tmp_path / "run")
    rates = [r["lr"]["kernels"] for r in records(result.run_dir)]
    assert result.state == "finished" and result.steps == len(rates) >= 1
    assert rates[-1] <= max(rates)


def test_bad_data_fails_before_the_first_step(root, tmp_path):
    with pytest.raises(ValueError, match="no split 'nowhere'"):
        train(settings(root, train=[{"kind": "folder", "root": str(root), "split": "nowhere"}]), tmp_path / "run")
    assert RunFolder(tmp_path / "run").status().state == "failed"
