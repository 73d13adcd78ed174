"""One run a device at a time on this machine, first come first served; the others wait and say for whom.

Each run that wants a device keeps a ticket, a small file named by its process. A ticket counts as long as that process
lives, so nothing has to be tidied after a kill. Whoever looks at the tickets holds a file lock meanwhile: of two runs
that come at the same instant, one goes and the other waits.
"""

from __future__ import annotations

import json
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from fcn_core.machine.atomic import replace_text
from fcn_core.machine.home import cache_folder
from fcn_core.training.process import leads_the_others, lives, started, stop_signals
from fcn_core.training.run_folder.run_state import read_run
from fcn_core.training.run_folder.runs import RunFolder, read_json
from fcn_core.training.settings.config import TrainConfig

LOOK_EVERY_SECONDS = 1.0
TWIN_SECONDS = 30.0


@dataclass(frozen=True)
class Ticket:
    """A place in the queue. run: path of the run's folder; pid and process_started: who holds the ticket; since: when
    the run was launched, seconds since 1970; has_turn: it may use its devices; after: path of the run that it starts
    from. Until that one has finished it lets others pass, and keeps its place.
    """

    run: str
    devices: tuple[str, ...]
    pid: int
    process_started: float
    since: float
    has_turn: bool = False
    after: str = ""

    @property
    def id(self) -> str:
        return Path(self.run).name

    @property
    def ready(self) -> bool:
        return not self.after or RunFolder(self.after).status().get("state") == "finished"


def queue_folder() -> Path:
    """Where the tickets of this machine lie; the folder above may be shared by several machines."""
    return cache_folder() / "queue" / socket.gethostname()


def take_ticket(
    folder: RunFolder, devices: tuple[str, ...], *, pid: int | None = None, after: Path | None = None
) -> list[Ticket]:
    """Enter the queue, or look how it stands: the tickets that come before, in order; none means go ahead.

    pid: the process that the ticket belongs to; empty takes this one. after: the run that has to finish before. A
    ticket without devices waits for nobody but another process of the same run.
    """
    pid = os.getpid() if pid is None else pid
    began = started(pid)
    if began is None:  # it has ended already
        return []
    run = str(folder.path.resolve())
    with _lock():
        tickets = _tickets()
        own = next((t for t in tickets if t.pid == pid and t.run == run), None)
        if own is None:
            since = folder.launched().get("launched")
            since = since if isinstance(since, int | float) else began
            awaited = "" if after is None else str(after)
            own = Ticket(run=run, devices=devices, pid=pid, process_started=began, since=since, after=awaited)
        if own.has_turn:
            return []
        ahead = [
            other for other in tickets
            if other.pid != pid and (set(other.devices) & set(own.devices) or other.run == run)
            and (other.has_turn or (other.ready and (other.since, other.pid) < (own.since, own.pid)))
        ]  # fmt: skip
        if not ahead and own.ready:
            own = Ticket(**{**asdict(own), "has_turn": True})
        replace_text(_file(pid), json.dumps(asdict(own)) + "\n")
    return sorted(ahead, key=lambda other: (not other.has_turn, other.since, other.pid))


def give_back_ticket(pid: int | None = None) -> None:
    """Leave the queue; the next run goes."""
    _file(os.getpid() if pid is None else pid).unlink(missing_ok=True)


@contextmanager
def turn(
    folder: RunFolder, config: TrainConfig, devices: tuple[str, ...], *,
    say: Callable[[str], None] | None = None, every: float = LOOK_EVERY_SECONDS,
) -> Iterator[bool]:  # fmt: skip
    """Wait until the run that it starts from has finished and its devices are free; they are its own in the block.

    Yields False when somebody asked it to stop before (a signal, or the wish in the folder). What it waits for stands
    in status.json and in the log, and is told to `say`. devices: empty does not wait for any. ValueError when the run
    it starts from does not exist, or another process goes on working on this one. Under torchrun the processes of a
    run hold one ticket, which belongs to torchrun.
    """
    owner = os.getppid() if int(os.environ.get("WORLD_SIZE", "1")) > 1 else os.getpid()
    leads = leads_the_others()
    try:
        with stop_signals() as stop:
            waits = _Waits(folder, say) if leads else None
            may_go = _for_start(folder, config, stop, waits, every) and _for_devices(
                folder, devices, owner, stop, waits, every
            )
        if leads:
            if may_go:
                folder.write_status("preparing", name=config.name, message="loading")
            else:
                folder.log("stopped while it waited")
                folder.write_status("stopped", name=config.name, message="stopped while it waited")
        yield may_go
    finally:
        if leads:
            give_back_ticket(owner)


def awaited_run(folder: RunFolder, config: TrainConfig) -> Path | None:
    """The folder of the run whose weights are the start, beside this run's; None when it starts from something else."""
    return None if config.start_run is None else folder.path.resolve().parent / config.start_run


class _Waits:
    """Says what a run waits for, once for each cause, and shows life."""

    def __init__(self, folder: RunFolder, tell: Callable[[str], None] | None) -> None:
        self.folder, self.tell, self.said = folder, tell, ""

    def say(self, cause: str, waiting_for: str) -> None:
        if cause != self.said:
            self.said = cause
            self.folder.log(cause)
            if self.tell is not None:
                self.tell(f"{self.folder.id} {cause}")
            self.folder.write_status("queued", message=cause, waiting_for=waiting_for)
        else:
            os.utime(self.folder.status_file)


def _for_start(
    folder: RunFolder, config: TrainConfig, stop: threading.Event, waits: _Waits | None, every: float
) -> bool:
    """Wait for the run whose weights are the start; False when asked to stop."""
    path = awaited_run(folder, config)
    if path is None:
        return True
    other = path.name
    while not (stop.is_set() or folder.stop_asked()):
        if not path.is_dir():
            raise ValueError(f"this run starts from {other}, but there is no such run in {path.parent}")
        info = read_run(path)
        if info.state == "finished":
            return True
        if waits is not None:
            sentence = f"waits for {other} to finish, from whose best weights it starts"
            if not info.living:
                sentence = f"waits for {other}, which {_ENDED[info.state]}: resume that one, or stop this one"
            waits.say(sentence, other)
        stop.wait(every)
    return False


_ENDED = {"stopped": "was stopped", "failed": "failed", "crashed": "crashed"}


def _for_devices(
    folder: RunFolder, devices: tuple[str, ...], owner: int, stop: threading.Event, waits: _Waits | None, every: float
) -> bool:
    """Wait for the devices; False when asked to stop."""
    patience = time.monotonic() + TWIN_SECONDS
    while not (stop.is_set() or folder.stop_asked()):
        ahead = take_ticket(folder, devices, pid=owner)
        if not ahead:
            return True
        twin = next((other for other in ahead if other.run == str(folder.path.resolve())), None)
        if twin is not None:  # usually the process that was just stopped and is about to end
            if time.monotonic() > patience:
                raise ValueError(f"{twin.id} is being trained already, by process {twin.pid}; stop that one first")
        elif waits is not None:
            shared = ", ".join(device for device in devices if any(device in other.devices for other in ahead))
            names = [other.id for other in ahead]
            waits.say(f"waits for {' and '.join(names)} on {shared}", names[-1])
        stop.wait(every)
    return False


def _lock() -> FileLock:
    queue_folder().mkdir(parents=True, exist_ok=True)
    return FileLock(queue_folder() / "lock", timeout=60)


def _file(pid: int) -> Path:
    return queue_folder() / f"{pid}.json"


def _tickets() -> list[Ticket]:
    """All tickets of living processes; the others are thrown away. Only under the lock."""
    tickets = []
    for path in queue_folder().glob("*.json"):
        values = read_json(path)
        try:
            ticket = Ticket(**{**values, "devices": tuple(values["devices"])})
        except (KeyError, TypeError):
            ticket = None
        if ticket is not None and lives(ticket.pid, ticket.process_started):
            tickets.append(ticket)
        else:
            path.unlink(missing_ok=True)
    return tickets
