"""What each process of a Slurm job does: take its place among the others, train, and go back into the queue.

Slurm starts one process a rank; submitit unpickles a TrainingJob in each and calls it. Signals only leave a wish, and
the engine finishes its step and saves before the wish is granted:

USR2   sent before the minutes are over, or by whoever preempts: save and go back into the queue
TERM   Slurm ends the job: save; back into the queue if that is because another job comes first

A person's wish to stop comes through the run folder (`RunFolder.ask_to_stop`): save and end.
"""

from __future__ import annotations

import os
import signal
import threading
import traceback
from dataclasses import dataclass
from types import FrameType

from submitit.core.utils import DelayedSubmission, UncompletedJobError
from submitit.helpers import TorchDistributedEnvironment

from fcn_core.training.loop.engine import resume
from fcn_core.training.places.slurm_queue import is_preempted
from fcn_core.training.process import leads_the_others, processes_together
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.run_folder.status import LIVING, NO_PROCESS

LOOPBACK = "127.0.0.1"


@dataclass
class TrainingJob:
    """The callable that submitit pickles: only the run's folder, everything else lies there."""

    folder: str

    def __call__(self) -> str:
        """Train from the last checkpoint, or from the beginning; returns the state: finished or stopped."""
        back_into_the_queue = signal.getsignal(signal.SIGUSR2)  # submitit's: calls checkpoint(), requeues, exits
        stop, requeue = threading.Event(), threading.Event()

        def ask(number: int, frame: FrameType | None) -> None:
            if number == signal.SIGUSR2:
                requeue.set()
            stop.set()

        for number in (signal.SIGUSR2, signal.SIGTERM):
            signal.signal(number, ask)
        take_place()
        folder = RunFolder(self.folder)
        try:
            check_start(folder)
            state = resume(self.folder, stop=stop).state
        except Exception as error:
            who = "" if processes_together() == 1 else f"process {os.environ['RANK']}: "
            folder.log(who + traceback.format_exc().rstrip())
            if leads_the_others() and folder.status().state in LIVING:
                folder.write_status("failed", message=str(error))
            raise
        if state == "stopped" and not folder.stop_asked():
            if requeue.is_set() or is_preempted(os.environ["SLURM_JOB_ID"]):
                assert callable(back_into_the_queue)
                if leads_the_others():
                    folder.log("saved before Slurm ends this job")
                try:  # only the first process comes further than a remark in its output
                    back_into_the_queue(signal.SIGUSR2, None)
                except UncompletedJobError:  # from the first process alone
                    message = "the time limit came too often to queue again; resume the run by hand"
                    folder.log(message)
                    folder.write_status("stopped", message=message)
        return state

    def checkpoint(self) -> DelayedSubmission:
        """What the job does when its turn comes again: the same, from the checkpoint that was just saved."""
        folder = RunFolder(self.folder)
        folder.write_status("queued", message="back in Slurm's queue", **NO_PROCESS)
        return DelayedSubmission(self)


def check_start(folder: RunFolder) -> None:
    """ValueError when the run that this one begins from came to no end: Slurm only knows that its job is over."""
    other = folder.awaited()
    if other is not None and not other.finished and not folder.last.is_file():
        raise ValueError(f"this run starts from {other.id}, which did not finish; resume that one, then this one")


def take_place() -> None:
    """Tell torch which of the job's processes this one is, and where the first one listens."""
    place = TorchDistributedEnvironment()
    if int(os.environ.get("SLURM_JOB_NUM_NODES", "1")) == 1:
        place.master_addr = LOOPBACK
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
    else:  # srun was started on the node of the first process; an address needs no name service
        place.master_addr = os.environ.get("SLURM_LAUNCH_NODE_IPADDR") or place.master_addr
    # Every process sees all GPUs of its node and takes the one of its local rank.
    place.export(set_cuda_visible_devices=False, overwrite=True)
