"""What the layers of a chain cost in multiply-adds, and how much of it is spent on padding.

One multiply-add is one weight times one value. Only convolutions are counted: activations, poolings and normalisation
are small beside them, and bilinear upsampling is interpolation.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from fcn_core.analysis.aligning.chain import Walked
from fcn_core.models.fcn import FCN


@dataclass(frozen=True)
class LayerCost:
    """One convolution: the size of its map (rows, columns) and its multiply-adds."""

    name: str
    size: tuple[int, int]
    multiply_adds: int


def layer_costs(walked: Walked) -> tuple[LayerCost, ...]:
    """Every convolution of a walked chain, in order; upsamplings are left out."""
    found = []
    sums = {source: placed for placed in walked.maps for source in placed.layer.sources if placed.layer.kind == "sum"}
    for placed in walked.maps:
        layer = placed.layer
        if layer.kind in ("convolution", "block") and layer.pairs:
            # A skip is cropped before it is scored, to the cells that the sum needs.
            used = sums[layer.name].size if layer.name in sums else placed.full
            found.append(LayerCost(layer.name, used, layer.pairs * layer.kernel**2 * used[0] * used[1]))
    return tuple(found)


def total(costs: tuple[LayerCost, ...]) -> int:
    """Multiply-adds of all of them."""
    return sum(cost.multiply_adds for cost in costs)


def counted_multiply_adds(model: nn.Module, photo: tuple[int, int], head: int) -> int:
    """The same as PyTorch counts them while the network runs; `model` an FCN on the meta device, so nothing is
    computed. photo: (rows, columns)."""
    assert isinstance(model, FCN)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.empty(1, model.spec.in_channels, *photo, device="meta"), heads=(head,))
    per_operation = counter.get_flop_counts()["Global"]
    return sum(count for operation, count in per_operation.items() if "convolution" in str(operation)) // 2
