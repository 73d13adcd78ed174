"""How the settings of several runs differ; no Streamlit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from fcn_core.training.settings.config import TrainConfig

ABSENT = "–"
MOST_RUNS = 8


@dataclass(frozen=True)
class Difference:
    """One setting that is not the same in all runs: its dotted name, and its value in each as text."""

    name: str
    values: tuple[str, ...]

    @property
    def usual(self) -> str:
        """The value that most runs have, of equally many the first."""
        return max(self.values, key=self.values.count)


def differences(configs: Sequence[TrainConfig | None]) -> tuple[Difference, ...]:
    """The settings that are not the same in all runs, in the order of the form; None is a run that cannot be read.

    The runs' names are left out, since every run has its own.
    """
    flat = [flatten(config.model_dump(mode="json")) if config is not None else None for config in configs]
    names = dict.fromkeys(name for values in flat if values is not None for name in values)
    names.pop("name", None)
    found = []
    for name in names:
        values = tuple(ABSENT if settings is None else settings.get(name, ABSENT) for settings in flat)
        if len({value for value, settings in zip(values, flat, strict=True) if settings is not None}) > 1:
            found.append(Difference(name, values))
    return tuple(found)


def flatten(values: Mapping[str, Any], prefix: str = "") -> dict[str, str]:
    """Nested settings as dotted names and short texts: {"optim.lr": "0.002", "train.0.kind": "streets"}."""
    flat: dict[str, str] = {}
    for name, value in values.items():
        key = f"{prefix}{name}"
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{key}."))
        elif isinstance(value, list | tuple) and value and all(isinstance(item, Mapping) for item in value):
            for place, item in enumerate(value):
                flat.update(flatten(item, f"{key}.{place}."))
        else:
            flat[key] = text(value)
    return flat


def text(value: Any) -> str:
    """A setting's value as a person would write it."""
    if value is None or value == () or value == []:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list | tuple):
        return ", ".join(text(item) for item in value)
    return str(value)
