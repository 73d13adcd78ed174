"""Tiny untrained networks with score layers that are not zero, wrapped as loaded weights, for the tests."""

from __future__ import annotations

import torch
from torch import nn

from fcn_core.labels import CAMVID
from fcn_core.models.architectures import build
from fcn_core.models.spec import FCNSpec
from fcn_core.weights import IMAGENET, LoadedModel, WeightRecord


def tiny_model(**settings: object) -> nn.Module:
    """A seeded FCN of width 1/8 whose batch norms have statistics of their own, in evaluation mode."""
    spec = FCNSpec(**{"width": 0.125, "fc_channels": 32, "num_classes": len(CAMVID), **settings})  # type: ignore[arg-type]
    generator = torch.Generator().manual_seed(5)
    torch.manual_seed(5)
    model = build(spec)
    for name, parameter in model.named_parameters():
        if "score" in name and name.endswith("weight"):
            nn.init.normal_(parameter, std=0.3, generator=generator)
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.weight, 0.5, 1.5, generator=generator)
            nn.init.normal_(module.bias, std=0.2, generator=generator)
            assert module.running_mean is not None and module.running_var is not None
            module.running_mean.normal_(0, 0.2, generator=generator)
            module.running_var.uniform_(0.5, 2.0, generator=generator)
    return model.eval()


def tiny_weights(model: nn.Module | None = None, **settings: object) -> LoadedModel:
    """`tiny_model` (or the given model) as `fcn_core.weights.load` would return it."""
    model = model if model is not None else tiny_model(**settings)
    record = WeightRecord(
        name="tiny",
        title="Untrained, for tests",
        spec=model.spec,  # type: ignore[arg-type]
        label_set=CAMVID,
        preprocessing=IMAGENET,
        knows="nothing",
    )
    return LoadedModel(record, model, CAMVID, record.heads)
