"""Runs as processes of this machine, each of its own, which outlive whoever started them.

A run is `python -m fcn_core train --resume DIR` in a session of its own, with its output in the run's log: closing the
page, stopping the app with Ctrl-C or ending its terminal does not reach it. Which process it is stands in launch.json
by number and start; a reader on another host goes by the age of the last sign of life.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace

import psutil

from fcn_core.machine.home import import_path
from fcn_core.training.places.devices import devices_for
from fcn_core.training.places.run_info import RunInfo
from fcn_core.training.places.tickets import take_ticket
from fcn_core.training.process import LAUNCHED_VARIABLE, lives, started
from fcn_core.training.run_folder.runs import RunFolder, changed
from fcn_core.training.run_folder.status import LIVING, LaunchRecord, RunStatus

LAUNCH_PATIENCE_SECONDS = 60.0  # a process that was started shows itself within this time
SILENCE_SECONDS = 60.0  # a process on another host touches status.json every few seconds
DIED = "its process ended without a word: killed from outside, out of memory, or the machine went down"
FROM_TORCHRUN = ("RANK", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_WORLD_SIZE", "GROUP_RANK", "MASTER_ADDR", "MASTER_PORT")


class Local:
    """This machine."""

    def submit(self, folder: RunFolder, *, after: RunInfo | None) -> None:
        """Start the run's process, note which one it is, and put it into the queue in order of launching."""
        config, before = folder.config(), folder.launched()
        processes = max(1, before.processes)
        command = [sys.executable, "-m", "fcn_core", "train", "--resume", str(folder.path.resolve())]
        if processes > 1:
            command += ["--processes", str(processes)]
        environment = {key: value for key, value in os.environ.items() if key not in FROM_TORCHRUN}
        environment |= {"PYTHONPATH": import_path(), "PYTHONUNBUFFERED": "1", LAUNCHED_VARIABLE: "1"}
        record = replace(
            before, where="local", host=socket.gethostname(), command=command, processes=processes,
            launched=time.time(), pid=None, process_started=None,
        )  # fmt: skip
        folder.write_launch(record)
        folder.write_status("launching", name=config.name, pid=None, process_started=None)
        with folder.log_file.open("ab") as log:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
                env=environment, cwd=record.cwd if os.path.isdir(record.cwd) else None,
            )  # fmt: skip
        folder.write_launch(replace(record, pid=process.pid, process_started=started(process.pid)))
        devices = devices_for(config.device, processes)
        take_ticket(folder, devices, pid=process.pid, after=None if after is None else after.path)
        threading.Thread(target=_see_off, args=(process, folder), name=f"run {folder.id}", daemon=True).start()

    def state(self, folder: RunFolder, status: RunStatus, record: LaunchRecord) -> tuple[str, str]:
        """By its process: the one that works, or the one that was started."""
        if _is_there(folder, status, record):
            return status.state if status.state in LIVING else "running", status.message
        if status == RunStatus() and folder.final.is_file():
            return "finished", status.message
        if folder.stop_asked():
            return "stopped", "ended before it could save; it goes on from its last checkpoint"
        if status.state == "launching":
            return "crashed", "its process did not start, or ended at once; the log may say why"
        if not any(file.exists() for file in (folder.status_file, folder.launch_file, folder.metrics_file)):
            return "stopped", "it was never started"
        return (
            "crashed",
            DIED,
        )

    def stop(self, folder: RunFolder, info: RunInfo) -> None:
        """The wish lies in the folder, where the run finds it on whatever host it works; here a signal hastens it."""
        folder.ask_to_stop()
        status, record = folder.status(), folder.launched()
        if status.host != socket.gethostname():
            return
        if status.pid == record.pid and record.processes > 1 and info.state != "queued":
            return  # torchrun, whose processes are about to begin: it would end them harshly; they will find the wish
        for known in (status, record) if info.state == "launching" else (status,):
            if known.pid is not None and lives(known.pid, known.process_started):
                try:
                    os.kill(known.pid, signal.SIGTERM)
                except ProcessLookupError:
                    pass

    def kill(self, folder: RunFolder) -> None:
        """End the run's processes, with their children; ValueError when they are on another host."""
        status, record = folder.status(), folder.launched()
        if status.host not in (None, socket.gethostname()):
            raise ValueError(f"{folder.id} works on {status.host}; stop it gently, or kill process {status.pid} there")
        folder.ask_to_stop()
        doomed: dict[int, psutil.Process] = {}
        for known in (record, status):
            if lives(known.pid, known.process_started):
                process = psutil.Process(known.pid)
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


def _is_there(folder: RunFolder, status: RunStatus, record: LaunchRecord) -> bool:
    """Whether the run's process is there: status.json names the one that works, launch.json the one that was started.

    They differ while a run starts, and for good where torchrun started several.
    """
    if (status.host or record.host or socket.gethostname()) != socket.gethostname():
        return time.time() - changed(folder.status_file) < SILENCE_SECONDS
    if lives(status.pid, status.process_started):
        return True
    if status.state == "running" and status.pid:
        return False
    if record.pid:
        return lives(record.pid, record.process_started)
    return status.state == "launching" and time.time() - (status.updated or 0.0) < LAUNCH_PATIENCE_SECONDS


def _see_off(process: subprocess.Popen[bytes], folder: RunFolder) -> None:
    """Take notice when the process ends, so that no zombie stays, and say so when a signal ended it."""
    code = process.wait()
    if code < 0:
        name = signal.Signals(-code).name
        why = " (killed from outside, or the system ran out of memory)" if name == "SIGKILL" else ""
        folder.log(f"the process was ended by {name}{why}")


def _works(process: psutil.Process) -> bool:
    """Whether it is there and more than a zombie, which nobody may ever take away."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
