"""Training runs on a Slurm cluster: how a run is handed in, where it stands, how it is stopped.

submitit writes the sbatch script and starts one process a rank (slurm_job.py); the run folder stays the one truth.
What submitit keeps lies in the run's own folder under `slurm/`: the script, the output of each process, and two
pickles that hold the path of the run and nothing else. Only the job reads them; the app and the command line never
unpickle anything.
"""

from __future__ import annotations

import re
import shlex
import socket
import time
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError, model_validator

from fcn_core.training.runs import LIVING, RunFolder
from fcn_core.training.settings import Settings
from fcn_core.training.slurm_queue import JobState, cancel, is_here, job_state, partitions

NO_PROCESS = {"host": None, "pid": None, "process_started": None}  # while a job waits, nobody works on its run


class SlurmSettings(Settings):
    """What a job asks Slurm for."""

    partition: str | None = Field(default=None, description="Partition (queue); empty takes the cluster's default.")
    nodes: int = Field(default=1, ge=1, description="Machines that work together on the run.")
    processes_per_node: int = Field(
        default=1, ge=1, description="Training processes on each node: as many as GPUs, or 1 on processors."
    )
    gpus_per_node: int = Field(default=0, ge=0, description="GPUs on each node, one a process; 0 trains on processors.")
    cpus_per_process: int = Field(
        default=4, ge=1, description="Processor cores of each process: for its data workers, or for training itself."
    )
    memory_gb: float | None = Field(
        default=None, gt=0, description="Memory of each node in GB; empty takes the partition's default."
    )
    minutes: int = Field(
        default=720, ge=1, description="Time limit of the job; a run that needs longer saves and queues again."
    )
    requeues: int = Field(
        default=100, ge=0, description="How often the run queues again when its minutes are over, before it stops."
    )
    notice_seconds: int = Field(
        default=120, ge=1, description="How long before the end of its minutes the run is told to save."
    )
    account: str | None = Field(
        default=None, description="Account that the job is charged to, where clusters want one."
    )
    qos: str | None = Field(default=None, description="Quality of service, where clusters want one.")
    extra: dict[str, str] = Field(
        default={}, description="Further options of sbatch by their long names, such as constraint: a100."
    )

    @model_validator(mode="after")
    def _one_gpu_a_process(self) -> SlurmSettings:
        if self.gpus_per_node and self.processes_per_node != self.gpus_per_node:
            raise ValueError(
                f"processes_per_node ({self.processes_per_node}) must equal gpus_per_node ({self.gpus_per_node}): "
                "each process works on one GPU"
            )
        for name, value in self.extra.items():
            if not re.fullmatch(r"[a-z][a-z-]*", name) or "\n" in value:
                raise ValueError(f"extra: expected a long option of sbatch and its value on one line, got {name!r}")
        return self

    @property
    def processes(self) -> int:
        """Of all nodes together."""
        return self.nodes * self.processes_per_node

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SlurmSettings:
        """Settings from plain values; ValueError names each field that is wrong and why."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            lines = [f"{'.'.join(str(p) for p in e['loc']) or 'slurm'}: {e['msg']}" for e in error.errors()]
            raise ValueError("; ".join(lines)) from None


def submit(run: RunFolder | str | Path, settings: SlurmSettings | None = None) -> RunFolder:
    """Hand the run in this folder to Slurm: from its beginning, or from its last checkpoint when it has one.

    run: a folder with a config.yaml that all nodes see under the same path. settings: empty takes those of the last
    time. ValueError when there is no Slurm, it refuses, or the run is in its hands already.
    """
    folder = RunFolder.open((run.path if isinstance(run, RunFolder) else Path(run)).resolve())
    config, before = folder.config(), folder.launched()
    if settings is None:
        settings = SlurmSettings.from_dict(before.get("slurm") or {})
    if not is_here():
        raise ValueError("there is no Slurm here: sbatch is missing or its controller does not answer (try sinfo)")
    if before.get("where") == "slurm" and (job := job_state(str(before["job_id"]))).alive:
        raise ValueError(f"{folder.id} is in Slurm's hands already: {job.sentence}")
    executor = _executor(folder, settings, config.name)
    folder.forget_stop()
    folder.write_status("queued", name=config.name, message="handed to Slurm", **NO_PROCESS)
    try:
        job_id = _submitted(executor, folder)
    except ValueError as error:
        folder.write_status("failed", name=config.name, message=str(error), **NO_PROCESS)
        raise
    folder.write_launch({
        **before, "where": "slurm", "host": socket.gethostname(), "pid": None, "process_started": None,
        "command": ["sbatch", str(folder.path / "slurm" / f"{job_id}_submission.sh")],
        "processes": settings.processes, "nodes": settings.nodes, "job_id": job_id, "launched": time.time(),
        "slurm": settings.model_dump(mode="json"),
    })  # fmt: skip
    return folder


def run_state(status: dict[str, Any], job: JobState) -> tuple[str, str]:
    """State of a run on Slurm and a sentence, from its status.json and its job.

    A job that waits is "queued", also when it was preempted; one that runs is what the run itself says; one that is
    gone leaves the run's last word if that was finished, stopped or failed, and "crashed" otherwise.
    """
    said, message = str(status.get("state", "")), str(status.get("message") or "")
    if job.waits or (job.word == "COMPLETING" and said == "queued"):
        return "queued", job.sentence
    if job.runs:
        return ("launching", job.sentence) if said in ("", "launching", "queued") else (said, message)
    if said not in LIVING and said:
        return said, message
    if job.word == "CANCELLED" and said in ("launching", "queued"):
        return "stopped", job.sentence
    return "crashed", job.sentence


def request_stop(folder: RunFolder) -> None:
    """Ask the run to finish its step, save and end; one that still waits is taken out of the queue."""
    job = job_state(_job_id(folder))
    if job.waits:
        kill(folder)
    elif job.alive:
        folder.ask_to_stop()


def kill(folder: RunFolder) -> None:
    """Cancel the job: Slurm gives its processes half a minute to save, then ends them."""
    job_id = _job_id(folder)
    waited = job_state(job_id).waits
    cancel(job_id)
    if waited:  # nobody else is there to say so
        folder.write_status("stopped", message="taken out of Slurm's queue", **NO_PROCESS)


def log_files(folder: RunFolder) -> tuple[Path, ...]:
    """What the processes of the latest job printed, by rank; log.txt has what a person wants to know first."""
    files = (folder.path / "slurm").glob(f"{folder.launched().get('job_id')}_*_log.out")
    return tuple(sorted(files, key=lambda path: int(path.name.split("_")[1])))


def _job_id(folder: RunFolder) -> str:
    job_id = folder.launched().get("job_id")
    if not job_id:
        raise ValueError(f"{folder.id} was not handed to Slurm: its launch.json names no job")
    return str(job_id)


def _executor(folder: RunFolder, settings: SlurmSettings, name: str) -> Any:
    """submitit's executor with the options of sbatch."""
    from submitit import SlurmExecutor

    from fcn_core.training.slurm_job import code_root

    executor = SlurmExecutor(folder.path / "slurm", max_num_timeout=settings.requeues)
    asked = {
        "job_name": "fcn-" + re.sub(r"[^A-Za-z0-9_.-]+", "-", name),
        "partition": settings.partition,
        "nodes": settings.nodes,
        "ntasks_per_node": settings.processes_per_node,
        "cpus_per_task": settings.cpus_per_process,
        "gpus_per_node": settings.gpus_per_node or None,
        "mem": None if settings.memory_gb is None else f"{round(settings.memory_gb * 1024)}M",
        "time": settings.minutes,
        "signal_delay_s": settings.notice_seconds,
        "account": settings.account,
        "qos": settings.qos,
        "stderr_to_stdout": True,
        "additional_parameters": {"requeue": True, **settings.extra},
        # Python must find fcn_core whatever folder the job starts in.
        "setup": [f"export PYTHONPATH={shlex.quote(str(code_root()))}${{PYTHONPATH:+:$PYTHONPATH}}"],
    }
    executor.update_parameters(**{key: value for key, value in asked.items() if value is not None})
    return executor


def _submitted(executor: Any, folder: RunFolder) -> str:
    """The number of the new job; ValueError with sbatch's own words when it refuses."""
    from submitit.core.utils import FailedJobError, FailedSubmissionError
    from submitit.helpers import clean_env

    from fcn_core.training.slurm_job import TrainingJob

    try:
        with clean_env():  # the app may itself run inside a job
            return str(executor.submit(TrainingJob(str(folder.path))).job_id)
    except (FailedJobError, FailedSubmissionError, OSError) as error:
        reason = re.sub(r"^sbatch: error: ", "", " ".join(str(error).split()))
        raise ValueError(f"Slurm refused the job: {reason}") from None


__all__ = [
    "JobState", "SlurmSettings", "cancel", "is_here", "job_state", "kill", "log_files", "partitions",
    "request_stop", "run_state", "submit",
]  # fmt: skip
