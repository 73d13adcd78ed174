"""Starting, stopping, resuming and deleting runs as processes of their own, which outlive whoever started them.

A run is `python -m fcn_core train --resume DIR` in a session of its own, with its output in the run's log: closing the
page, stopping the app with Ctrl-C or ending its terminal does not reach it. Which process it is stands in launch.json
by number and start. Runs that were handed to Slurm (slurm.py) are stopped and resumed through Slurm.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import psutil
from filelock import FileLock

from fcn_core.machine.home import PROJECT_ROOT
from fcn_core.training.places.device_queue import awaited_run, take_ticket
from fcn_core.training.places.devices import devices_for
from fcn_core.training.process import LAUNCHED_VARIABLE, lives, started
from fcn_core.training.run_folder.run_state import MARKS, read_run, runs_root
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import OTHER_RUN, TrainConfig

FROM_TORCHRUN = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_ADDR", "MASTER_PORT")


def launch(
    config: TrainConfig, *, root: Path | None = None, run_id: str | None = None, processes: int = 1,
    recipe: str = "", group: str = "",
) -> RunFolder:  # fmt: skip
    """Make the run's folder and start its process; returns at once.

    root: folder of the runs, FCN_LAB_RUNS or ./runs when empty; processes: of one run on this machine, through
    torchrun; recipe: name of the preset, for the table of runs; group: id of the first of linked runs. ValueError when
    the run it starts from does not exist, DiskFull when there is no room.
    """
    folder = new_run(config, root=root, run_id=run_id, processes=processes, recipe=recipe, group=group)
    _start(folder, config, processes)
    return folder


def launch_stages(
    configs: Sequence[TrainConfig], *, root: Path | None = None, processes: int = 1, recipe: str = ""
) -> list[RunFolder]:
    """Launch linked runs: each after the first starts from the one before it, and waits for it."""
    folders: list[RunFolder] = []
    for config in configs:
        if folders:
            config = config.replace(start=f"{OTHER_RUN}{folders[-1].id}")
        group = folders[0].id if folders else ""
        folder = new_run(config, root=root, processes=processes, recipe=recipe, group=group)
        if not folders and len(configs) > 1:
            folder.write_launch({**folder.launched(), "group": folder.id})
        folders.append(folder)
    for folder in folders:
        _start(folder, folder.config(), processes)
    return folders


def new_run(
    config: TrainConfig, *, root: Path | None = None, run_id: str | None = None, processes: int = 1,
    recipe: str = "", group: str = "",
) -> RunFolder:  # fmt: skip
    """The folder of a run that is about to start, in state launching. Without `run_id` it is named by name and time."""
    root = (root or runs_root()).resolve()
    other = config.start_run
    if other is not None and not (root / other / "config.yaml").is_file():
        raise ValueError(f"the run starts from {other!r}, but there is no such run in {root}")
    folder = RunFolder.create(_own_folder(root, config.name) if run_id is None else root / run_id, config)
    folder.write_launch({
        "where": "local", "host": socket.gethostname(), "pid": None, "process_started": None, "command": [],
        "processes": processes, "nodes": 1, "job_id": None, "launched": time.time(), "cwd": os.getcwd(),
        "device": ", ".join(devices_for(config.device, processes)), "recipe": recipe, "group": group,
    })  # fmt: skip
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


def _start(folder: RunFolder, config: TrainConfig, processes: int) -> None:
    """Start the run's process, note which one it is, and put it into the queue in order of launching."""
    command = [sys.executable, "-m", "fcn_core", "train", "--resume", str(folder.path.resolve())]
    if processes > 1:
        command += ["--processes", str(processes)]
    facts = folder.launched()
    cwd = str(facts.get("cwd") or "")
    path = os.pathsep.join(filter(None, (str(PROJECT_ROOT), os.environ.get("PYTHONPATH"))))
    environment = {key: value for key, value in os.environ.items() if key not in FROM_TORCHRUN}
    environment |= {"PYTHONPATH": path, "PYTHONUNBUFFERED": "1", LAUNCHED_VARIABLE: "1"}
    facts |= {
        "where": "local", "host": socket.gethostname(), "command": command, "processes": processes,
        "launched": time.time(), "pid": None, "process_started": None,
    }  # fmt: skip
    folder.write_launch(facts)
    folder.write_status("launching", name=config.name, pid=None, process_started=None)
    with folder.log_file.open("ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            env=environment, cwd=cwd if os.path.isdir(cwd) else None,
        )  # fmt: skip
    folder.write_launch({**facts, "pid": process.pid, "process_started": started(process.pid)})
    devices, after = devices_for(config.device, processes), awaited_run(folder, config)
    take_ticket(folder, devices, pid=process.pid, after=after)
    threading.Thread(target=_see_off, args=(process, folder), name=f"run {folder.id}", daemon=True).start()


def _see_off(process: subprocess.Popen[bytes], folder: RunFolder) -> None:
    """Take notice when the process ends, so that no zombie stays, and say so when a signal ended it."""
    code = process.wait()
    if code < 0:
        name = signal.Signals(-code).name
        why = " (killed from outside, or the system ran out of memory)" if name == "SIGKILL" else ""
        folder.log(f"the process was ended by {name}{why}")


def request_stop(folder: RunFolder) -> None:
    """Ask the run to finish its step, save and end; one that waits leaves the queue. Returns at once.

    The wish lies in the folder, where the run finds it on whatever machine it works; on this one a signal hastens it.
    ValueError when the run is not at work.
    """
    info = read_run(folder.path)
    if not info.living:
        raise ValueError(f"{info.id} is not at work, so there is nothing to stop: it is {info.state}")
    if info.where == "slurm":
        from fcn_core.training.places import slurm

        slurm.request_stop(folder)
        return
    folder.ask_to_stop()
    status, begun = folder.status(), folder.launched()
    if status.get("host") != socket.gethostname():
        return
    if status.get("pid") == begun.get("pid") and begun.get("processes", 1) > 1 and info.state != "queued":
        return  # torchrun, whose processes are about to begin: it would end them harshly; they will find the wish
    for facts in (status, begun) if info.state == "launching" else (status,):
        _signal(facts, signal.SIGTERM)


def kill(folder: RunFolder) -> None:
    """End the run's processes at once; what came after its last checkpoint is lost. ValueError when it is not here."""
    info = read_run(folder.path)
    if not info.living:
        raise ValueError(f"{info.id} is not at work: it is {info.state}")
    if info.where == "slurm":
        from fcn_core.training.places import slurm

        slurm.kill(folder)
        return
    status, begun = folder.status(), folder.launched()
    if status.get("host") not in (None, socket.gethostname()):
        raise ValueError(f"{info.id} works on {status['host']}; stop it gently, or kill process {status['pid']} there")
    folder.ask_to_stop()
    doomed: dict[int, psutil.Process] = {}
    for facts in (begun, status):
        if lives(facts.get("pid"), facts.get("process_started")):
            process = psutil.Process(facts["pid"])
            doomed |= {child.pid: child for child in (process, *process.children(recursive=True))}
    for process in doomed.values():
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    patience = time.monotonic() + 5
    while time.monotonic() < patience and any(_works(process) for process in doomed.values()):
        time.sleep(0.02)
    folder.log("killed")


def resume_run(folder: RunFolder) -> RunFolder:
    """Start the run's process again; it goes on from its last checkpoint. ValueError when it is at work or finished."""
    RunFolder.open(folder.path)
    with FileLock(folder.path / ".launch.lock", timeout=30):
        info = read_run(folder.path)
        if info.living:
            raise ValueError(f"{info.id} is at work already ({info.state})")
        if info.state == "finished":
            raise ValueError(f"{info.id} has finished; there is nothing to resume")
        config = folder.config()
        folder.forget_stop()
        folder.tidy()
        if info.where == "slurm":
            from fcn_core.training.places import slurm

            return slurm.submit(folder)
        processes = folder.launched().get("processes")
        _start(folder, config, processes if isinstance(processes, int) and processes > 0 else 1)
    return folder


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


def _works(process: psutil.Process) -> bool:
    """Whether it is there and more than a zombie, which nobody may ever take away."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def _signal(facts: dict[str, Any], number: int) -> None:
    if lives(facts.get("pid"), facts.get("process_started")):
        try:
            os.kill(facts["pid"], number)
        except ProcessLookupError:
            pass
