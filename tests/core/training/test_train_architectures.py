"""Every architecture of the registry trains, stops and goes on like any other; settings can be switched to it."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_runs import draw_pictures, tiny_settings

from fcn_core.models.architectures import ARCHITECTURES
from fcn_core.training.loop.engine import resume, train
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig
from fcn_core.training.settings.networks import NETWORKS
from fcn_core.weights import load

SLIM: dict[str, dict[str, Any]] = {
    "fcn": {"width": 1 / 16, "fc_channels": 8, "heads": [32, 16, 8, 4]},
    "unet": {"width": 1 / 16},
    "late_fusion": {"width": 1 / 16, "fc_channels": 8, "first_channels": 1},
}


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw_pictures(tmp_path_factory.mktemp("pictures"))


# fcn_resnet101 is the deeper twin of fcn_resnet50; one of the two is enough.
@pytest.mark.parametrize("name", [name for name in ARCHITECTURES if name != "fcn_resnet101"])
def test_a_run_stops_and_goes_on_as_if_it_never_had(name: str, root: Path, tmp_path: Path) -> None:
    model = {"architecture": name, **SLIM.get(name, {})}
    config = tiny_settings(root, model=model, steps=3, loss={}, optim={"lr": 1e-3, "ema": 0.9}, evaluate_every=0.5)
    assert isinstance(config.model, NETWORKS[name])
    assert config.loss.head_weights[min(config.model.heads_built)] == 1.0
    train(config, tmp_path / "whole")
    stop = threading.Event()
    stopped = train(config, tmp_path / "parts", progress=lambda now: now.step >= 1 and stop.set(), stop=stop)
    assert stopped.state == "stopped" and stopped.steps == 1
    assert resume(tmp_path / "parts").state == "finished"
    whole, parts = ([r for r in RunFolder(tmp_path / n).metrics() if r["kind"] == "step"] for n in ("whole", "parts"))
    assert [r["loss"] for r in parts] == pytest.approx([r["loss"] for r in whole], rel=1e-5)
    best = RunFolder(tmp_path / "parts").weights()
    assert best is not None
    loaded = load(best)
    assert loaded.record.spec is not None and loaded.record.spec.architecture == name
    assert loaded.labels.classes == ("red", "green", "blue")


def test_settings_are_switched_to_another_architecture(root: Path) -> None:
    config = tiny_settings(root).replace(model={"architecture": "unet", "form": "published"})
    assert config.model.architecture == "unet" and config.model.width == 1 / 16  # type: ignore[attr-defined]
    assert config.loss.head_weights == {1: 1.0} and config.optim.ema == 0.9
    back = config.replace(model={"architecture": "fcn"})
    assert back.loss.head_weights == {32: 0.3, 16: 0.3, 8: 1.0}
    assert TrainConfig.from_yaml(config.to_yaml()) == config


def test_old_settings_are_those_of_an_fcn(root: Path) -> None:
    values = tiny_settings(root).model_dump(mode="json")
    del values["model"]["architecture"]
    assert TrainConfig.from_dict(values) == tiny_settings(root)


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ({"architecture": "segnext"}, "model: There is no architecture 'segnext'; there are fcn, unet"),
        ({"architecture": "unet", "fc_channels": 3}, "model.fc_channels: There is no setting 'fc_channels' here"),
        ({"architecture": "unet", "width": 0}, "model.width: It should be greater than 0"),
        ({"architecture": "unet", "form": "valid"}, "model.form: It should be 'padded' or 'published'"),
        ({"backbone": "resnet7"}, "model.backbone: It should be 'vgg16'"),
        ({"backbone": "alexnet", "heads": [2]}, "heads must be some of 32, 16, 8 and 4"),
    ],
)
def test_networks_that_do_not_fit_are_named(model: dict[str, Any], sentence: str, root: Path) -> None:
    with pytest.raises(ValueError) as refused:
        tiny_settings(root, model=model, loss={})
    assert sentence in str(refused.value).replace("Input should", "It should")


def test_a_frozen_trunk_needs_a_trunk(root: Path, tmp_path: Path) -> None:
    whole = tiny_settings(root, model={"architecture": "unet", "form": "published", "width": 1 / 16}, steps=1, loss={})
    weights = train(whole, tmp_path / "first").weights
    frozen = whole.replace(start=str(weights), freeze_trunk=True)
    with pytest.raises(ValueError, match="unet has none"):
        train(frozen, tmp_path / "second")


@pytest.mark.parametrize("architecture", ["fcn", "unet"])
def test_trunks_can_be_taken_over_and_frozen(architecture: str, root: Path, tmp_path: Path) -> None:
    first = train(tiny_settings(root, steps=2), tmp_path / "first").weights
    config = tiny_settings(
        root, model={"architecture": architecture, "width": 1 / 16}, steps=2, loss={}, start=str(first),
        start_parts="trunk", freeze_trunk=True, optim={"lr": 1e-2},
    )  # fmt: skip
    second = train(config, tmp_path / "second").weights
    assert first is not None and second is not None
    a, b = load(first).model.state_dict(), load(second).model.state_dict()
    kernels = [key for key in b if key.startswith("trunk.features.") and b[key].ndim == 4]
    assert kernels and all(torch.equal(a[key], b[key]) for key in kernels)
