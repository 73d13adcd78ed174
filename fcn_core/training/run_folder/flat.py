"""Nested values as one level of dotted names: {"optim": {"lr": 0.002}} -> {"optim.lr": 0.002}."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """One level of the values; the groups of a list are numbered: `train.0.kind`."""
    level: dict[str, Any] = {}
    for name, value in values.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            level |= flat(value, f"{key}.")
        elif isinstance(value, list | tuple) and value and all(isinstance(item, Mapping) for item in value):
            for place, item in enumerate(value):
                level |= flat(item, f"{key}.{place}.")
        else:
            level[key] = value
    return level
