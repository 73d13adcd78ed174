"""Optimiser, learning-rate course and averaged weights.

The schedule is a pure function of progress and the averaging of one state, so that a resumed run needs nothing but
the step number and the tensors.
"""

from __future__ import annotations

import copy
from math import cos, pi
from typing import Any

import torch
from torch import Tensor, nn

from fcn_core.training.settings.groups import OptimSettings, ScheduleSettings


def parameter_groups(model: nn.Module, settings: OptimSettings) -> list[dict[str, Any]]:
    """Three groups: kernels decay; normalisation does not; biases do not and may have their own rate (CVPR: ×2)."""
    kernels: list[Tensor] = []
    norms: list[Tensor] = []
    biases: list[Tensor] = []
    for module in model.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if not parameter.requires_grad:
                continue
            if parameter.ndim > 1:
                kernels.append(parameter)
            elif isinstance(module, nn.modules.batchnorm._NormBase | nn.GroupNorm | nn.LayerNorm):
                norms.append(parameter)
            elif name == "bias":
                biases.append(parameter)
            else:
                norms.append(parameter)
    groups = (
        ("kernels", kernels, settings.weight_decay, 1.0),
        ("norms", norms, 0.0, 1.0),
        ("biases", biases, 0.0, settings.bias_lr_factor),
    )
    return [
        {"name": name, "params": params, "weight_decay": decay, "lr": settings.lr * factor, "lr_factor": factor}
        for name, params, decay, factor in groups
        if params
    ]


def build_optimiser(model: nn.Module, settings: OptimSettings) -> torch.optim.Optimizer:
    """SGD with momentum, or AdamW, over `parameter_groups`."""
    groups = parameter_groups(model, settings)
    if settings.kind == "sgd":
        return torch.optim.SGD(groups, lr=settings.lr, momentum=settings.momentum)
    return torch.optim.AdamW(groups, lr=settings.lr, betas=(settings.momentum, settings.beta2))


def rate_factor(settings: ScheduleSettings, *, step: int, progress: float) -> float:
    """Factor on the learning rate for the step that comes next. step: steps done; progress: share done, 0-1."""
    done = min(max(progress, 0.0), 1.0)
    if settings.kind == "step":
        factor = settings.drop ** sum(done >= share for share in settings.drop_at)
    elif settings.kind == "poly":
        factor = (1 - done) ** settings.power
    elif settings.kind == "cosine":
        factor = 0.5 * (1 + cos(pi * done))
    else:
        factor = 1.0
    factor = settings.floor + (1 - settings.floor) * factor
    if step < settings.warmup_steps:
        factor *= (step + 1) / settings.warmup_steps
    return factor


def set_rate(optimiser: torch.optim.Optimizer, lr: float) -> None:
    """Give every group its rate: `lr` times the group's own factor."""
    for group in optimiser.param_groups:
        group["lr"] = lr * group["lr_factor"]


class AveragedModel:
    """Exponential moving average of a model's parameters and buffers (Polyak averaging).

    `model` is the averaged copy, always in eval mode. Early on the average follows more closely,
    decay = min(decay, (1 + n) / (10 + n)), so that the first random weights are forgotten.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.model = copy.deepcopy(model).eval().requires_grad_(False)
        self.decay = decay
        self.updates = 0

    @torch.no_grad()
    def update(self, model: nn.Module) -> None:
        """Move the average towards `model`."""
        self.updates += 1
        towards = 1 - min(self.decay, (1 + self.updates) / (10 + self.updates))
        averaged, current = [], []
        for mine, theirs in zip(self.model.state_dict().values(), model.state_dict().values(), strict=True):
            if mine.is_floating_point():
                averaged.append(mine)
                current.append(theirs.detach())
            else:
                mine.copy_(theirs)
        torch._foreach_lerp_(averaged, current, towards)
