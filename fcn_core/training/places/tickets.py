"""One run a device at a time on this machine, first come first served; the others wait and say for whom.

Each run that wants a device keeps a ticket, a small file named by its process. A ticket counts as long as that process
lives, so nothing has to be tidied after a kill. Whoever looks at the tickets holds a file lock meanwhile: of two runs
that come at the same instant, one goes and the other waits.
"""

from __future__ import annotations

import json
import os
import socket
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from filelock import FileLock

from fcn_core.machine.atomic import replace_text
from fcn_core.machine.home import cache_folder
from fcn_core.training.process import lives, started
from fcn_core.training.run_folder.runs import RunFolder, read_json


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
        return not self.after or RunFolder(self.after).finished


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
            since = folder.launched().launched
            own = Ticket(
                run=run, devices=devices, pid=pid, process_started=began, since=began if since is None else since,
                after="" if after is None else str(after),
            )  # fmt: skip
        if own.has_turn:
            return []
        ahead = [
            other for other in tickets
            if other.pid != pid and (set(other.devices) & set(own.devices) or other.run == run)
            and (other.has_turn or (other.ready and (other.since, other.pid) < (own.since, own.pid)))
        ]  # fmt: skip
        if not ahead and own.ready:
            own = replace(own, has_turn=True)
        replace_text(_file(pid), json.dumps(asdict(own)) + "\n")
    return sorted(ahead, key=lambda other: (not other.has_turn, other.since, other.pid))


def give_back_ticket(pid: int | None = None) -> None:
    """Leave the queue; the next run goes."""
    _file(os.getpid() if pid is None else pid).unlink(missing_ok=True)


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
