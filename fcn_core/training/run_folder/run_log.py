"""What a run has written so far, in columns: read on from where the last look ended, so that a refresh stays cheap.

Charts, tables and tests read the same columns.
"""

from __future__ import annotations

import threading
from array import array
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from fcn_core.keys import fresh_key
from fcn_core.training.run_folder.runs import RunFolder

STEP_VALUES = ("epoch", "elapsed", "loss", "loss_mean", "loss_sum", "grad_norm", "images_per_s", "wait_share")
NOTHING = float("nan")


@dataclass(frozen=True)
class StepCurves:
    """One value a step, all arrays of one length N; nan where a run did not write it.

    step: int64; epoch; minutes: of training; loss: what was made small; loss_mean, loss_sum: per pixel and summed;
    rates: learning rate by group; grad_norm; images_per_s; wait_share: 0-1, time spent waiting for data.
    """

    step: np.ndarray
    epoch: np.ndarray
    minutes: np.ndarray
    loss: np.ndarray
    loss_mean: np.ndarray
    loss_sum: np.ndarray
    grad_norm: np.ndarray
    images_per_s: np.ndarray
    wait_share: np.ndarray
    rates: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.step)

    def along(self, axis: str) -> np.ndarray:
        """The x values of an axis: step, epoch or minutes."""
        return {"step": self.step, "epoch": self.epoch, "minutes": self.minutes}[axis]

    def per_pixel(self) -> np.ndarray:
        """The loss per pixel; of runs that did not write it, the loss that was made small."""
        return np.where(np.isnan(self.loss_mean), self.loss, self.loss_mean)


@dataclass(frozen=True)
class Measurement:
    """One validation, or the test at the end.

    heads: head ("32s") -> pa, mpa, miou, fwiou (0-1 or None) and iou by class. load: cpu_percent, memory_mb,
    gpu_percent, gpu_memory_mb, as far as they were written.
    """

    step: int
    epoch: float
    minutes: float
    heads: Mapping[str, Mapping[str, Any]]
    load: Mapping[str, float] = field(default_factory=dict)
    tasks: Mapping[str, Any] = field(default_factory=dict)

    def along(self, axis: str) -> float:
        """The x value on an axis: step, epoch or minutes."""
        return float({"step": self.step, "epoch": self.epoch, "minutes": self.minutes}[axis])

    def score(self, head: str, measure: str = "miou") -> float:
        """One figure of one head; nan if it was not measured."""
        value = self.heads.get(head, {}).get(measure)
        return float(value) if isinstance(value, int | float) else NOTHING

    @property
    def finest(self) -> str | None:
        """The head with the smallest stride."""
        return min(self.heads, key=stride, default=None)


@dataclass(frozen=True)
class Records:
    """Everything that a run has written so far; damaged lines are left out. key: names this very state."""

    steps: StepCurves
    validations: tuple[Measurement, ...]
    test: Measurement | None
    key: str = field(default_factory=fresh_key)

    @property
    def heads(self) -> tuple[str, ...]:
        """Heads that were validated, coarse to fine."""
        names = {head for validation in self.validations for head in validation.heads}
        return tuple(sorted(names, key=stride, reverse=True))


def stride(head: str) -> int:
    """32 for "32s"; names of another form come last."""
    digits = head.removesuffix("s")
    return int(digits) if digits.isdigit() else 0


class RunLog:
    """The metrics of one run folder, shared by all who look at it; `read` parses only what is new."""

    def __init__(self, path: str | Path) -> None:
        self._metrics = RunFolder(path).records
        self._lock = threading.Lock()
        self._begin("")

    def _begin(self, edition: str) -> None:
        self._edition, self._offset = edition, 0
        self._steps = array("q")
        self._values = {name: array("d") for name in STEP_VALUES}
        self._rates: dict[str, array[float]] = {}
        self._validations: list[Measurement] = []
        self._test: Measurement | None = None
        self._records = self._pack()

    def read(self) -> Records:
        """All records so far. A file that was cut back, as a resumed run does, is read anew."""
        with self._lock:
            edition = self._metrics.edition()
            if edition != self._edition:
                self._begin(edition)
            portion = self._metrics.since(self._offset)
            if portion.offset > self._offset:
                self._offset = portion.offset
                for record in portion.records:
                    self._take(record)
                self._records = self._pack()
            return self._records

    def _take(self, record: Mapping[str, Any]) -> None:
        kind = record.get("kind")
        if kind == "step":
            self._take_step(record)
        elif kind == "eval":
            self._validations.append(measurement(record))
        elif kind == "test":
            self._test = measurement(record)

    def _take_step(self, record: Mapping[str, Any]) -> None:
        count = len(self._steps)
        self._steps.append(int(number(record.get("step"), count)))
        for name, column in self._values.items():
            column.append(number(record.get(name)))
        rates = record.get("lr")
        groups = rates if isinstance(rates, Mapping) else {"": rates}
        for group, rate in groups.items():
            column = self._rates.setdefault(str(group), array("d"))
            column.extend([NOTHING] * (count - len(column)))
            column.append(number(rate))
        for column in self._rates.values():
            column.extend([NOTHING] * (count + 1 - len(column)))

    def _pack(self) -> Records:
        values = {name: np.array(column) for name, column in self._values.items()}
        minutes = values.pop("elapsed") / 60
        rates = {group: np.array(column) for group, column in self._rates.items()}
        steps = StepCurves(step=np.array(self._steps, dtype=np.int64), minutes=minutes, rates=rates, **values)
        return Records(steps, tuple(self._validations), self._test)


def measurement(record: Mapping[str, Any]) -> Measurement:
    """A record of kind eval or test, without what is not of the expected form."""
    heads, load, tasks = (
        value if isinstance(value := record.get(name), Mapping) else {} for name in ("heads", "load", "tasks")
    )
    return Measurement(
        step=int(number(record.get("step"), 0)),
        epoch=number(record.get("epoch")),
        minutes=number(record.get("elapsed")) / 60,
        heads={str(head): scores for head, scores in heads.items() if isinstance(scores, Mapping)},
        load={str(name): float(value) for name, value in load.items() if isinstance(value, int | float)},
        tasks=tasks,
    )


def number(value: Any, missing: float = NOTHING) -> float:
    """A JSON value as a float; `missing` for null and anything that is no number."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else missing
