"""A training run of a few seconds, for tests of what happens around it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from fcn_core.training.settings.config import TrainConfig


def tiny_config(**changes: Any) -> TrainConfig:
    """Synthetic scenes of 32×32 pixels, validated every four steps."""
    values: dict[str, Any] = {
        "name": "tiny",
        "model": {"width": 1 / 16, "fc_channels": 16, "dropout": 0.3},
        "train": [{"kind": "streets", "count": 4, "size": [32, 32]}],
        "val": {"kind": "streets", "count": 1, "seed": 1, "size": [32, 32]},
        "augment": {"crop": [32, 32]},
        "batch_size": 2,
        "steps": 40,
        "evaluate_every": 2.0,
        "workers": 0,
        "device": "cpu",
        "threads": 1,
    }
    return TrainConfig.from_dict({**values, **changes})


def wait_until(true: Callable[[], Any], what: str, *, seconds: float = 60.0) -> None:
    """Wait for something to become true; fails with `what` when it does not."""
    patience = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < patience, f"waited {seconds} s in vain: {what}"
        time.sleep(0.05)
