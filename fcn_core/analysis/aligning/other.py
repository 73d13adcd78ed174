"""The same weights in the other alignment: `reference` (padded by 100, cropped) or `centered` ("same" padding).

Padding and crops hold no weights, so a network trained in one alignment runs in the other: what differs is how the
cells lie on the photo, and what the borders see.
"""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import nn

from fcn_core.models.fcn import FCN
from fcn_core.models.spec import Alignment


def in_other_alignment(model: nn.Module) -> FCN:
    """A second network over the same parameters, which it shares; the given one is not touched.

    ValueError for a network that is no FCN, or whose learned upsamplings have another size in the other alignment.
    """
    if not isinstance(model, FCN):
        raise ValueError(f"{type(model).__name__} has one alignment only; choose weights of an FCN")
    other: Alignment = "centered" if model.spec.alignment == "reference" else "reference"
    with torch.device("meta"):
        built = FCN(replace(model.spec, alignment=other))
    values = model.state_dict()
    for name, value in built.state_dict().items():
        if name not in values or values[name].shape != value.shape:
            raise ValueError(
                f"these weights learned {name} for {model.spec.alignment} alignment; in {other} alignment that layer "
                "has another size, so they cannot run there"
            )
    built.load_state_dict(values, assign=True)
    return built.train(model.training).requires_grad_(False)
