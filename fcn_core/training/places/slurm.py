"""Training runs on a Slurm cluster: how a run is handed in, where it stands, how it is stopped.

submitit writes the sbatch script and starts one process a rank (slurm_job.py); the run folder stays the one truth.
What submitit keeps lies in the run's own folder under `slurm/`: the script, the output of each process, and two
pickles that hold the path of the run and nothing else. Only the job reads them; the app and the command line never
unpickle anything.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import socket
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fcn_core.machine.home import PROJECT_ROOT
from fcn_core.training.places.launch import new_run
from fcn_core.training.places.slurm_queue import JobState, cancel, is_here, job_state, partitions
from fcn_core.training.places.slurm_settings import SlurmSettings
from fcn_core.training.run_folder.run_state import read_run
from fcn_core.training.run_folder.runs import LIVING, RunFolder
from fcn_core.training.settings.config import OTHER_RUN, TrainConfig

NO_PROCESS = {"host": None, "pid": None, "process_started": None}  # while a job waits, nobody works on its run


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
    executor = _executor(folder, settings, config, str(before.get("cwd") or ""))
    status = folder.status()
    launch = {
        **before, "where": "slurm", "host": socket.gethostname(), "pid": None, "process_started": None, "command": [],
        "processes": settings.processes, "nodes": settings.nodes, "job_id": None, "launched": time.time(),
        "device": "cuda" if settings.gpus_per_node else "cpu", "slurm": settings.model_dump(mode="json"),
    }  # fmt: skip
    folder.forget_stop()
    folder.write_launch(launch)
    folder.write_status("launching", name=config.name, message="handed to Slurm", **NO_PROCESS)
    try:
        job_id = _submitted(executor, folder)
    except ValueError as error:
        folder.write_launch(before)
        ended = status.get("state") not in (None, *LIVING)
        state, message = (str(status["state"]), status.get("message")) if ended else ("failed", str(error))
        folder.write_status(state, name=config.name, message=message, **NO_PROCESS)
        raise
    script = folder.path / "slurm" / f"{job_id}_submission.sh"
    folder.write_launch({**launch, "job_id": job_id, "command": ["sbatch", str(script)]})
    return folder


def submit_new(
    config: TrainConfig, settings: SlurmSettings, *, root: Path | None = None, run_id: str | None = None,
    recipe: str = "", group: str = "",
) -> RunFolder:  # fmt: skip
    """Make a new run's folder and hand it to Slurm; arguments as for `fcn_core.training.places.launch.launch`.

    ValueError as for `submit`; then no folder is left behind.
    """
    folder = new_run(config, root=root, run_id=run_id, processes=settings.processes, recipe=recipe, group=group)
    try:
        return submit(folder, settings)
    except ValueError:
        shutil.rmtree(folder.path)
        raise


def submit_stages(
    configs: Sequence[TrainConfig], settings: SlurmSettings, *, root: Path | None = None, recipe: str = ""
) -> list[RunFolder]:
    """Hand in linked runs: each after the first starts from the one before it, and Slurm lets it wait for that one."""
    folders: list[RunFolder] = []
    for config in configs:
        if folders:
            config = config.replace(start=f"{OTHER_RUN}{folders[-1].id}")
        group = folders[0].id if folders else ""
        folders.append(submit_new(config, settings, root=root, recipe=recipe, group=group))
    if len(folders) > 1:
        folders[0].write_launch({**folders[0].launched(), "group": folders[0].id})
    return folders


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


def _executor(folder: RunFolder, settings: SlurmSettings, config: TrainConfig, cwd: str) -> Any:
    """submitit's executor with the options of sbatch."""
    from submitit import SlurmExecutor

    executor = SlurmExecutor(folder.path / "slurm", max_num_timeout=settings.requeues)
    options = {
        **settings.options(),
        "job_name": "fcn-" + re.sub(r"[^A-Za-z0-9_.-]+", "-", config.name),
        "dependency": _dependency(folder, config),
        # Python must find fcn_core wherever the job starts; relative paths of the settings mean what they meant here.
        "setup": [f"export PYTHONPATH={shlex.quote(str(PROJECT_ROOT))}${{PYTHONPATH:+:$PYTHONPATH}}"],
        "additional_parameters": {
            "requeue": True, "chdir": cwd if os.path.isdir(cwd) else os.getcwd(), **settings.extra
        },
    }  # fmt: skip
    executor.update_parameters(**{key: value for key, value in options.items() if value is not None})
    return executor


def _dependency(folder: RunFolder, config: TrainConfig) -> str | None:
    """What Slurm lets the job wait for: the run that it starts from. ValueError when that one will not finish."""
    other = config.start_run
    if other is None:
        return None
    info = read_run(folder.path.parent / other)
    if info.living and info.where == "slurm":
        return f"afterany:{info.job_id}"
    if info.state != "finished":
        raise ValueError(f"the run starts from {other}, which is {info.state}; hand it to Slurm when that has finished")
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


__all__ = [
    "JobState", "SlurmSettings", "cancel", "is_here", "job_state", "kill", "log_files", "partitions", "request_stop",
    "run_state", "submit", "submit_new", "submit_stages",
]  # fmt: skip
