"""Finds a cell's field by trying: which pixels have a gradient when nothing can hide one?

Weights and picture are made positive and max poolings, whose gradient takes one way only, become averages
over the same windows. Then nothing cancels out, no ReLU is asleep, and the gradient fills the theoretical
field to its edge. An independent check of the walk.
"""

from __future__ import annotations

import copy
from dataclasses import replace

import torch
from torch import nn

from fcn_core.analysis.fields.effective_field import FieldTarget, GradientReader
from fcn_core.models.fcn import FCN

SLIM = 1 / 32


def probed_box(
    model: nn.Module, target: FieldTarget, size: tuple[int, int], *, channels: int = 3
) -> tuple[int, ...] | None:
    """[top, bottom) × [left, right) as (top, left, bottom, right) of the pixels with a gradient; None if none has.

    An FCN is built anew with few channels, which its fields do not depend on; others are copied. float64.
    """
    transparent = transparent_copy(model)
    picture = torch.ones(channels, *size, dtype=torch.float64)
    gradient = GradientReader(transparent, target).gradient(picture).abs().amax(0)
    touched = torch.nonzero(gradient)
    if not len(touched):
        return None
    (top, left), (bottom, right) = touched.amin(0).tolist(), (touched.amax(0) + 1).tolist()
    return top, left, bottom, right


def transparent_copy(model: nn.Module) -> nn.Module:
    """A copy in float64 whose every path from a pixel to a cell carries a positive gradient."""
    if isinstance(model, FCN):
        spec = model.spec
        model = FCN(replace(spec, width=min(SLIM, spec.width), fc_channels=4, num_classes=2, extra_tasks={}))
    else:
        model = copy.deepcopy(model)
    model = model.double().eval()
    with torch.no_grad():
        for p in model.parameters():
            p.fill_(1 / max(p[0].numel(), 1))
        for part in model.modules():
            if isinstance(part, nn.BatchNorm2d):
                part.reset_parameters()
    for name, part in list(model.named_modules()):
        if isinstance(part, nn.MaxPool2d):
            owner, _, key = name.rpartition(".")
            average = nn.AvgPool2d(part.kernel_size, part.stride, part.padding, ceil_mode=part.ceil_mode)
            setattr(model.get_submodule(owner), key, average)
    return model
