"""How `train` gets its run folder, its turn on the device, and its processes. No torch before it is its turn."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from fcn_core.cli.console import say
from fcn_core.machine.home import import_path
from fcn_core.training.places.devices import devices_for
from fcn_core.training.places.launch import LaunchRequest, linked, new_run, safe_name
from fcn_core.training.places.run_state import read_run, runs_root
from fcn_core.training.places.turn import turn
from fcn_core.training.process import (
    LAUNCHED_VARIABLE,
    holder,
    leads_the_others,
    processes_together,
    started,
)
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.run_folder.status import LIVING
from fcn_core.training.settings.config import TrainConfig

if TYPE_CHECKING:
    from fcn_core.training.loop.results import RunListener, TrainResult

FOLDER_SECONDS = 60.0  # how long the other processes wait for the first one to make the folder


def own_folders(configs: Sequence[TrainConfig], request: LaunchRequest) -> Iterator[RunFolder]:
    """The folders of the runs that this process works on, each made when the one before is done; the runs of a staged
    recipe lie in the folder of `request`, if that names one. ValueError when a folder holds another run.
    """

    def make(config: TrainConfig, group: str) -> RunFolder:
        path = request.path
        if path is not None and len(configs) > 1:
            path /= safe_name(config.name)
        return _made(config, replace(request, path=path), group)

    return linked(configs, make)


def _made(config: TrainConfig, request: LaunchRequest, group: str) -> RunFolder:
    """A new folder; the processes that torchrun started wait until the first of them has made it."""
    world, path = processes_together(), request.path
    if path is None and world > 1:  # every process must come to the same name: torchrun, their parent, began once
        began = time.localtime(psutil.Process(holder()).create_time())
        path = runs_root() / f"{safe_name(config.name)}-{time.strftime('%Y%m%d-%H%M%S', began)}"
    if not leads_the_others():
        assert path is not None
        patience = time.monotonic() + FOLDER_SECONDS
        while not (path / "config.yaml").is_file() and time.monotonic() < patience:
            time.sleep(0.2)
        return RunFolder.open(path)
    folder = new_run(config, replace(request, path=path, processes=max(world, request.processes)), group=group)
    _note_process(folder)
    return folder


def taken_up(path: Path) -> RunFolder:
    """The folder of a run that goes on in this process; ValueError when another one works on it."""
    folder = RunFolder.open(path)
    if not leads_the_others() or os.environ.get(LAUNCHED_VARIABLE) or folder.status().pid == os.getppid():
        return folder  # it was launched, or torchrun took the place of the process that took it up
    info = read_run(folder.path)
    if info.living:
        raise ValueError(f"{info.id} is at work already ({info.state}); see it with: runs show {info.id}")
    folder.forget_stop()
    folder.tidy()
    _note_process(folder)
    return folder


def _note_process(folder: RunFolder) -> None:
    folder.write_launch(
        replace(
            folder.launched(), where="local", host=socket.gethostname(), command=sys.argv, pid=holder(),
            process_started=started(holder()), launched=time.time(),
        )
    )  # fmt: skip


def run_in_turn(
    folder: RunFolder, progress: RunListener, *, processes: int = 1, wait: bool = True
) -> TrainResult | None:
    """Train, or go on, when the turn comes; None when it was stopped before. Does not return with several processes:
    torchrun takes this one's place, and its children come here in their turn.
    """
    config = folder.config()
    world = processes_together()
    if folder.status().state == "finished":
        from fcn_core.training.loop.engine import resume

        return resume(folder.path, progress=progress)
    devices = devices_for(config.device, max(world, processes)) if wait else ()
    listener = None if os.environ.get(LAUNCHED_VARIABLE) else say  # its output ends in the log, where it stands already
    try:
        with turn(folder, config.name, devices, say=listener) as may_go:
            if not may_go:
                return None
            if processes > 1 and world == 1:
                _become_torchrun(folder, processes)
            from fcn_core.training.loop.engine import resume

            return resume(folder.path, progress=progress)
    except Exception as problem:  # what the engine itself did not come to write down
        status = folder.status()
        own = status.pid in (None, os.getpid(), os.getppid())
        if leads_the_others() and own and status.state in LIVING:
            folder.write_status("failed", message=str(problem))
        raise


def _become_torchrun(folder: RunFolder, processes: int) -> None:
    """Replace this process by torchrun, which keeps its number and start, and so its ticket."""
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes),
        "-m", "fcn_core", "train", "--resume", str(folder.path.resolve()),
    ]  # fmt: skip
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, command, {**os.environ, "PYTHONPATH": import_path()})
