"""The doctor's stored cases, each made by committing the fault: `assets/imbalance/cases.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from fcn_core.analysis.diagnosing.symptoms import Symptoms, from_run
from fcn_core.machine.home import assets_folder

STORED = assets_folder() / "imbalance" / "cases.json"
TITLES = {
    "healthy": "A short healthy run",
    "background": "Small things on much background",
    "summed": "Loss summed, lr 0.001",
    "tiny-rate": "Loss a mean, lr 1e-10",
    "void-class": "Void counted as a class",
    "palette": "Palette file opened as grey",
    "bgr": "Fed BGR",
    "per-batch": "mIoU a picture, averaged",
}
MADE = {
    "healthy": "Forty steps on drawn streets from the trunk of the streets weights: nothing was done wrong.",
    "background": "Poles, signs and people on drawn streets, all else background; thirty steps from nothing.",
    "summed": "loss.reduction: sum with the learning rate of a mean loss, SGD with momentum 0.99.",
    "tiny-rate": "The reference code's learning rate on the mean loss.",
    "void-class": "The streets weights measured with object borders as a twelfth class; and torch's cross-entropy "
    "without ignore_index.",
    "palette": "A label map with all PASCAL classes saved with a palette and read with convert(“L”).",
    "bgr": "The streets weights fed with red and blue exchanged, and then as they should be.",
    "per-batch": "mIoU of twelve scenes computed one by one and averaged, beside scores of one matrix.",
}


@dataclass(frozen=True)
class StoredCase:
    """records: lines of metrics.jsonl; config: the settings that matter; log: the end of the log."""

    records: tuple[dict[str, Any], ...]
    config: dict[str, Any]
    log: str

    @property
    def symptoms(self) -> Symptoms:
        return from_run(self.records, self.config, self.log)

    @property
    def text(self) -> str:
        """What a person would paste: settings, the lines of metrics.jsonl, the log."""
        records = [self.config, *self.records] if self.config else self.records
        lines = [json.dumps(record, ensure_ascii=False) for record in records]
        return "\n".join([*lines, *([self.log] if self.log else [])])


@lru_cache(maxsize=1)
def stored_cases() -> dict[str, StoredCase]:
    """Name -> case, those that are there; empty where the file is missing."""
    try:
        cases = json.loads(STORED.read_text(encoding="utf-8"))["cases"]
    except OSError:
        return {}
    return {
        name: StoredCase(tuple(cases[name]["records"]), cases[name].get("config", {}), cases[name].get("log", ""))
        for name in TITLES
        if name in cases
    }
