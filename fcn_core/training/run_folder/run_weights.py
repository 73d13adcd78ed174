"""Weights that training runs left behind, as records that can be used like any others.

Their name is `run:` and the id of the run, as a run's `start` writes it. A run whose weights are damaged or
deleted is left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import OTHER_RUN
from fcn_core.weights import WeightRecord, read_checkpoint
from fcn_core.weights.loading import record_of_file


def weights_name(run_id: str) -> str:
    """The name of a run's weights."""
    return f"{OTHER_RUN}{run_id}"


def run_weights(root: Path) -> dict[str, WeightRecord]:
    """The records of all runs in a folder whose weights can be read, newest first."""
    found = []
    for run in root.iterdir() if root.is_dir() else ():
        path = None if run.name.startswith(".") else RunFolder(run).weights()
        if path is None:
            continue
        stamp = _stamp(path) + _stamp(path.with_suffix(".json"))
        record = _record(path, run.name, stamp)
        if record is not None:
            found.append((stamp[0], record))
    found.sort(key=lambda pair: pair[0], reverse=True)
    return {record.name: record for _, record in found}


def _stamp(path: Path) -> tuple[int, int]:
    """Changes with a file; zeros without one."""
    try:
        about = path.stat()
    except OSError:
        return 0, 0
    return about.st_mtime_ns, about.st_size


@lru_cache(maxsize=256)
def _record(path: Path, run_id: str, stamp: tuple[int, ...]) -> WeightRecord | None:
    """What a file says about itself; None if it cannot be read. `stamp` changes with the file and its card."""
    try:
        record, extra = record_of_file(path), read_checkpoint(path).extra
    except (OSError, ValueError):
        return None
    record = _measured(record, path.with_suffix(".json"), extra)
    miou = record.scores.get(f"{min(record.heads)}s", {}).get("miou") if record.heads else None
    measured = f", mIoU {100 * miou:.1f} %" if isinstance(miou, int | float) else ""
    return replace(
        record,
        name=weights_name(run_id),
        title=f"trained here{measured}",
        notes=f"The best weights of the run {run_id}, from step {extra.get('step', '?')}.",
    )


def _measured(record: WeightRecord, card: Path, extra: Mapping[str, Any]) -> WeightRecord:
    """With the scores on the test pictures from the card, as long as there is none those on validation."""
    try:
        about = WeightRecord.from_dict(json.loads(card.read_text(encoding="utf-8")))
        return replace(
            record, scores=about.scores, scored_on=about.scored_on, training_data=about.training_data, knows=about.knows
        )
    except (AttributeError, OSError, TypeError, ValueError):
        heads = _mapping(_mapping(extra.get("val")).get("heads"))
        scores = {str(head): dict(values) for head, values in heads.items() if isinstance(values, Mapping)}
        return replace(record, scores=scores, scored_on="the run's validation pictures" if scores else "")


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
