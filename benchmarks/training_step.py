"""A training step in `centered` alignment against the same network in the published geometry."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from benchmarks.measure import Clock, Timing, interleave
from fcn_core.models.fcn import FCN
from fcn_core.models.spec import Alignment, FCNSpec
from fcn_core.training.loop.losses import heads_loss

REFERENCE, CENTERED = "reference, contiguous", "centered, channels_last"


def training_step(spec: FCNSpec, size: tuple[int, int], *, batch: int, rounds: int, clock: Clock) -> dict[str, Timing]:
    """Forward, loss of the three heads and backward, without the optimiser's update, which is the same for all."""
    generator = torch.Generator().manual_seed(0)
    image = torch.randn(batch, spec.in_channels, *size, generator=generator)
    target = torch.randint(spec.num_classes, (batch, *size), generator=generator)

    def step(alignment: Alignment, layout: torch.memory_format) -> Callable[[], None]:
        model = FCN(replace(spec, alignment=alignment)).train().to(memory_format=layout)
        x = image.contiguous(memory_format=layout)

        def run() -> None:
            model.zero_grad()
            heads_loss(model(x).logits, target, head_weights={32: 0.3, 16: 0.3, 8: 1.0}).backward()

        return run

    variants = {
        REFERENCE: step("reference", torch.contiguous_format),
        "reference, channels_last": step("reference", torch.channels_last),
        "centered, contiguous": step("centered", torch.contiguous_format),
        CENTERED: step("centered", torch.channels_last),
    }
    return interleave(variants, rounds=rounds, clock=clock)
