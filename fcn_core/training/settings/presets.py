"""From a preset's name to checked settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fcn_core.training.settings.config import TrainConfig
from fcn_core.training.settings.recipes import PRESETS, Preset

__all__ = ["PRESETS", "Preset", "preset_config"]


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
        for name in ("val", "test"):
            if name in settings:
                settings[name] = _at(settings[name], root)
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
