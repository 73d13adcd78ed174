"""Runs on a Slurm cluster: how one is handed in, where it stands, how it is stopped.

submitit writes the sbatch script and starts one process a rank (slurm_job.py); the run folder stays the one truth.
What submitit keeps lies in the run's own folder under `slurm/`: the script, the output of each process, and two
pickles that hold the path of the run and nothing else. Only the job reads them; the app and the command line never
unpickle anything.
"""

from __future__ import annotations

import os
import re
import shlex
import socket
import time
from dataclasses import replace
from functools import lru_cache
from typing import Any

from fcn_core.machine.home import PROJECT_ROOT
from fcn_core.training.places.local import SILENCE_SECONDS, Local
from fcn_core.training.places.run_info import RunInfo
from fcn_core.training.places.slurm_queue import JobState, cancel, is_here, job_state
from fcn_core.training.places.slurm_settings import SlurmSettings
from fcn_core.training.run_folder.runs import RunFolder, changed
from fcn_core.training.run_folder.status import LIVING, NO_PROCESS, LaunchRecord, RunStatus
from fcn_core.training.settings.config import TrainConfig

ASK_EVERY_SECONDS = 3.0


class Slurm:
    """The Slurm whose commands answer on this machine."""

    def submit(self, folder: RunFolder, *, after: RunInfo | None) -> None:
        """Hand the run to Slurm with what launch.json says it asks for; all nodes see its folder under the same path.

        ValueError when there is no Slurm, it refuses, or the run is in its hands already.
        """
        folder = RunFolder(folder.path.resolve())
        config, before, status = folder.config(), folder.launched(), folder.status()
        settings = SlurmSettings.from_dict(before.slurm)
        if not is_here():
            raise ValueError("there is no Slurm here: sbatch is missing or its controller does not answer (try sinfo)")
        if before.job_id and (job := job_state(before.job_id)).alive:
            raise ValueError(f"{folder.id} is in Slurm's hands already: {job.sentence}")
        executor = _executor(folder, settings, config, before.cwd, after)
        record = replace(
            before, host=socket.gethostname(), pid=None, process_started=None, command=[], job_id=None,
            processes=settings.processes, nodes=settings.nodes, launched=time.time(),
            device="cuda" if settings.gpus_per_node else "cpu", slurm=settings.model_dump(mode="json"),
        )  # fmt: skip
        folder.write_launch(record)
        folder.write_status("launching", name=config.name, message="handed to Slurm", **NO_PROCESS)
        try:
            job_id = _submitted(executor, folder)
        except ValueError as error:
            folder.write_launch(before)
            ended = status.state not in ("", *LIVING)
            state, message = (status.state, status.message) if ended else ("failed", str(error))
            folder.write_status(state, name=config.name, message=message, **NO_PROCESS)
            raise
        script = folder.path / "slurm" / f"{job_id}_submission.sh"
        folder.write_launch(replace(record, job_id=job_id, command=["sbatch", str(script)]))

    def state(self, folder: RunFolder, status: RunStatus, record: LaunchRecord) -> tuple[str, str]:
        """As Slurm tells it; where it does not answer, by the run's last sign of life."""
        if not record.job_id:  # in the hands of whoever hands it in
            return Local().state(folder, status, record)
        job = _job(record.job_id, int(time.time() / ASK_EVERY_SECONDS))
        if job.word == "UNKNOWN" and time.time() - changed(folder.status_file) < SILENCE_SECONDS:
            return status.state or "launching", status.message
        return state_with_job(status, job)

    def stop(self, folder: RunFolder, info: RunInfo) -> None:
        """The wish lies in the folder; a run that still waits is taken out of the queue."""
        job = job_state(_job_id(folder))
        if job.waits:
            self.kill(folder)
        elif job.alive:
            folder.ask_to_stop()

    def kill(self, folder: RunFolder) -> None:
        """Cancel the job: Slurm gives its processes half a minute to save, then ends them."""
        job_id = _job_id(folder)
        waited = job_state(job_id).waits
        cancel(job_id)
        if waited:  # nobody else is there to say so
            folder.write_status("stopped", message="taken out of Slurm's queue", **NO_PROCESS)


def state_with_job(status: RunStatus, job: JobState) -> tuple[str, str]:
    """State of a run on Slurm and a sentence, from its own word and its job.

    A job that waits is "queued", also when it was preempted; one that runs is what the run itself says; one that is
    gone leaves the run's last word if that was finished, stopped or failed, and "crashed" otherwise.
    """
    said = status.state
    if job.waits or (job.word == "COMPLETING" and said == "queued"):
        return "queued", job.sentence
    if job.runs:
        return ("launching", job.sentence) if said in ("", "launching", "queued") else (said, status.message)
    if said not in LIVING and said:
        return said, status.message
    if job.word == "CANCELLED" and said in ("launching", "queued"):
        return "stopped", job.sentence
    return "crashed", job.sentence


@lru_cache(maxsize=256)
def _job(job_id: str, moment: int) -> JobState:
    """The job's state, asked for at most once in a while: a page reads its runs every second or two."""
    return job_state(job_id)


def _job_id(folder: RunFolder) -> str:
    job_id = folder.launched().job_id
    if not job_id:
        raise ValueError(f"{folder.id} was not handed to Slurm: its launch.json names no job")
    return job_id


def _executor(folder: RunFolder, settings: SlurmSettings, config: TrainConfig, cwd: str, after: RunInfo | None) -> Any:
    """submitit's executor with the options of sbatch."""
    from submitit import SlurmExecutor

    executor = SlurmExecutor(folder.path / "slurm", max_num_timeout=settings.requeues)
    options = {
        **settings.options(),
        "job_name": "fcn-" + re.sub(r"[^A-Za-z0-9_.-]+", "-", config.name),
        "dependency": _dependency(after),
        # Python must find fcn_core wherever the job starts; relative paths of the settings mean what they meant here.
        "setup": [f"export PYTHONPATH={shlex.quote(str(PROJECT_ROOT))}${{PYTHONPATH:+:$PYTHONPATH}}"],
        "additional_parameters": {
            "requeue": True, "chdir": cwd if os.path.isdir(cwd) else os.getcwd(), **settings.extra
        },
    }  # fmt: skip
    executor.update_parameters(**{key: value for key, value in options.items() if value is not None})
    return executor


def _dependency(after: RunInfo | None) -> str | None:
    """What Slurm lets the job wait for: the run that it starts from. ValueError when that one will not finish."""
    if after is None:
        return None
    if after.living and after.where == "slurm":
        return f"afterany:{after.job_id}"
    if after.state != "finished":
        raise ValueError(
            f"the run starts from {after.id}, which is {after.state}; hand it to Slurm when that has finished"
        )
    return None


def _submitted(executor: Any, folder: RunFolder) -> str:
    """The number of the new job; ValueError with sbatch's own words when it refuses."""
    from submitit.core.utils import FailedJobError, FailedSubmissionError
    from submitit.helpers import clean_env

    from fcn_core.training.places.slurm_job import TrainingJob

    try:
        with clean_env():  # the app may itself run inside a job
            return str(executor.submit(TrainingJob(str(folder.path))).job_id)
    except (FailedJobError, FailedSubmissionError, OSError) as error:
        reason = re.sub(r"^sbatch: error: ", "", " ".join(str(error).split()))
        raise ValueError(
            f"Slurm refused the job: {reason}. Ask for what a node has: fewer processes or cores, less memory, another "
            "partition"
        ) from None
