"""The settings of a training run while they are being made: values that need not fit yet, and what is wrong with them.

A draft never changes; every edit gives a new one. It knows the values that it began with, so that each changed setting
has a way back. No Streamlit here; `app.train.draft_in_hand` keeps a visitor's draft.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from app.train.fields import fields_of, settings_in
from app.train.titles import LENGTHS
from fcn_core.training.settings.config import TrainConfig, usual_head_weights, with_architecture
from fcn_core.training.settings.presets import PRESETS
from fcn_core.training.settings.refusals import refusals


@dataclass(frozen=True)
class Draft:
    """Settings in the making.

    preset: name of the recipe that it began with, empty for a clone or a file. origin: where it came from, in words.
    base: the plain values that it began with. values: the present ones. typed: path -> text in a field that is no
    value, and why not.
    """

    preset: str
    origin: str
    base: Mapping[str, Any]
    values: Mapping[str, Any]
    typed: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of_preset(cls, name: str) -> Draft:
        """The recipe as it is; data sets whose folder is not known yet have an empty root."""
        values = complete(TrainConfig, PRESETS[name].settings)
        return cls(name, PRESETS[name].title, values, values)

    @classmethod
    def of_yaml(cls, text: str, origin: str) -> Draft:
        """Settings from YAML; ValueError names each one that is wrong and why."""
        values = plain(TrainConfig.from_yaml(text).model_dump())
        return cls("", origin, values, values)

    def value(self, path: str) -> Any:
        """The present value of a setting."""
        return at(self.values, path)

    def change(self, path: str, value: Any) -> Draft:
        """With another value; heads that go take the weights of their losses with them."""
        if path == "model.architecture":
            return self._rebuilt(str(value))
        values = with_value(self.values, path, plain(value))
        if is_under(path, "model"):  # a trunk may bring other heads, too
            weights, usual = at(values, "loss.head_weights"), at(self.base, "loss.head_weights")
            heads = value if path == "model.heads" else tuple(usual_head_weights(values["model"])) or weights
            kept = {head: weights.get(head, usual.get(head, 1.0)) for head in heads}
            values = with_value(values, "loss.head_weights", kept)
        if path in LENGTHS and value is not None:  # a run has one length
            values = {**values, **{other: None for other in LENGTHS if other != path}}
        return replace(self, values=values, typed=self._typed_without(path))

    def _rebuilt(self, architecture: str) -> Draft:
        """With a network of another architecture; what both have is kept."""
        values = complete(TrainConfig, with_architecture(self.values, architecture))
        values = with_value(values, "loss.head_weights", usual_head_weights(values["model"]))
        typed = {path: typed for path, typed in self.typed.items() if has(values, path)}
        return replace(self, values=values, typed=typed)

    @property
    def heads(self) -> tuple[int, ...]:
        """The heads that the network has, coarsest first."""
        return tuple(usual_head_weights(self.values["model"])) or tuple(self.value("loss.head_weights"))

    def mistype(self, path: str, text: str, why: str) -> Draft:
        """With a text in a field that cannot be read as its value; the value stays what it was."""
        return replace(self, typed={**self.typed, path: (text, why)})

    def _typed_without(self, path: str) -> dict[str, tuple[str, str]]:
        return {p: t for p, t in self.typed.items() if not is_under(p, path)}

    def reset(self, path: str) -> Draft:
        """With the value that the setting began with."""
        return self.change(path, at(self.base, path))

    def is_changed(self, path: str) -> bool:
        """Whether a setting differs from what it began with."""
        mistyped = any(is_under(p, path) for p in self.typed)
        return mistyped or (has(self.base, path) and at(self.base, path) != self.value(path))

    def use_data(self, train: list[dict[str, Any]], val: dict[str, Any] | None, test: dict[str, Any] | None) -> Draft:
        """With other data sets."""
        values = complete(TrainConfig, {**self.values, "train": train, "val": val, "test": test})
        typed = {p: t for p, t in self.typed.items() if p.partition(".")[0] not in ("train", "val", "test")}
        return replace(self, values=values, typed=typed)

    @property
    def length(self) -> str:
        """What the run's length is counted in."""
        return next((name for name in LENGTHS if self.values[name] is not None), LENGTHS[0])

    @cached_property
    def _checked(self) -> tuple[TrainConfig | None, dict[str, str]]:
        try:
            config, problems = TrainConfig.model_validate(dict(self.values)), {}
        except ValidationError as error:
            config, problems = None, refusals(error, TrainConfig)
        problems |= {path: why for path, (_, why) in self.typed.items()}
        return (config if not self.typed else None), problems

    @property
    def config(self) -> TrainConfig | None:
        """The checked settings; None while something is wrong."""
        return self._checked[0]

    @property
    def problems(self) -> Mapping[str, str]:
        """Path -> what is wrong there, in a sentence; an empty path stands for the settings as a whole."""
        return self._checked[1]

    def to_yaml(self) -> str:
        """The present values as YAML, whether they fit or not."""
        if self.config is not None:
            return self.config.to_yaml()
        return yaml.safe_dump(dict(self.values), sort_keys=False, allow_unicode=True)


def complete(model: type[BaseModel], given: Mapping[str, Any]) -> dict[str, Any]:
    """All values of a model as plain ones, defaults where nothing was given; nothing is checked."""
    values: dict[str, Any] = {}
    for name, setting in fields_of(model).items():
        default = model.model_fields[name].get_default(call_default_factory=True)
        value = given.get(name, default)
        if setting.kind == "group" and setting.model is not None and value is not None:
            value = value if isinstance(value, Mapping) else value.model_dump()
            value = complete(settings_in(setting, value), value)
        elif setting.kind == "parts" and setting.model is not None:
            value = [complete(setting.model, p if isinstance(p, Mapping) else p.model_dump()) for p in value]
        values[name] = plain(value)
    return values


def plain(value: Any) -> Any:
    """Lists for tuples, text for paths, whole numbers for the heads of a mapping: what YAML holds."""
    if isinstance(value, Mapping):
        return {int(k) if str(k).isdigit() else str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return str(value) if isinstance(value, Path) else value


def at(values: Any, path: str) -> Any:
    """The value at a path such as `train.0.count`."""
    for word in path.split("."):
        values = values[int(word)] if isinstance(values, list) else values[word]
    return values


def has(values: Any, path: str) -> bool:
    """Whether there is something at a path."""
    try:
        at(values, path)
    except (KeyError, IndexError, TypeError):
        return False
    return True


def with_value(values: Any, path: str, value: Any) -> Any:
    """A copy with another value at a path."""
    word, dot, rest = path.partition(".")
    if isinstance(values, list):
        place = int(word)
        changed = with_value(values[place], rest, value) if dot else value
        return [*values[:place], changed, *values[place + 1 :]]
    return {**values, word: with_value(values[word], rest, value) if dot else value}


def is_under(path: str, group: str) -> bool:
    """Whether a path is `group` or something in it."""
    return path == group or path.startswith(f"{group}.")
