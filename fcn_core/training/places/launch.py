"""Starting, stopping, resuming and deleting runs, wherever they work (table.py)."""

from __future__ import annotations

import os
import re
import shutil
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from filelock import FileLock

from fcn_core.training.places.devices import devices_for
from fcn_core.training.places.run_state import MARKS, read_run, runs_root
from fcn_core.training.places.slurm_settings import SlurmSettings
from fcn_core.training.places.table import place_of
from fcn_core.training.process import leads_the_others
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.run_folder.status import LaunchRecord
from fcn_core.training.settings.config import OTHER_RUN, TrainConfig


@dataclass(frozen=True)
class LaunchRequest:
    """What is asked for besides a run's settings. path: folder of the run, or of linked runs the folder in which they
    lie; empty makes one by name and time in FCN_LAB_RUNS or ./runs. processes: of one run on this machine, through
    torchrun. recipe: name of the preset, for the table of runs. slurm: hands the run to Slurm instead.
    """

    path: Path | None = None
    processes: int = 1
    recipe: str = ""
    slurm: SlurmSettings | None = None


def launch(configs: Sequence[TrainConfig], request: LaunchRequest) -> list[RunFolder]:
    """Make the folder of a run, or of several linked ones, and let them begin; returns at once.

    ValueError when the run that the first one starts from does not exist or the place refuses, DiskFull when there is
    no room; then no folder of a run that did not begin is left behind.
    """
    folders, begun, several = [], 0, len(configs) > 1
    try:
        for folder in linked(configs, lambda config, group: new_run(config, request, group=group, within=several)):
            folders.append(folder)
        for folder in folders:
            _submit(folder)
            begun += 1
    except ValueError:
        for folder in folders[begun:]:
            shutil.rmtree(folder.path)
        raise
    return folders


def linked(configs: Sequence[TrainConfig], make: Callable[[TrainConfig, str], RunFolder]) -> Iterator[RunFolder]:
    """The folders of linked runs, each made as it is asked for: all after the first start from the one before.

    make: the folder for these settings and this group, which is the id of the first of the runs, empty for that one.
    """
    group = earlier = ""
    for config in configs:
        folder = make(config.replace(start=f"{OTHER_RUN}{earlier}") if earlier else config, group)
        if len(configs) > 1 and not group:
            group = folder.id
            if leads_the_others():
                folder.write_launch(replace(folder.launched(), group=group))
        earlier = folder.id
        yield folder


def new_run(
    config: TrainConfig, request: LaunchRequest | None = None, *, group: str = "", within: bool = False
) -> RunFolder:
    """The folder of a run that is about to start, in state launching.

    within: `request.path` is the folder in which it gets one of its own. group: as in `linked`. ValueError when the run
    it starts from does not exist, or the folder holds a run.
    """
    request = request or LaunchRequest()
    named = request.path is not None and not within
    path = request.path.resolve() if request.path is not None else runs_root()
    root = path.parent if named else path
    other = config.start_run
    if other is not None and not (root / other / "config.yaml").is_file():
        raise ValueError(f"the run starts from {other!r}, but there is no such run in {root}")
    folder = RunFolder.create(path if named else _own_folder(root, config.name), config)
    slurm = request.slurm
    folder.write_launch(
        LaunchRecord(
            where="local" if slurm is None else "slurm",
            host=socket.gethostname(),
            processes=request.processes if slurm is None else slurm.processes,
            launched=time.time(),
            cwd=os.getcwd(),
            device=", ".join(devices_for(config.device, request.processes)),
            recipe=request.recipe,
            group=group,
            slurm={} if slurm is None else slurm.model_dump(mode="json"),
        )
    )
    folder.write_status("launching", name=config.name, pid=None, process_started=None)
    return folder


def safe_name(name: str) -> str:
    """The name of a run as part of a file name on any system."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:80] or "run"


def _own_folder(root: Path, name: str) -> Path:
    """A new empty folder that no other launch of the same second can have."""
    base = f"{safe_name(name)}-{time.strftime('%Y%m%d-%H%M%S')}"
    root.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        path = root / (base if number == 1 else f"{base}-{number}")
        try:
            path.mkdir()
        except FileExistsError:
            number += 1
        else:
            return path


def _submit(folder: RunFolder) -> None:
    awaited = folder.awaited()
    place_of(folder.launched()).submit(folder, after=None if awaited is None else read_run(awaited.path))


def request_stop(folder: RunFolder) -> None:
    """Ask the run to finish its step, save and end; one that waits leaves the queue. Returns at once.

    ValueError when the run is not at work.
    """
    info = read_run(folder.path)
    if not info.living:
        raise ValueError(f"{info.id} is not at work, so there is nothing to stop: it is {info.state}")
    place_of(folder.launched()).stop(folder, info)


def kill(folder: RunFolder) -> None:
    """End the run's processes at once; what came after its last checkpoint is lost. ValueError when it is not here."""
    info = read_run(folder.path)
    if not info.living:
        raise ValueError(f"{info.id} is not at work: it is {info.state}")
    place_of(folder.launched()).kill(folder)


def resume_run(folder: RunFolder) -> None:
    """Let the run go on from its last checkpoint, where it was before. ValueError when it is at work or finished."""
    RunFolder.open(folder.path)
    with FileLock(folder.path / ".launch.lock", timeout=30):
        info = read_run(folder.path)
        if info.living:
            raise ValueError(f"{info.id} is at work already ({info.state})")
        if info.state == "finished":
            raise ValueError(f"{info.id} has finished; there is nothing to resume")
        folder.config()  # damaged settings are told before anything is changed
        folder.forget_stop()
        folder.tidy()
        _submit(folder)


def delete_run(folder: RunFolder) -> None:
    """Remove the run with everything in it. ValueError when a process works on it, or the folder holds no run."""
    if folder.path.is_symlink() or not any((folder.path / mark).is_file() for mark in MARKS):
        raise ValueError(f"{folder.path} holds no run; nothing was deleted")
    info = read_run(folder.path)
    if info.living:
        raise ValueError(f"{info.id} is at work ({info.state}); stop it before it is deleted")
    path = folder.path.resolve()
    doomed = path.with_name(f".deleted-{path.name}-{os.getpid()}-{time.monotonic_ns()}")
    path.rename(doomed)  # gone from the table at once, however long the rest takes
    shutil.rmtree(doomed)
