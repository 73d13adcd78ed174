"""The card of a set of weights: what it is, how it was made and how well it does, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fcn_core.machine.atomic import written_aside
from fcn_core.metrics import MEASURES
from fcn_core.models.architectures import ARCHITECTURES
from fcn_core.models.description import head_name
from fcn_core.weights.records import WeightRecord


def write_card(
    record: WeightRecord,
    folder: str | Path,
    *,
    scores: Mapping[str, Mapping[str, Any]] | None = None,
    training: Mapping[str, Any] | None = None,
    command: str = "",
    seed: int | None = None,
    time: str = "",
    machine: str = "",
) -> tuple[Path, Path]:
    """Write `<name>.json` and the readable `<name>.md` beside `<name>.safetensors`; returns both paths.

    `scores` maps a head ("8s") to `pa`, `mpa`, `miou`, `fwiou` (fractions) and `iou` (class ->
    fraction or None), as `Scores.as_dict` gives them; without it the record's own are written.
    `training` is the configuration or recipe, any JSON-ready mapping. `time` is a person's words
    ("31 minutes"), as is `machine`.
    """
    folder = Path(folder)
    if scores is not None:
        record = replace(record, scores={head: dict(figures) for head, figures in scores.items()})
    card = {
        **record.to_dict(),
        "training": dict(training or {}),
        "command": command,
        "seed": seed,
        "time": time,
        "machine": machine,
    }
    json_path, text_path = folder / f"{record.name}.json", folder / f"{record.name}.md"
    for path, text in (
        (json_path, json.dumps(card, indent=2, ensure_ascii=False, allow_nan=False) + "\n"),
        (text_path, render_card(card)),
    ):
        with written_aside(path) as temporary:
            temporary.write_text(text, encoding="utf-8")
    return json_path, text_path


def read_card(record: WeightRecord) -> dict[str, Any]:
    """The card as a dict: the one beside the weights with its training part, else the record alone."""
    card = record.path.with_suffix(".json") if record.path else None
    if card is not None and card.is_file():
        return {**json.loads(card.read_text(encoding="utf-8")), **record.to_dict()}
    return record.to_dict()


def render_card(card: WeightRecord | Mapping[str, Any]) -> str:
    """The card as Markdown, from a record or from a card's JSON."""
    data = read_card(card) if isinstance(card, WeightRecord) else card
    blocks = [f"# {data['title']}", data.get("knows", ""), _facts(data), _scores(data), _classes(data), _recipe(data)]
    if data.get("notes"):
        blocks.append(f"## Notes\n\n{data['notes']}")
    return "\n\n".join(block for block in blocks if block) + "\n"


def _facts(data: Mapping[str, Any]) -> str:
    spec = data.get("spec") or {}
    network = WeightRecord.from_dict(dict(data))
    kind = ARCHITECTURES[network.spec.architecture].title if network.spec else data.get("architecture", "")
    size = data.get("size_bytes")
    checksum = next((f"{kind} {data[kind]}" for kind in ("sha256", "md5") if data.get(kind)), "")
    rows = (
        ("name", f"`{data['name']}`"),
        ("source", data.get("source", "")),
        ("architecture", kind),
        ("trunk", spec.get("backbone", "")),
        ("width", f"{spec['width']:g}" if "width" in spec else ""),
        ("heads", ", ".join(map(head_name, network.heads))),
        ("alignment", network.alignment or ""),
        ("classes", _class_names(data)),
        ("preprocessing", _preprocessing(data)),
        ("size", f"{size / 1e6:.1f} MB" if size else ""),
        ("checksum", checksum),
        ("address", data.get("url") or ""),
        ("training data", data.get("training_data", "")),
        ("licence", data.get("licence", "")),
    )
    return _table(("", ""), [(key, value) for key, value in rows if value])


def _class_names(data: Mapping[str, Any]) -> str:
    labels = data.get("labels")
    return f"{labels['title']}: {', '.join(labels['classes'])}" if labels else ""


def _preprocessing(data: Mapping[str, Any]) -> str:
    about = data.get("preprocessing")
    if not about:
        return ""
    mean, std = (", ".join(f"{number:g}" for number in about[key]) for key in ("mean", "std"))
    return f"{about['channel_order']}, 0 to {about['scale']:g}, minus ({mean}), divided by ({std})"


def _scores(data: Mapping[str, Any]) -> str:
    scores = data.get("scores") or {}
    heads = {head: figures for head, figures in scores.items() if MEASURES.keys() & figures.keys()}
    if not heads:
        return ""
    where = f" on {data['scored_on']}" if data.get("scored_on") else ""
    rows = [(head, *(_percent(figures.get(key)) for key in MEASURES)) for head, figures in heads.items()]
    return f"## Scores{where}\n\n" + _table(("head", *(measure.short for measure in MEASURES.values())), rows)


def _classes(data: Mapping[str, Any]) -> str:
    heads = {head: figures["iou"] for head, figures in (data.get("scores") or {}).items() if figures.get("iou")}
    if not heads:
        return ""
    names = list(dict.fromkeys(name for figures in heads.values() for name in figures))
    rows = [(name, *(_percent(figures.get(name)) for figures in heads.values())) for name in names]
    return "## IoU of each class\n\n" + _table(("class", *heads), rows)


def _recipe(data: Mapping[str, Any]) -> str:
    facts = [(key, str(data[key])) for key in ("seed", "time", "machine") if data.get(key) not in (None, "")]
    blocks = []
    if data.get("command"):
        blocks.append(f"```\n{data['command']}\n```")
    if facts:
        blocks.append(_table(("", ""), facts))
    if data.get("training"):
        blocks.append(f"```json\n{json.dumps(data['training'], indent=2, ensure_ascii=False)}\n```")
    return "\n\n".join(["## How it was trained", *blocks]) if blocks else ""


def _percent(value: float | None) -> str:
    """A fraction as a percentage with one decimal; a class that never occurs has none."""
    return "–" if value is None else f"{100 * value:.1f}"


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)
