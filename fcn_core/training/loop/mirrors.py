"""The metrics once more for TensorBoard or MLflow, on this machine, for those who have their charts there."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from accelerate import Accelerator

from fcn_core.training.run_folder.flat import flat
from fcn_core.training.settings.config import TrainConfig

MODULES = {"tensorboard": ("tensorboard", "tensorboardX"), "mlflow": ("mlflow",)}
QUIET = {"MLFLOW_DISABLE_TELEMETRY": "true", "DO_NOT_TRACK": "true"}  # MLflow reports its use unless told not to


class Mirrors:
    """Accelerate's trackers, as `config.mirrors` asks for; none by default.

    TensorBoard's files lie in the run's folder mirrors/, MLflow's in mlflow.db beside the runs unless
    MLFLOW_TRACKING_URI names another place.
    """

    def __init__(self, accelerator: Accelerator, config: TrainConfig, folder: Path) -> None:
        """ValueError when a program is asked for that is not installed."""
        self.accelerator, self.wanted = accelerator, config.mirrors
        for name in self.wanted:
            if not any(importlib.util.find_spec(module) for module in MODULES[name]):
                raise ValueError(
                    f"mirrors asks for {name}, which is not installed: pip install {name}, or leave it out"
                )
        if self.wanted:
            os.environ.update(QUIET)
            os.environ.setdefault("MLFLOW_TRACKING_URI", f"sqlite:///{(folder.parent / 'mlflow.db').resolve()}")
            accelerator.project_configuration.logging_dir = str(folder / "mirrors")
            accelerator.log_with = list(self.wanted)
            try:
                accelerator.init_trackers("fcn-lab", config=_settings(config))
            except Exception as error:  # each program has its own kinds
                named = " and ".join(self.wanted)
                raise ValueError(f"{named} could not be started: {error}. Mend it, or leave mirrors empty") from error

    def write(self, values: Mapping[str, Any], *, step: int) -> None:
        """The plain numbers of a record."""
        if self.wanted:
            numbers = {key: value for key, value in flat(values).items() if isinstance(value, int | float)}
            self.accelerator.log(numbers, step=step)

    def close(self) -> None:
        """Write out what is left."""
        if self.wanted:
            self.accelerator.end_training()


def _settings(config: TrainConfig) -> dict[str, str | int | float | bool]:
    """The settings on one level; what is not plain becomes text."""
    settings = flat(config.model_dump(mode="json"))
    return {name: value if isinstance(value, str | int | float) else str(value) for name, value in settings.items()}
