"""What is wrong with settings, as sentences: pydantic's errors, each by the path of its setting."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from fcn_core.training.settings.networks import NETWORKS


def refusals(error: ValidationError, model: type[BaseModel]) -> dict[str, str]:
    """Path such as `train.0.count` -> what is wrong there; an empty path stands for the settings as a whole.

    model: the settings that were checked; its names are told where an unknown one was given.
    """
    problems = {}
    for one in error.errors():
        words = tuple(str(word) for word in one["loc"])
        inner = _group(model, words[:-1] if one["type"] == "extra_forbidden" else words)
        if words[:1] == ("model",) and words[1:2] and words[1] in NETWORKS:  # pydantic names the kind of network too
            inner, words = NETWORKS[words[1]], ("model", *words[2:])
        if one["type"] == "extra_forbidden":
            problems[".".join(words)] = _unknown(words[-1], inner)
        else:
            problems[".".join(words)] = _sentence(one, inner)
    for path in [path for path in problems if any(other.startswith(f"{path}.") for other in problems)]:
        del problems[path]  # "no data set" only follows from the data sets that are wrong
    return problems


def _sentence(error: Mapping[str, Any], group: type[BaseModel] | None) -> str:
    """The error in plain words. A sentence that begins with a setting of the group leaves its name as it is."""
    if error["type"] == "missing":
        return "A value is missing here."
    if error["type"] == "union_tag_invalid":
        return f"There is no architecture {error['ctx']['tag']!r}; there are {', '.join(NETWORKS)}."
    text = error["msg"].removeprefix("Value error, ")
    if text.startswith("Input should be"):
        text = f"{text.replace('Input should be', 'It should be')}, got {error['input']!r}"
    first = text.partition(" ")[0].partition(".")[0]
    text = text if group is not None and first in group.model_fields else text[:1].upper() + text[1:]
    return text.rstrip(".") + "."


def _unknown(name: str, group: type[BaseModel] | None) -> str:
    """There is no such setting; which one may be meant, or which there are."""
    names = [] if group is None else list(group.model_fields)
    near = get_close_matches(name, names, n=1)
    if near:
        return f"There is no setting {name!r} here; {near[0]!r} may be meant."
    return f"There is no setting {name!r} here" + (f"; there are {', '.join(names)}." if names else ".")


def _group(model: type[BaseModel], path: tuple[str, ...]) -> type[BaseModel] | None:
    """The settings at a path, of which places in lists are left out."""
    here: type[BaseModel] | None = model
    for word in path:
        if here is None or word.isdigit():
            continue
        field = here.model_fields.get(word)
        here = None if field is None else _model_in(field.annotation)
    return here


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The settings that a field holds: by themselves, in a tuple, or where there are any."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    if get_origin(annotation) in (Union, UnionType, tuple):
        return next((found for part in get_args(annotation) if (found := _model_in(part))), None)
    return None
