"""Two processes make the run of one: layers, masks, sums, and whole runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from accelerate import Accelerator
from tiny_runs import draw_pictures, tiny_settings

from fcn_core.training.loop.engine import train
from fcn_core.training.loop.together import agree
from fcn_core.training.run_folder.runs import RunFolder

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same two runs by one process and by two: (folder of one, folder of two)."""
    home = tmp_path_factory.mktemp("together")
    root = draw_pictures(home / "data")
    model = {"backbone": "vgg16_bn", "width": 1 / 16, "fc_channels": 16, "dropout": 0.3, "fc_norm": True}
    shared = {
        "model": model, "batch_size": 4, "steps": 6, "optim": {"kind": "sgd", "lr": 1e-2}, "threads": 1,
        "test": {"kind": "folder", "root": str(root), "split": "val"}, "augment": {"crop": [48, 48]},
    }  # fmt: skip
    configs = {
        "mean": tiny_settings(root, **shared, accumulate=2),
        "sum": tiny_settings(
            root, **{**shared, "optim": {"kind": "sgd", "lr": 1e-6}, "loss": {"reduction": "sum"}, "previews": 0}
        ),
    }
    folders = []
    for name, config in configs.items():
        train(config, home / "one" / name)
        folders.append(RunFolder.create(home / "two" / name, config).path)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2",
               str(Path(__file__).with_name("together_script.py")), *map(str, folders)]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment)
    assert done.returncode == 0, done.stderr[:4000]
    return home / "one", home / "two"


@pytest.mark.parametrize("name", ["mean", "sum"])
def test_two_processes_make_the_run_of_one(runs, name):
    one, two = (RunFolder(folder / name).metrics() for folder in runs)
    assert [r["kind"] for r in one] == [r["kind"] for r in two]
    for a, b in zip(one, two, strict=True):
        if a["kind"] == "step":
            assert b["loss"] == pytest.approx(a["loss"], rel=1e-4)
            assert b["loss_sum"] == pytest.approx(a["loss_sum"], rel=1e-4) and b["lr"] == a["lr"]
        else:
            # All pixels once: the shares of the classes follow from the same counts.
            for head, scores in a["heads"].items():
                assert b["heads"][head]["pa"] == pytest.approx(scores["pa"], abs=0.01)
    labels = [sorted(p.name for p in (folder / name / "test/labels").iterdir()) for folder in runs]
    assert labels[0] == labels[1] == ["val0.png", "val1.png", "val2.png"]
    assert RunFolder(runs[1] / name).facts()["processes"] == 2


def test_one_process_agrees_with_itself():
    assert agree(Accelerator(cpu=True), stop=True, elapsed=3.0) == (True, 3.0)
