"""What a training run tells: where it stands, how it ended, why it cannot go on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fcn_core.evaluating.evaluate import Evaluation


class RunFailed(ValueError):
    """A run that cannot go on; the message says why and what to try."""


@dataclass(frozen=True)
class RunUpdate:
    """Where a run stands. fraction: 0-1 of its length; elapsed and eta: seconds; loss: of the last step;
    best_miou: best mean IoU of the finest head so far; message: one line when there is news, such as a validation.
    """

    step: int
    epoch: float
    fraction: float
    elapsed: float
    eta: float | None
    loss: float | None
    lr: float
    best_miou: float | None
    message: str = ""


@dataclass(frozen=True)
class TrainResult:
    """How a run ended. state: finished or stopped. weights: the best by validation, else the last; None when the run
    was stopped before there were any. evaluation: the last validation. test: of the best weights on the test data.
    """

    run_dir: Path
    state: str
    steps: int
    seconds: float
    weights: Path | None
    best_miou: float | None
    evaluation: Evaluation | None
    test: Evaluation | None = None


RunListener = Callable[[RunUpdate], None]
