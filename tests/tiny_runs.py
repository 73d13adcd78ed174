"""Twelve small pictures of three classes that their colours give away, and settings that learn them in seconds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fcn_core.training.settings.config import TrainConfig

TINY = {"backbone": "vgg16_bn", "width": 1 / 16, "fc_channels": 16, "dropout": 0.3}


def draw_pictures(root: Path) -> Path:
    """images/ and masks/ with the splits train (12) and val (3), and classes.txt, below `root`."""
    rng = np.random.default_rng(0)
    palette = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200]])
    for split, count in (("train", 12), ("val", 3)):
        for kind in ("images", "masks"):
            (root / kind / split).mkdir(parents=True)
        for number in range(count):
            mask = rng.integers(0, 3, (3, 3)).repeat(16, 0).repeat(16, 1).astype(np.uint8)
            image = np.clip(palette[mask] + rng.normal(0, 12, (48, 48, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(image).save(root / f"images/{split}/{split}{number}.png")
            Image.fromarray(mask).save(root / f"masks/{split}/{split}{number}.png")
    (root / "classes.txt").write_text("red\ngreen\nblue\n")
    return root


def tiny_settings(root: Path, **changes: Any) -> TrainConfig:
    """Twelve steps on the pictures of `draw_pictures`."""
    values = {
        "name": "tiny",
        "model": TINY,
        "train": [{"kind": "folder", "root": str(root), "split": "train"}],
        "val": {"kind": "folder", "root": str(root), "split": "val"},
        "augment": {"crop": [32, 32], "scale": [0.8, 1.25], "noise": 4.0, "blur": 0.5},
        "loss": {"class_weights": "sqrt_enet"},
        "optim": {"lr": 3e-3, "ema": 0.9, "clip_norm": 5.0},
        "schedule": {"kind": "cosine", "warmup_steps": 3},
        "batch_size": 3,
        "steps": 12,
        "evaluate_every": 2.0,
        "workers": 0,
        "device": "cpu",
    }
    values.update(changes)
    return TrainConfig.from_dict(values)
