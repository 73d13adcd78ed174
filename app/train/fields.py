"""What a form needs to know of each setting, read off the pydantic models; and numbers as a person types them.

No Streamlit here: `app.train.form` draws what this says.
"""

from __future__ import annotations

import math
import types
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.train.titles import OPTIONS, TITLES
from fcn_core.training.settings.groups import Settings
from fcn_core.training.settings.networks import NETWORKS, NetworkSettings, architecture_in

Kind = Literal[
    "switch", "choice", "whole", "number", "numbers", "text", "words", "choices", "factors", "group", "parts"
]


@dataclass(frozen=True)
class SettingField:
    """One setting of the form.

    path: where it stands, `optim.lr` or `train.0.count`. kind: switch (bool), choice (one of options), whole (int),
    number (float), numbers (a tuple of them), text, words (names), choices (some of options), factors (head -> number),
    group (a nested model), parts (several of one model). optional: may be empty. whole: its numbers are whole ones.
    """

    path: str
    kind: Kind
    title: str
    description: str
    optional: bool = False
    options: tuple[Any, ...] = ()
    whole: bool = False
    model: type[Settings] | None = None

    @property
    def name(self) -> str:
        """Last word of the path."""
        return self.path.rpartition(".")[2]


def fields_of(model: type[BaseModel], prefix: str = "") -> dict[str, SettingField]:
    """The settings of a model in their order, path -> field; nested models as one group each."""
    found = {}
    for name, info in model.model_fields.items():
        path = f"{prefix}.{name}" if prefix else name
        found[path] = _field(path, name, info)
    return found


def settings_in(field: SettingField, value: Any) -> type[Settings]:
    """The model of a group's settings: of a network that of its architecture. value: the group's plain values."""
    assert field.model is not None
    if issubclass(field.model, NetworkSettings):
        return NETWORKS.get(architecture_in(value), field.model)
    return field.model


def _field(path: str, name: str, info: FieldInfo) -> SettingField:
    inner, optional = _without_none(info.annotation)
    kind, options, whole, model = _kind(inner, name)
    title = TITLES.get(_general(path)) or TITLES.get(name) or name.replace("_", " ").capitalize()
    return SettingField(path, kind, title, info.description or "", optional, options, whole, model)


def _kind(kind: Any, name: str) -> tuple[Kind, tuple[Any, ...], bool, type[Settings] | None]:
    """(kind, options, whole numbers, nested model) of a type without None."""
    kind = _bare(kind)
    if name == "architecture":
        return "choice", tuple(NETWORKS), False, None
    origin, inner = get_origin(kind), tuple(_bare(part) for part in get_args(kind))
    if origin is Literal:
        return "choice", inner, False, None
    if origin is tuple:
        return _tuple_kind(inner, name)
    if origin in (dict, Mapping):
        return "factors", (), False, None
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "group", (), False, kind  # type: ignore[return-value]
    plain: dict[Any, Kind] = {bool: "switch", int: "whole", float: "number", str: "text", Path: "text"}
    if kind not in plain:
        raise TypeError(f"the setting {name!r} has the type {kind}, which the form cannot show")
    return plain[kind], (), kind is int, None


def _tuple_kind(inner: tuple[Any, ...], name: str) -> tuple[Kind, tuple[Any, ...], bool, type[Settings] | None]:
    first = inner[0]
    if isinstance(first, type) and issubclass(first, BaseModel):
        return "parts", (), False, first  # type: ignore[return-value]
    if get_origin(first) is Literal:
        return "choices", get_args(first), False, None
    if name in OPTIONS:
        return "choices", OPTIONS[name], first is int, None
    return ("words", (), False, None) if first is str else ("numbers", (), first is int, None)


def _without_none(kind: Any) -> tuple[Any, bool]:
    if get_origin(kind) in (Union, types.UnionType):
        inner = [part for part in get_args(kind) if part is not type(None)]
        return inner[0], len(inner) < len(get_args(kind))
    return kind, False


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _general(path: str) -> str:
    return ".".join(word for word in path.split(".") if not word.isdigit())


def number_text(value: float | None) -> str:
    """A number in the shortest spelling that keeps its value: 1e-10, 0.002, 24; empty for None."""
    if value is None:
        return ""
    if isinstance(value, int):
        return str(value)
    text = repr(float(value))
    mantissa, e, exponent = text.partition("e")
    mantissa = mantissa.removesuffix(".0")
    return f"{mantissa}e{int(exponent)}" if e else mantissa


def read_number(text: str, *, whole: bool = False) -> float | int:
    """A typed number; ValueError says what was expected. whole: only whole numbers."""
    cleaned = text.strip().replace("−", "-").replace("\u00a0", "")
    try:
        if whole:
            return int(cleaned)
        value = float(cleaned)
        if math.isfinite(value):
            return value
    except ValueError:
        pass
    example = "a whole number such as 8" if whole else "a number such as 0.002 or 2e-3"
    raise ValueError(f"Expected {example}, got {text.strip()!r}.")


def numbers_text(values: Any, *, whole: bool = False) -> str:
    """Several numbers in one line: `256 × 320` for sizes, else `0.6, 1.7`."""
    return (" × " if whole else ", ").join(number_text(value) for value in values or ())


def read_numbers(text: str, *, whole: bool = False) -> list[float | int]:
    """Typed numbers, split at commas, semicolons, spaces and ×; ValueError says what was expected."""
    for mark in ",;×xX":
        text = text.replace(mark, " ")
    return [read_number(word, whole=whole) for word in text.split()]
