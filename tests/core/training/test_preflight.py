"""Cost estimates and the check before the first step."""

from __future__ import annotations

import pytest
import torch
from tiny_runs import TINY, draw_pictures, tiny_settings

from fcn_core.models.architectures import build
from fcn_core.training.loop import preflight
from fcn_core.training.loop.engine import train
from fcn_core.training.loop.memory import kept_bytes, training_bytes
from fcn_core.training.loop.preflight import estimate
from fcn_core.training.loop.results import RunFailed
from fcn_core.training.run_folder.runs import RunFolder


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return draw_pictures(tmp_path_factory.mktemp("data"))


@pytest.mark.parametrize("backbone", ["vgg16_bn", "googlenet", "alexnet"])
def test_memory_is_counted_without_computing(root, backbone):
    config = tiny_settings(root, model={**TINY, "backbone": backbone}, augment={"crop": [64, 48]})
    spec = config.model.spec(3)
    real = sorted(kept_bytes(build(spec), 3, config, device="cpu"))
    with torch.device("meta"):
        unreal = build(spec)
    assert sum(kept_bytes(unreal, 3, config)) == pytest.approx(sum(real), rel=0.02)
    # Twice the pictures keep twice the maps; weights and optimiser stay what they are.
    single = training_bytes(config.replace(batch_size=2), spec)
    double, four = (
        training_bytes(config.replace(batch_size=4), spec),
        training_bytes(config.replace(batch_size=8), spec),
    )
    assert four - double == pytest.approx(2 * (double - single), rel=0.02)


def test_a_frozen_trunk_needs_less(root):
    config = tiny_settings(root)
    spec = config.model.spec(3)
    frozen = config.replace(start="streets", freeze_trunk=True)
    assert training_bytes(frozen, spec) < 0.6 * training_bytes(config, spec)


def test_an_estimate_comes_from_real_steps(root, tmp_path):
    cost = estimate(tiny_settings(root, epochs=3.0, steps=None))
    parameters = sum(p.numel() for p in build(tiny_settings(root).model.spec(3)).parameters())
    assert cost.parameters == cost.trained_parameters == parameters
    assert cost.steps == 12 and cost.epoch_pictures == 12
    assert cost.seconds_an_epoch == pytest.approx(4 * cost.seconds_a_step)
    assert cost.seconds_total is not None and cost.seconds_total >= 12 * cost.seconds_a_step
    assert 0 < cost.memory_mb < cost.free_memory_mb and 0 < cost.disk_mb < cost.free_disk_mb
    assert estimate(tiny_settings(root, minutes=2.0, steps=None)).seconds_total == 120
    assert set(cost.as_dict()) >= {"memory_mb", "seconds_a_step", "device"}


def test_a_run_that_cannot_fit_fails_before_its_first_step(root, tmp_path, monkeypatch):
    monkeypatch.setattr(preflight, "free_bytes", lambda device: 10_000)
    with pytest.raises(RunFailed, match=r"a step needs about \d+ MB of memory and 0 MB are free on cpu; try a smaller"):
        train(tiny_settings(root), tmp_path / "run")
    assert RunFolder(tmp_path / "run").metrics() == []
    assert RunFolder(tmp_path / "run").status().state == "failed"
    monkeypatch.undo()
    usage = preflight.shutil.disk_usage("/")
    monkeypatch.setattr(preflight.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    with pytest.raises(RunFailed, match=r"needs about \d+ MB of disk and 0 MB are free"):
        train(tiny_settings(root), tmp_path / "other")
    monkeypatch.undo()
    monkeypatch.setattr(preflight.shutil, "which", lambda name: None)
    with pytest.raises(RunFailed, match=r"compile needs a C\+\+ compiler"):
        train(tiny_settings(root, compile=True), tmp_path / "third")


def test_damaged_test_pictures_fail_at_once(root, tmp_path):
    config = tiny_settings(root, test={"kind": "folder", "root": str(root), "split": "val"})
    data = config.test
    assert data is not None
    (root / "images/extra").mkdir(exist_ok=True)
    (root / "masks/extra").mkdir(exist_ok=True)
    (root / "images/extra/a.png").write_bytes(b"no picture")
    (root / "masks/extra/a.png").write_bytes((root / "masks/val/val0.png").read_bytes())
    broken = config.replace(test={**data.model_dump(), "split": "extra", "keep": False})
    with pytest.raises(ValueError, match="a.png cannot be read"):
        train(broken, tmp_path / "run")
    assert RunFolder(tmp_path / "run").metrics() == []
