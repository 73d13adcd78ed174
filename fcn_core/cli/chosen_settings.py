"""From a preset or a YAML file and `--set KEY=VALUE` to checked settings of a training run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from fcn_core.cli.console import wrong
from fcn_core.training.settings.config import TrainConfig
from fcn_core.training.settings.presets import PRESETS

LENGTHS = ("epochs", "steps", "minutes")
SetOption = Annotated[
    list[str] | None,
    typer.Option("--set", "-s", metavar="KEY=VALUE", help="Change a setting: optim.lr=1e-3, train.0.root=DIR."),
]


def chosen_settings(source: str | None, changes: list[str], root: Path | None) -> TrainConfig:
    """The checked settings of a preset or file, with the changes of the command line."""
    values, needs_root = _base(source)
    if root is not None and not root.is_dir():
        raise wrong("--root", f"{root} is not a folder")
    for change in changes:
        _change(values, change)
    parts = [part for part in _data_sets(values) if part.get("kind", "streets") != "streets"]
    if root is not None and not parts:
        raise wrong("--root", f"{source} trains on drawn streets, which need no folder; leave --root out")
    for part in parts:
        part["root"] = part.get("root") if root is None else str(root)
    if needs_root and any(not part.get("root") for part in parts):
        raise wrong("--root", f"{source} trains on {parts[0]['kind']} data; give --root, the folder where they lie")
    return TrainConfig.from_dict(values)


def _data_sets(values: dict[str, Any]) -> list[dict[str, Any]]:
    train = values.get("train")
    named = (values.get("val"), values.get("test"))
    return [part for part in (*(train if isinstance(train, list) else ()), *named) if isinstance(part, dict)]


def _base(source: str | None) -> tuple[dict[str, Any], bool]:
    """Settings as plain values that may be changed, and whether they lack the folder of the data."""
    if source is None:
        raise wrong("PRESET", f"give a YAML file or one of the presets {', '.join(PRESETS)}")
    if source in PRESETS:
        return json.loads(json.dumps(dict(PRESETS[source].settings))), PRESETS[source].needs_root
    path = Path(source).expanduser()
    if not path.is_file():
        raise wrong("PRESET", f"{source!r} is neither a file nor one of the presets {', '.join(PRESETS)}")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise ValueError(f"{path} is not readable as YAML: {problem}") from None
    if not isinstance(values, dict):
        raise ValueError(f"{path} must hold names and values (a YAML mapping), not {type(values).__name__}")
    return values, False


def _change(values: dict[str, Any], change: str) -> None:
    """`optim.lr=1e-3` set in nested values; `train.0.root` reaches into a list."""
    from fcn_core.training.settings.config import with_architecture

    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        raise wrong("--set", f"expected KEY=VALUE, got {change!r}")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise wrong("--set", f"the value of {change!r} is not readable as YAML") from None
    *groups, last = key.strip().split(".")
    here: Any = values
    for group in groups:
        if isinstance(here, list):
            here = here[_place(here, group, change)]
        else:
            here = here.setdefault(group, {})
            if here is None:
                raise wrong("--set", f"{key}: {group} is empty in these settings; set it as a whole")
        if not isinstance(here, dict | list):
            raise wrong("--set", f"{key}: {group} is a value, not a group of settings")
    if isinstance(here, list):
        here[_place(here, last, change)] = value
        return
    if here is values and last in LENGTHS and value is not None:
        for other in LENGTHS:  # a run has one length
            values.pop(other, None)
    if key.strip() == "model.architecture":
        values.update(with_architecture(values, str(value)))
        return
    here[last] = value


def _place(items: list[Any], word: str, change: str) -> int:
    if not word.isdigit() or int(word) >= len(items):
        raise wrong("--set", f"{change!r}: {word!r} is not a place in a list of {len(items)} (counted from 0)")
    return int(word)
