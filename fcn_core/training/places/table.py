"""The places where runs go, by the name that stands in their launch.json."""

from __future__ import annotations

from fcn_core.training.places.local import Local
from fcn_core.training.places.place import RunPlace
from fcn_core.training.places.slurm import Slurm
from fcn_core.training.run_folder.status import LaunchRecord

PLACES: dict[str, RunPlace] = {"local": Local(), "slurm": Slurm()}


def place_of(record: LaunchRecord) -> RunPlace:
    """Where a run was sent; one of a name that is not known here is judged as a run of this machine."""
    return PLACES.get(record.where, PLACES["local"])
