"""Where a run stands: steps, passes over the data, share of its length, and when the next validation is due."""

from __future__ import annotations

import math
from dataclasses import dataclass

from fcn_core.training.settings.config import TrainConfig


@dataclass
class RunClock:
    """The clock of a run. epoch_pictures: pictures of one pass over the data; elapsed: seconds so far; ended: an
    early end, such as no better result in a while."""

    config: TrainConfig
    epoch_pictures: int
    step: int = 0
    elapsed: float = 0.0
    ended: bool = False

    @property
    def step_pictures(self) -> int:
        """Pictures that one step learns from."""
        return self.config.batch_size * self.config.accumulate

    @property
    def total_steps(self) -> int | None:
        """Steps of the whole run; None when its length is given in minutes."""
        if self.config.steps is not None:
            return self.config.steps
        if self.config.epochs is not None:
            return max(1, math.ceil(self.config.epochs * self.epoch_pictures / self.step_pictures))
        return None

    @property
    def epoch(self) -> float:
        """Passes over the data so far."""
        return self.step * self.step_pictures / self.epoch_pictures

    @property
    def fraction(self) -> float:
        """Share of the run that is done, 0-1."""
        if self.ended:
            return 1.0
        if self.total_steps is not None:
            return min(1.0, self.step / self.total_steps)
        assert self.config.minutes is not None  # the settings hold exactly one length
        return min(1.0, self.elapsed / (60 * self.config.minutes))

    @property
    def done(self) -> bool:
        return self.fraction >= 1

    @property
    def eta(self) -> float | None:
        """Seconds until the end as the run went so far; None before the first step."""
        return self.elapsed * (1 - self.fraction) / self.fraction if self.fraction > 0 else None

    @property
    def evaluation_is_due(self) -> bool:
        """Whether the last step completed a stretch of `evaluate_every` epochs."""
        return self._completed(self.config.evaluate_every)

    @property
    def epoch_is_over(self) -> bool:
        """Whether the last step completed an epoch."""
        return self._completed(1.0)

    def _completed(self, epochs: float) -> bool:
        before = (self.step - 1) * self.step_pictures / self.epoch_pictures
        return int(self.epoch / epochs) > int(before / epochs)

    @property
    def place(self) -> dict[str, float]:
        """Step, epoch and seconds, as every line of the metrics begins."""
        return {"step": self.step, "epoch": round(self.epoch, 4), "elapsed": round(self.elapsed, 2)}
