"""Measurements of what runs will cost, going on beside the pages: one at a time, shared by all visitors."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic

from app.train.cost import measure_cost
from fcn_core.training.preflight import Cost

MOST = 60


@dataclass
class Measurement:
    """One measurement of settings (YAML). cost and problem stay empty while it goes on."""

    settings: str
    began: float = field(default_factory=monotonic)
    cost: Cost | None = None
    problem: str = ""

    @property
    def running(self) -> bool:
        return self.cost is None and not self.problem

    @property
    def seconds(self) -> float:
        """How long it has been going on, or waiting for another one."""
        return monotonic() - self.began


class Measurements:
    """All of them by their settings; the oldest are forgotten."""

    def __init__(self, measure: Callable[[str], Cost] = measure_cost) -> None:
        self._measure = measure
        self._known: dict[str, Measurement] = {}
        self._guard, self._one_at_a_time = threading.Lock(), threading.Lock()

    def of(self, settings: str) -> Measurement | None:
        """The measurement of these settings, if there was one."""
        return self._known.get(settings)

    def start(self, settings: str) -> Measurement:
        """Begin to measure; one that goes on already is returned."""
        with self._guard:
            known = self._known.get(settings)
            if known is not None and known.running:
                return known
            begun = self._known[settings] = Measurement(settings)
            while len(self._known) > MOST:
                del self._known[next(iter(self._known))]
        threading.Thread(target=self._work, args=(begun,), name="measure cost", daemon=True).start()
        return begun

    def _work(self, begun: Measurement) -> None:
        with self._one_at_a_time:
            try:
                begun.cost = self._measure(begun.settings)
            except (ValueError, OSError) as problem:
                begun.problem = str(problem) or "The measurement failed."
