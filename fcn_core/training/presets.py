"""Named recipes: the settings that made the bundled weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcn_core.training.config import TrainConfig


@dataclass(frozen=True)
class Preset:
    """A recipe. settings: fields of TrainConfig that differ from their defaults. needs_root: the data is the user's."""

    title: str
    about: str
    settings: Mapping[str, Any]
    needs_root: bool = False


SLIM = {"backbone": "vgg16_bn", "width": 0.25, "fc_channels": 640, "fc_norm": True}

STREETS_LOOK = {
    "brightness": 0.35,
    "contrast": 0.35,
    "saturation": 0.4,
    "hue": 12.0,
    "balance": 0.12,
    "gamma": 1.3,
    "blur": 1.0,
    "noise": 10.0,
    "noise_probability": 0.25,
}

PRESETS: dict[str, Preset] = {
    "streets": Preset(
        title="Streets from nothing",
        about="A slim VGG16-BN on synthetic street scenes; needs no data and no download.",
        settings={
            "name": "streets",
            "model": {**SLIM, "dropout": 0.1},
            "train": [
                {"kind": "streets", "count": 2000, "seed": 0, "size": (240, 320), "share": 1.0},
                {"kind": "streets", "count": 1200, "seed": 0, "size": (360, 480), "share": 1.0},
            ],
            "val": {"kind": "streets", "count": 60, "seed": 1, "size": (240, 320)},
            "augment": {**STREETS_LOOK, "crop": (240, 320), "scale": (0.7, 1.5)},
            "loss": {"class_weights": "sqrt_enet"},
            "optim": {"lr": 2e-3, "weight_decay": 2e-2, "clip_norm": 5.0, "ema": 0.998},
            "schedule": {"kind": "cosine", "warmup_steps": 100},
            "batch_size": 8,
            "minutes": 24.0,
            "evaluate_every": 0.8,
            "precision": "bf16",
        },
    ),
    "streets-fine": Preset(
        title="Streets, larger scenes",
        about="Goes on from the streets weights on scenes of CamVid's size.",
        settings={
            "name": "streets",
            "seed": 1,
            "model": {**SLIM, "dropout": 0.1},
            "start": "streets",
            "train": [{"kind": "streets", "count": 1500, "seed": 0, "size": (360, 480)}],
            "val": {"kind": "streets", "count": 60, "seed": 1, "size": (360, 480)},
            "augment": {**STREETS_LOOK, "crop": (256, 352), "scale": (0.75, 1.5)},
            "loss": {"class_weights": "sqrt_enet", "fade_weights_from": 0.3},
            "optim": {"lr": 1.5e-3, "weight_decay": 2e-2, "clip_norm": 5.0, "ema": 0.998},
            "schedule": {"kind": "cosine", "warmup_steps": 30},
            "batch_size": 8,
            "minutes": 19.0,
            "evaluate_every": 2.0,
            "precision": "bf16",
        },
    ),
    "camvid": Preset(
        title="CamVid, from the streets weights",
        about="Goes on from the synthetic streets on CamVid's 367 training photos.",
        settings={
            "name": "camvid",
            "model": {**SLIM, "dropout": 0.3},
            "start": "streets",
            "train": [{"kind": "camvid", "split": "train"}],
            "val": {"kind": "camvid", "split": "val"},
            "augment": {
                "crop": (256, 352),
                "scale": (0.55, 1.8),
                "stretch": 1.1,
                "rotate": 4.0,
                "brightness": 0.4,
                "contrast": 0.4,
                "saturation": 0.4,
                "hue": 10.0,
                "balance": 0.12,
                "gamma": 1.4,
                "blur": 1.0,
                "noise": 8.0,
                "rare_crops": 0.3,
                "class_mix": 0.35,
                "rare_classes": ("pole", "sign", "fence", "pedestrian", "bicyclist"),
            },
            "loss": {"class_weights": "sqrt_enet", "fade_weights_from": 0.55},
            "optim": {"lr": 1.8e-3, "weight_decay": 3e-2, "clip_norm": 5.0, "ema": 0.999},
            "schedule": {"kind": "cosine", "warmup_steps": 100},
            "batch_size": 8,
            "minutes": 76.0,
            "evaluate_every": 8.0,
            "precision": "bf16",
        },
        needs_root=True,
    ),
}


def preset_config(name: str, *, root: str | Path | None = None, **changes: Any) -> TrainConfig:
    """The settings of a preset, with changes (nested groups as dicts of their changed fields).

    root: folder of the user's data, for every data set of the recipe that is not synthetic. ValueError for an unknown
    name, a missing root, and settings that do not fit.
    """
    if name not in PRESETS:
        raise ValueError(f"no preset {name!r}; there are {', '.join(PRESETS)}")
    preset = PRESETS[name]
    settings = dict(preset.settings)
    if preset.needs_root:
        if root is None:
            raise ValueError(f"the preset {name!r} trains on {settings['train'][0]['kind']} data; give its folder")
        settings["train"] = [_at(part, root) for part in settings["train"]]
        settings["val"] = _at(settings["val"], root)
    if {"epochs", "steps", "minutes"} & set(changes):
        for length in ("epochs", "steps", "minutes"):
            settings.pop(length, None)
    return TrainConfig.from_dict(_merge(settings, changes))


def _merge(settings: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(settings)
    for key, value in changes.items():
        own = merged.get(key)
        merged[key] = {**own, **value} if isinstance(own, dict) and isinstance(value, Mapping) else value
    return merged


def _at(part: Mapping[str, Any], root: str | Path) -> dict[str, Any]:
    return dict(part) if part["kind"] == "streets" else {**part, "root": root}
