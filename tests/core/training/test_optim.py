from __future__ import annotations

import pytest
import torch
from torch import nn

from fcn_core.training.loop.optim import AveragedModel, build_optimiser, rate_factor, set_rate
from fcn_core.training.settings.groups import OptimSettings, ScheduleSettings


def small() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1, bias=False))


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
def test_groups_as_in_the_paper(kind):
    settings = OptimSettings(kind=kind, lr=0.1, weight_decay=0.5, bias_lr_factor=2.0)
    optimiser = build_optimiser(small(), settings)
    groups = {g["name"]: g for g in optimiser.param_groups}
    assert [tuple(p.shape) for p in groups["kernels"]["params"]] == [(4, 3, 3, 3), (2, 4, 1, 1)]
    assert groups["kernels"]["weight_decay"] == 0.5
    assert groups["norms"]["weight_decay"] == groups["biases"]["weight_decay"] == 0
    assert len(groups["norms"]["params"]) == 2 and len(groups["biases"]["params"]) == 1
    set_rate(optimiser, 0.01)
    assert groups["kernels"]["lr"] == 0.01 and groups["biases"]["lr"] == 0.02


def test_every_parameter_is_in_one_group_and_frozen_ones_in_none():
    model = small()
    model[0].weight.requires_grad_(False)
    grouped = [id(p) for g in build_optimiser(model, OptimSettings()).param_groups for p in g["params"]]
    assert sorted(grouped) == sorted(id(p) for p in model.parameters() if p.requires_grad)


@pytest.mark.parametrize(
    ("settings", "step", "progress", "factor"),
    [
        (ScheduleSettings(kind="fixed"), 7, 0.9, 1.0),
        (ScheduleSettings(kind="poly", power=0.9), 7, 0.5, 0.5**0.9),
        (ScheduleSettings(kind="cosine"), 7, 0.5, 0.5),
        (ScheduleSettings(kind="cosine"), 7, 1.0, 0.0),
        (ScheduleSettings(kind="cosine", floor=0.1), 7, 1.0, 0.1),
        (ScheduleSettings(kind="fixed", warmup_steps=10), 0, 0.0, 0.1),
        (ScheduleSettings(kind="fixed", warmup_steps=10), 9, 0.0, 1.0),
        (ScheduleSettings(kind="poly"), 7, 1.5, 0.0),
    ],
)
def test_schedule(settings, step, progress, factor):
    assert rate_factor(settings, step=step, progress=progress) == pytest.approx(factor)


def test_average_follows_and_leaves_the_model_alone():
    model = small().train()
    averaged = AveragedModel(model, 0.5)
    before = model[0].weight.detach().clone()
    with torch.no_grad():
        model[0].weight += 1.0
        model[1].running_mean += 2.0
        model[1].num_batches_tracked += 3
    averaged.update(model)
    decay = 2 / 11  # the early, quicker average
    assert torch.allclose(averaged.model[0].weight, before + (1 - decay))
    assert torch.allclose(averaged.model[1].running_mean, torch.full((4,), 2 * (1 - decay)))
    assert averaged.model[1].num_batches_tracked == 3
    assert torch.allclose(model[0].weight, before + 1) and not averaged.model.training and model.training
    for _ in range(200):
        averaged.update(model)
    assert torch.allclose(averaged.model[0].weight, model[0].weight, atol=1e-5)
