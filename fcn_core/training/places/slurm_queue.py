"""What Slurm knows: whether it is here, its partitions, the state of a job; and how a job is signalled or cancelled.

submitit asks `sacct`, which answers only where accounting is set up; `squeue` answers everywhere, for jobs that wait,
run or ended in the last minutes. Older jobs are looked up in `sacct` if that answers, and are "unknown" otherwise.
"""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import dataclass

PATIENCE_SECONDS = 20.0
WAITING = ("PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT")
RUNNING = ("RUNNING", "COMPLETING", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED", "SUSPENDED")
UNKNOWN = "UNKNOWN"
REASONS = {
    "BeginTime": "it may begin again in a few minutes",
    "Dependency": "the job before it is not over",
    "JobHeldAdmin": "an administrator holds it back",
    "JobHeldUser": "it is held back; release it with scontrol",
    "PartitionDown": "the partition is down",
    "PartitionNodeLimit": "the partition does not allow so many nodes",
    "PartitionTimeLimit": "the partition does not allow so many minutes",
    "Priority": "jobs of higher priority come first",
    "ReqNodeNotAvail": "a node that it needs is not available",
    "Resources": "no free nodes",
}
ENDS = {
    "BOOT_FAIL": "a node did not start",
    "CANCELLED": "cancelled",
    "COMPLETED": "ended",
    "DEADLINE": "stopped at its deadline",
    "FAILED": "failed",
    "NODE_FAIL": "a node failed",
    "OUT_OF_MEMORY": "ended by Slurm: more memory used than asked for",
    "PREEMPTED": "ended by Slurm in favour of another job",
    "TIMEOUT": "ended by Slurm: its minutes were over",
}


@dataclass(frozen=True)
class JobState:
    """Where a job stands. word: Slurm's own, such as PENDING, or UNKNOWN; reason: Slurm's word why it waits or ended;
    nodes: names of its nodes, as Slurm abbreviates them.
    """

    job_id: str
    word: str
    reason: str = ""
    nodes: str = ""

    @property
    def waits(self) -> bool:
        return self.word in WAITING

    @property
    def runs(self) -> bool:
        return self.word in RUNNING

    @property
    def alive(self) -> bool:
        """Whether Slurm still has work to do for it."""
        return self.waits or self.runs

    @property
    def sentence(self) -> str:
        """For people, in a few words."""
        job = f"Slurm job {self.job_id}"
        if self.waits:
            why = REASONS.get(self.reason, "" if self.reason in ("", "None") else f"Slurm's reason: {self.reason}")
            return f"{job} waits" + (f": {why}" if why else "")
        if self.runs:
            return f"{job} runs" + (f" on {self.nodes}" if self.nodes else "")
        return f"{job} {ENDS[self.word]}" if self.word in ENDS else f"{job} is not known to Slurm any more"


def is_here() -> bool:
    """Whether jobs can be handed to a Slurm from this machine: sbatch is installed and the controller answers."""
    return shutil.which("sbatch") is not None and _ask("sinfo", "-h", "-o", "%R") is not None


def partitions() -> tuple[str, ...]:
    """Names of the partitions, the default one first; empty without a Slurm."""
    names = dict.fromkeys((_ask("sinfo", "-h", "-o", "%P") or "").split())  # the default one ends in *
    return tuple(name.rstrip("*") for name in sorted(names, key=lambda name: not name.endswith("*")))


def job_state(job_id: str) -> JobState:
    """The state of a job; `word` is UNKNOWN when Slurm does not answer or has forgotten it."""
    answer = _ask("squeue", "-h", "-t", "all", "-j", _checked(job_id), "-o", "%T|%r|%N")
    if not answer or not answer.strip():
        answer = _ask("sacct", "-n", "-X", "-P", "-j", job_id, "-o", "State,Reason,NodeList")
    words = (answer or "").strip().splitlines()[:1]
    state, reason, nodes = (*words[0].split("|"), "", "", "")[:3] if words else (UNKNOWN, "", "")
    return JobState(job_id=job_id, word=state.split()[0] if state.strip() else UNKNOWN, reason=reason, nodes=nodes)


def cancel(job_id: str) -> None:
    """End a job: SIGTERM to its processes, SIGKILL after Slurm's patience (KillWait, usually 30 s)."""
    _tell("scancel", _checked(job_id))


def is_preempted(job_id: str) -> bool:
    """Whether Slurm is about to end this running job in favour of another one (and nobody cancelled it)."""
    words = (_ask("scontrol", "-o", "show", "job", _checked(job_id)) or "").split()
    preempted = any(word.startswith("PreemptTime=") and word != "PreemptTime=None" for word in words)
    return preempted and job_state(job_id).word == "RUNNING"


def _checked(job_id: str) -> str:
    if not job_id.isdigit():
        raise ValueError(f"a Slurm job has a number, got {job_id!r}")
    return job_id


def _ask(*command: str) -> str | None:
    """What a command printed; None when it is missing, failed or took too long."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout


def _tell(*command: str) -> None:
    """Run a command; ValueError with its own words when it fails."""
    try:
        subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=True)
    except subprocess.CalledProcessError as error:
        raise ValueError(f"{command[0]} refused: {' '.join(error.stderr.split()) or error}") from None
    except (OSError, subprocess.TimeoutExpired):
        raise ValueError(f"Slurm does not answer: {command[0]} is missing or took too long") from None
