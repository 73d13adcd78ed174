"""A training starts from other weights: a network of the same names, or a classifier of torchvision."""

from __future__ import annotations

import pytest
import torch
from torchvision.models import googlenet

import fcn_core.weights
from fcn_core.models.fcn import build
from fcn_core.models.spec import FCNSpec
from fcn_core.training.setup import start_from


def test_a_classifier_fills_the_trunk(monkeypatch: pytest.MonkeyPatch) -> None:
    state = googlenet(init_weights=False, aux_logits=True).state_dict()
    monkeypatch.setattr(fcn_core.weights, "classifier_state", lambda name: {"googlenet": state}[name])
    model = build(FCNSpec(backbone="googlenet", num_classes=3, fc_channels=512))
    assert "started from the classifier googlenet" in start_from(model, "googlenet")
    assert torch.equal(model.trunk.features.conv1.conv.weight, state["conv1.conv.weight"])
    assert torch.equal(
        model.trunk.features.inception5b.branch1.bn.running_mean, state["inception5b.branch1.bn.running_mean"]
    )
    assert not model.head.score_fr.weight.any()
    with pytest.raises(ValueError, match="at width 1"):
        start_from(build(FCNSpec(backbone="googlenet", width=0.25)), "googlenet")
