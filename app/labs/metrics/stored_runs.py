"""The project's own small runs with and without class weights: `assets/imbalance/runs.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from fcn_core.machine.home import assets_folder
from fcn_core.metrics import ConfusionMatrix, Scores

STORED = assets_folder() / "imbalance" / "runs.json"
ORDER = ("none", "median_frequency", "enet")


@dataclass(frozen=True)
class StoredRun:
    """One run. shares: of the classes' pixels in the training data, K. shown_in: all pixels of the pictures that show
    each class, in the same unit, K. weights: K or None. course: (step, mIoU)."""

    data: str
    measured_on: str
    kind: str
    seed: int
    classes: tuple[str, ...]
    shares: np.ndarray
    shown_in: np.ndarray
    weights: np.ndarray | None
    matrix: ConfusionMatrix
    course: tuple[tuple[int, float], ...]
    facts: dict[str, Any]

    @property
    def scores(self) -> Scores:
        return self.matrix.scores()

    @property
    def precision(self) -> np.ndarray:
        """Of the pixels called a class, the share that is that class: K, nan where none was called it."""
        counts = self.matrix.counts.astype(np.float64)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.diag(counts) / counts.sum(0)


@lru_cache(maxsize=1)
def stored_runs() -> tuple[StoredRun, ...]:
    """All of them; empty where the file is missing."""
    try:
        record = json.loads(STORED.read_text(encoding="utf-8"))
    except OSError:
        return ()
    return tuple(_run(values) for values in record["runs"])


def runs_on(data: str, seed: int = 0) -> dict[str, StoredRun]:
    """Kind of weights -> run, of one data set and seed; without weights first."""
    found = {run.kind: run for run in stored_runs() if run.data == data and run.seed == seed}
    return {kind: found[kind] for kind in ORDER if kind in found}


def _run(values: dict[str, Any]) -> StoredRun:
    matrix = ConfusionMatrix(len(values["classes"]))
    matrix.counts += np.array(values["confusion"], dtype=np.int64)
    weights = values["class_weights"]
    return StoredRun(
        data=values["data"],
        measured_on=values["measured_on"],
        kind=values["weights"],
        seed=values["seed"],
        classes=tuple(values["classes"]),
        shares=np.array(values["share"]),
        shown_in=np.array(values["shown_in"]),
        weights=None if weights is None else np.array(weights),
        matrix=matrix,
        course=tuple((int(step), float(miou)) for step, miou in values["course"]),
        facts={key: values[key] for key in ("steps", "batch_size", "crop", "lr", "start", "pictures")},
    )
