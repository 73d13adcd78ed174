"""Weights that training runs left behind, as records that the pages can use like any others.

Their name is `run:` and the id of the run, so that an address finds them again. A run whose weights are damaged or
deleted is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from fcn_core.training.runs import RunFolder
from fcn_core.weights import WeightRecord, read_checkpoint
from fcn_core.weights.loading import record_of_file

PREFIX = "run:"


def weights_name(run_id: str) -> str:
    """The name under which a run's weights lie on the bench."""
    return f"{PREFIX}{run_id}"


def weights_file(run: Path) -> Path | None:
    """The best weights of a run, else those of its end; None if it has none."""
    folder = RunFolder(run)
    return next((path for path in (folder.best, folder.final) if path.is_file()), None)


def run_weights(root: Path) -> dict[str, WeightRecord]:
    """The records of all runs in a folder whose weights can be read, newest first."""
    found = []
    for run in root.iterdir() if root.is_dir() else ():
        path = None if run.name.startswith(".") else weights_file(run)
        if path is None:
            continue
        try:
            about = path.stat()
        except OSError:  # deleted a moment ago
            continue
        record = _record(path, run.name, (about.st_mtime_ns, about.st_size))
        if record is not None:
            found.append((about.st_mtime_ns, record))
    found.sort(key=lambda pair: pair[0], reverse=True)
    return {record.name: record for _, record in found}


@lru_cache(maxsize=256)
def _record(path: Path, run_id: str, stamp: tuple[int, int]) -> WeightRecord | None:
    """What a file says about itself; None if it cannot be read. `stamp` changes with the file."""
    try:
        record, extra = record_of_file(path), read_checkpoint(path).extra
    except (OSError, ValueError):
        return None
    config, heads = _mapping(extra.get("config")), _mapping(_mapping(extra.get("val")).get("heads"))
    scores = {str(head): dict(values) for head, values in heads.items() if isinstance(values, Mapping)}
    finest = min(scores, key=lambda head: int(head.removesuffix("s") or 0), default=None)
    miou = scores[finest].get("miou") if finest else None
    measured = f", mIoU {100 * miou:.1f} %" if isinstance(miou, int | float) else ""
    return replace(
        record,
        name=weights_name(run_id),
        title=f"trained here{measured}",
        scores=record.scores or scores,
        scored_on=record.scored_on or ("the run's validation pictures" if scores else ""),
        training_data=record.training_data or _data(config),
        notes=f"The best weights of the run {run_id}, from step {extra.get('step', '?')}.",
    )


def _data(config: Mapping[str, Any]) -> str:
    parts = config.get("train")
    kinds = [str(part.get("kind")) for part in parts if isinstance(part, Mapping)] if isinstance(parts, list) else []
    return ", ".join(dict.fromkeys(kinds))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
