"""One run as a reader sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fcn_core.training.run_folder.status import LIVING
from fcn_core.training.settings.config import TrainConfig

RESUMABLE = ("stopped", "failed", "crashed")


@dataclass(frozen=True)
class RunInfo:
    """One run as a reader sees it.

    state: launching, queued, preparing, running, stopped, finished, failed or crashed; problem: damaged files, in a
    sentence, empty when there are none; fraction: 0-1; eta, elapsed: seconds; best_miou: 0-1; waiting_for: id of the
    run that it waits for; launched, updated: seconds since 1970; data: names of the data sets; recipe: the preset that
    it came from; where: local or slurm; group: id of the first of several linked runs; log_tail: last lines of the log
    of a run that failed or crashed.
    """

    id: str
    path: Path
    state: str
    name: str
    config: TrainConfig | None
    problem: str = ""
    step: int = 0
    epoch: float = 0.0
    fraction: float = 0.0
    eta: float | None = None
    elapsed: float = 0.0
    best_miou: float | None = None
    message: str = ""
    waiting_for: str = ""
    device: str = ""
    launched: float = 0.0
    updated: float = 0.0
    data: str = ""
    recipe: str = ""
    where: str = "local"
    job_id: str = ""
    group: str = ""
    log_tail: str = ""

    @property
    def living(self) -> bool:
        """Whether a process works on it, or will as soon as its turn comes."""
        return self.state in LIVING

    @property
    def resumable(self) -> bool:
        """Whether it can go on from where it ended."""
        return self.state in RESUMABLE and self.config is not None
