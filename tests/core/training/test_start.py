"""A training starts from other weights: the trunk's ImageNet classifier, with the preprocessing it was trained with."""

from __future__ import annotations

import pytest
import torch
from torchvision.models import googlenet

from fcn_core.models.architectures import build
from fcn_core.models.spec import FCNSpec
from fcn_core.training.loop import start
from fcn_core.training.settings.config import TrainConfig
from fcn_core.weights import CATALOGUE


def test_a_classifier_fills_the_trunk(monkeypatch: pytest.MonkeyPatch) -> None:
    state = googlenet(init_weights=False, aux_logits=True).state_dict()
    monkeypatch.setattr(start, "classifier_state", lambda name: {"googlenet": state}[name])
    config = TrainConfig(steps=1, start="imagenet", model={"backbone": "googlenet"})
    found = start.find_start(config, runs=None)
    assert found.preprocessing == CATALOGUE["googlenet"].preprocessing
    model = build(FCNSpec(backbone="googlenet", num_classes=3, fc_channels=512))
    assert "started from the classifier googlenet" in found.fill(model)
    assert torch.equal(model.trunk.features.conv1.conv.weight, state["conv1.conv.weight"])
    assert torch.equal(
        model.trunk.features.inception5b.branch1.bn.running_mean, state["inception5b.branch1.bn.running_mean"]
    )
    assert not model.head.score_fr.weight.any()
    with pytest.raises(ValueError, match="at width 1"):
        found.fill(build(FCNSpec(backbone="googlenet", width=0.25)))


def test_only_the_trunk_may_be_taken() -> None:
    config = TrainConfig(steps=1, start="camvid", start_parts="trunk")
    found = start.find_start(config, runs=None)
    spec = CATALOGUE["camvid"].spec
    assert spec is not None
    model = build(spec)
    said = found.fill(model)
    assert "left at their first values: head." in said and not model.head.score_fr.weight.any()
    assert torch.equal(model.trunk.fc.fc7.weight, found.state["trunk.fc.fc7.weight"])
    assert TrainConfig(steps=1, start="run:abc").start_run == "abc"
    assert TrainConfig(steps=1, start="abc").start_run is None
