"""All metrics of a run as one CSV table, every record in full: a row a record, a column a figure."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from fcn_core.training.run_folder.flat import flat
from fcn_core.training.run_folder.runs import RunFolder

FIRST = ("kind", "step", "epoch", "elapsed")


def metrics_csv(run: Path) -> str:
    """The metrics of a run folder; nested figures get dotted names such as `heads.8s.iou.road`."""
    rows = [flat(record) for record in RunFolder(run).metrics()]
    names = dict.fromkeys((*FIRST, *(name for row in rows for name in row)))
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, list(names), restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue()
