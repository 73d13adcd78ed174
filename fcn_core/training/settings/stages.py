"""A staged recipe as linked runs: 32s from the start, 16s from the 32s net, 8s from the 16s net (CVPR 2015, 4.2).

Each run has the heads up to its own and the loss of its own head alone. The new score layer starts at zero, so that
each network begins where the coarser one ended; the paper lowers the learning rate by 100 for each.
"""

from __future__ import annotations

from fcn_core.training.settings.config import TrainConfig


def expand(config: TrainConfig) -> tuple[TrainConfig, ...]:
    """The runs that the settings ask for: one, or one a head where `staged` is set.

    Only the first of them has a start; whoever launches them sets the others' to the run before (`launch.linked`).
    Every stage has the full length.
    """
    if config.staged is None:
        return (config,)
    heads = config.model.heads_built
    return tuple(
        config.replace(
            name=f"{config.name}-{head}s",
            staged=None,
            start=config.start if number == 0 else None,
            start_parts=config.start_parts if number == 0 else "all",
            model={"heads": heads[: number + 1]},
            loss={"head_weights": {head: 1.0}},
            optim={"lr": float(f"{config.optim.lr * factor:.6g}")},  # 1e-14, not 1.0000000000000002e-14
        )
        for number, (head, factor) in enumerate(zip(heads, config.staged, strict=True))
    )
