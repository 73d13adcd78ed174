"""How `train` gets its run folder, its turn on the device, and its processes. No torch before it is its turn."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import psutil

from fcn_core.cli.console import say
from fcn_core.machine.home import PROJECT_ROOT
from fcn_core.training.places.device_queue import turn
from fcn_core.training.places.devices import devices_for
from fcn_core.training.places.launch import launch, launch_stages, new_run, resume_run, safe_name
from fcn_core.training.process import LAUNCHED_VARIABLE, leads_the_others, started
from fcn_core.training.run_folder.run_state import read_run, runs_root
from fcn_core.training.run_folder.runs import LIVING, RunFolder
from fcn_core.training.settings.config import OTHER_RUN, TrainConfig

if TYPE_CHECKING:
    from fcn_core.training.results import RunListener, TrainResult

FOLDER_SECONDS = 60.0  # how long the other processes wait for the first one to make the folder


@dataclass(frozen=True)
class Plan:
    """What the command line says about a run besides its settings. path: of the folder to make or to go on with."""

    path: Path | None
    recipe: str = ""
    processes: int = 1


def start_in_background(configs: Sequence[TrainConfig], plan: Plan) -> list[RunFolder]:
    """Launch a new run, or linked ones, under names of their own or as `plan` says; none: go on with the one there."""
    if not configs:
        assert plan.path is not None  # the command line gives settings or --resume
        return [resume_run(RunFolder.open(plan.path))]
    if len(configs) > 1:
        root = None if plan.path is None else plan.path.resolve()
        return launch_stages(configs, root=root, processes=plan.processes, recipe=plan.recipe)
    place = (None, None) if plan.path is None else (plan.path.resolve().parent, plan.path.resolve().name)
    return [launch(configs[0], root=place[0], run_id=place[1], processes=plan.processes, recipe=plan.recipe)]


def own_folders(configs: Sequence[TrainConfig], plan: Plan) -> Iterator[RunFolder]:
    """The folders of the runs that this process works on, each made when the one before is done.

    The runs of a staged recipe lie in the folder of `plan`, if that names one. ValueError when a folder holds another
    run, or a process works on it already.
    """
    if not configs:
        assert plan.path is not None
        yield _taken_up(RunFolder.open(plan.path))
        return
    group = earlier = ""
    for config in configs:
        if earlier:
            config = config.replace(start=f"{OTHER_RUN}{earlier}")
        path = plan.path if plan.path is None or len(configs) == 1 else plan.path / safe_name(config.name)
        folder = _made(config, path, plan, group)
        if len(configs) > 1 and not group:
            group = folder.id
            if leads_the_others():
                folder.write_launch({**folder.launched(), "group": group})
        earlier = folder.id
        yield folder


def _made(config: TrainConfig, path: Path | None, plan: Plan, group: str) -> RunFolder:
    """A new folder; the processes that torchrun started wait until the first of them has made it."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if path is None and world > 1:  # every process must come to the same name: torchrun, their parent, began once
        began = time.localtime(psutil.Process(os.getppid()).create_time())
        path = runs_root() / f"{safe_name(config.name)}-{time.strftime('%Y%m%d-%H%M%S', began)}"
    if not leads_the_others():
        assert path is not None
        patience = time.monotonic() + FOLDER_SECONDS
        while not (path / "config.yaml").is_file() and time.monotonic() < patience:
            time.sleep(0.2)
        return RunFolder.open(path)
    place = (None, None) if path is None else (path.resolve().parent, path.resolve().name)
    processes = max(world, plan.processes)
    folder = new_run(config, root=place[0], run_id=place[1], processes=processes, recipe=plan.recipe, group=group)
    _note_process(folder, world)
    return folder


def _taken_up(folder: RunFolder) -> RunFolder:
    """The folder of a run that goes on, unless a process works on it."""
    if not leads_the_others() or os.environ.get(LAUNCHED_VARIABLE) or folder.status().get("pid") == os.getppid():
        return folder  # it was launched, or torchrun took the place of the process that took it up
    info = read_run(folder.path)
    if info.living:
        raise ValueError(f"{info.id} is at work already ({info.state}); see it with: runs show {info.id}")
    folder.forget_stop()
    folder.tidy()
    _note_process(folder, int(os.environ.get("WORLD_SIZE", "1")))
    return folder


def _note_process(folder: RunFolder, world: int) -> None:
    owner = os.getppid() if world > 1 else os.getpid()
    facts = {"command": sys.argv, "pid": owner, "process_started": started(owner), "launched": time.time()}
    folder.write_launch({**folder.launched(), "where": "local", "host": socket.gethostname(), **facts})


def run_in_turn(
    folder: RunFolder, progress: RunListener, *, processes: int = 1, wait: bool = True
) -> TrainResult | None:
    """Train, or go on, when the turn comes; None when it was stopped before. Does not return with several processes:
    torchrun takes this one's place, and its children come here in their turn.
    """
    config = folder.config()
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if folder.status().get("state") == "finished":
        from fcn_core.training.engine import resume

        return resume(folder.path, progress=progress)
    devices = devices_for(config.device, max(world, processes)) if wait else ()
    listener = None if os.environ.get(LAUNCHED_VARIABLE) else say  # its output ends in the log, where it stands already
    try:
        with turn(folder, config, devices, say=listener) as may_go:
            if not may_go:
                return None
            if processes > 1 and world == 1:
                _become_torchrun(folder, processes)
            from fcn_core.training.engine import resume

            return resume(folder.path, progress=progress)
    except Exception as problem:  # what the engine itself did not come to write down
        status = folder.status()
        own = status.get("pid") in (None, os.getpid(), os.getppid())
        if leads_the_others() and own and status.get("state") in LIVING:
            folder.write_status("failed", message=str(problem))
        raise


def _become_torchrun(folder: RunFolder, processes: int) -> None:
    """Replace this process by torchrun, which keeps its number and start, and so its ticket."""
    path = os.pathsep.join(filter(None, (str(PROJECT_ROOT), os.environ.get("PYTHONPATH"))))
    command = [
        sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes),
        "-m", "fcn_core", "train", "--resume", str(folder.path.resolve()),
    ]  # fmt: skip
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, command, {**os.environ, "PYTHONPATH": path})
