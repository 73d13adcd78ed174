"""All metrics of a run as one CSV table, every record in full: a row a record, a column a figure."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fcn_core.training.run_folder.metrics_file import MetricsFile

FIRST = ("kind", "step", "epoch", "elapsed")


def metrics_csv(run: Path) -> str:
    """The metrics of a run folder; nested figures get dotted names such as `heads.8s.iou.road`."""
    rows = [_flat(record) for record in MetricsFile(run / "metrics.jsonl").since().records]
    names = dict.fromkeys((*FIRST, *(name for row in rows for name in row)))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(names), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()


def _flat(record: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in record.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{prefix}{name}."))
        else:
            flat[f"{prefix}{name}"] = "" if value is None else value
    return flat
