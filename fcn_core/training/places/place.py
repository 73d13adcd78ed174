"""What a place where runs go (this machine, a cluster) does for the rest of the house."""

from __future__ import annotations

from typing import Protocol

from fcn_core.training.places.run_info import RunInfo
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.run_folder.status import LaunchRecord, RunStatus


class RunPlace(Protocol):
    """Where runs go. Each method returns at once."""

    def submit(self, folder: RunFolder, *, after: RunInfo | None) -> None:
        """Let the run begin, or go on from its last checkpoint, as soon as its turn comes.

        What it is given (processes, nodes) stands in the folder's launch.json, as does the process or job that it
        became. after: the run from whose weights it starts. ValueError when the place refuses; then the run stands as
        before.
        """
        ...

    def state(self, folder: RunFolder, status: RunStatus, record: LaunchRecord) -> tuple[str, str]:
        """The state of a run without a last word, and a sentence about it."""
        ...

    def stop(self, folder: RunFolder, info: RunInfo) -> None:
        """Ask a living run to finish its step, save and end; one that waits leaves the queue."""
        ...

    def kill(self, folder: RunFolder) -> None:
        """End a living run's processes now. ValueError when that cannot be done from here."""
        ...
