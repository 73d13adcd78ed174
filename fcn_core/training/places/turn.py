"""How a run's process waits for the run that it starts from to finish, and for its turn on the devices (tickets.py)."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fcn_core.training.places.run_state import read_run
from fcn_core.training.places.tickets import give_back_ticket, take_ticket
from fcn_core.training.process import holder, leads_the_others, stop_signals
from fcn_core.training.run_folder.runs import RunFolder

LOOK_EVERY_SECONDS = 1.0
TWIN_SECONDS = 30.0
_ENDED = {"stopped": "was stopped", "failed": "failed", "crashed": "crashed"}


@contextmanager
def turn(
    folder: RunFolder, name: str, devices: tuple[str, ...], *,
    say: Callable[[str], None] | None = None, every: float = LOOK_EVERY_SECONDS,
) -> Iterator[bool]:  # fmt: skip
    """Wait until the run that it starts from has finished and its devices are free; they are its own in the block.

    Yields False when somebody asked it to stop before (a signal, or the wish in the folder). What it waits for stands
    in status.json and in the log, and is told to `say`. devices: empty does not wait for any. ValueError when the run
    it starts from does not exist, or another process goes on working on this one. Under torchrun the processes of a
    run hold one ticket, which belongs to torchrun.
    """
    owner, leads = holder(), leads_the_others()
    try:
        with stop_signals() as stop:
            waits = _Waits(folder, say) if leads else None
            may_go = _for_start(folder, stop, waits, every) and _for_devices(folder, devices, owner, stop, waits, every)
        if leads:
            if may_go:
                folder.write_status("preparing", name=name, message="loading")
            else:
                folder.log("stopped while it waited")
                folder.write_status("stopped", name=name, message="stopped while it waited")
        yield may_go
    finally:
        if leads:
            give_back_ticket(owner)


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


def _for_start(folder: RunFolder, stop: threading.Event, waits: _Waits | None, every: float) -> bool:
    """Wait for the run whose weights are the start; False when asked to stop."""
    awaited = folder.awaited()
    if awaited is None:
        return True
    other = awaited.id
    while not (stop.is_set() or folder.stop_asked()):
        if not awaited.path.is_dir():
            raise ValueError(f"this run starts from {other}, but there is no such run in {awaited.path.parent}")
        info = read_run(awaited.path)
        if info.state == "finished":
            return True
        if waits is not None:
            sentence = f"waits for {other} to finish, from whose best weights it starts"
            if not info.living:
                sentence = f"waits for {other}, which {_ENDED[info.state]}: resume that one, or stop this one"
            waits.say(sentence, other)
        stop.wait(every)
    return False


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
