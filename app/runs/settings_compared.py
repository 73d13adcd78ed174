"""How the settings of several runs differ; no Streamlit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fcn_core.training.run_folder.flat import flat
from fcn_core.training.settings.config import TrainConfig

ABSENT = "–"
MOST_RUNS = 8


@dataclass(frozen=True)
class SettingDifference:
    """One setting that is not the same in all runs: its dotted name, and its value in each as text."""

    name: str
    values: tuple[str, ...]

    @property
    def usual(self) -> str:
        """The value that most runs have, of equally many the first."""
        return max(self.values, key=self.values.count)


def differences(configs: Sequence[TrainConfig | None]) -> tuple[SettingDifference, ...]:
    """The settings that are not the same in all runs, in the order of the form; None is a run that cannot be read.

    The runs' names are left out, since every run has its own.
    """
    settings = [flat(config.model_dump(mode="json")) if config is not None else None for config in configs]
    names = dict.fromkeys(name for values in settings if values is not None for name in values)
    names.pop("name", None)
    found = []
    for name in names:
        values = tuple(text(own[name]) if own is not None and name in own else ABSENT for own in settings)
        if len({value for value, own in zip(values, settings, strict=True) if own is not None}) > 1:
            found.append(SettingDifference(name, values))
    return tuple(found)


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
