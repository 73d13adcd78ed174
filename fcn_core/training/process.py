"""What a training process asks of its operating system: who it is, a gentle stop, processors for its threads."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import psutil

LAUNCHED_VARIABLE = "FCN_LAB_LAUNCHED"  # set for a process that was started for a run, with its output in the log
CLOCK_SLACK_SECONDS = 2.0  # a process's start is told by the wall clock, which may be set while it runs


def started(pid: int) -> float | None:
    """When a process began, in seconds since 1970; with its number this says which process is meant. None: no such."""
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def lives(pid: object, began: object) -> bool:
    """Whether the process of this number that began at this time still works; another one of the same number is not it.

    A process that has ended and only waits for its parent to take notice (a zombie) does not work any more.
    """
    if not isinstance(pid, int) or not isinstance(began, int | float) or pid <= 0:
        return False
    try:
        process = psutil.Process(pid)
        if abs(process.create_time() - began) > CLOCK_SLACK_SECONDS:
            return False
        return process.status() not in (psutil.STATUS_ZOMBIE, psutil.STATUS_DEAD)
    except psutil.Error:
        return False


def hear_signals() -> None:
    """Let SIGINT and SIGTERM do what they usually do. A process inherits what its parent ignored, such as SIGINT of a
    shell's background job; a launched run has to end on them all the same, also before and after `stop_signals`.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set; only in the main thread, where Python delivers signals."""
    stop = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def ask(number: int, frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def spread_threads() -> bool:
    """Give the calling thread the first processor and this process's other threads the rest; False where impossible.

    The threads of one matrix product wait for each other. Where the kernel leaves two of them on one processor while
    another program has the second (seen on a small virtual machine: a step took 5 s instead of 1), this parts them.
    Worker processes that were started before keep their freedom.
    """
    if not hasattr(os, "sched_setaffinity"):
        return False
    processors = sorted(os.sched_getaffinity(0))
    if len(processors) < 2:
        return False
    here = threading.get_native_id()
    for entry in os.listdir("/proc/self/task"):
        thread = int(entry)
        try:
            os.sched_setaffinity(thread, processors[:1] if thread == here else processors[1:])
        except ProcessLookupError:  # a thread that ended meanwhile
            continue
    return True


def processes_together() -> int:
    """How many processes work on the run of this one, as torchrun or Slurm started them."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def holder() -> int:
    """The process that stands for the run on this machine: this one, or torchrun, which started it with others."""
    return os.getppid() if processes_together() > 1 else os.getpid()


def leads_the_others() -> bool:
    """Whether this process writes the run folder: the only one, or the first of those that torchrun started."""
    return int(os.environ.get("RANK", "0")) == 0
