"""What a training run asks Slurm for: machines, processes, memory, time; and the options of sbatch that say so."""

from __future__ import annotations

import re
from typing import Any

from pydantic import Field, ValidationError, model_validator

from fcn_core.training.settings.groups import Settings
from fcn_core.training.settings.refusals import refusals


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

    def options(self) -> dict[str, Any]:
        """The options of sbatch under submitit's names; None leaves one to the cluster."""
        return {
            "partition": self.partition,
            "nodes": self.nodes,
            "ntasks_per_node": self.processes_per_node,
            "cpus_per_task": self.cpus_per_process,
            "gpus_per_node": self.gpus_per_node or None,
            "mem": None if self.memory_gb is None else f"{round(self.memory_gb * 1024)}M",
            "time": self.minutes,
            "signal_delay_s": self.notice_seconds,
            "account": self.account,
            "qos": self.qos,
            "stderr_to_stdout": True,
            # srun does not take over the cores of sbatch by itself (since 22.05), and would let the others wait for
            # ever when one process fails.
            "srun_args": [f"--cpus-per-task={self.cpus_per_process}", "--kill-on-bad-exit=1"],
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> SlurmSettings:
        """Settings from plain values; ValueError names each field that is wrong and why."""
        try:
            return cls.model_validate(values)
        except ValidationError as error:
            said = (f"{path or 'slurm'}: {why}" for path, why in refusals(error, cls).items())
            raise ValueError(" ".join(said)) from None
