"""What launch.json and status.json say, as values: how a run was started, and its own last word."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

LIVING = ("launching", "queued", "preparing", "running")
ENDED = ("finished", "stopped", "failed")
NO_PROCESS: dict[str, None] = {"host": None, "pid": None, "process_started": None}  # nobody works on the run
STAYING = ("name", "step", "epoch", "fraction", "elapsed", "loss", "lr", "best_miou")


@dataclass(frozen=True)
class LaunchRecord:
    """launch.json. where: name of the place; host, pid, process_started: the process that was started, None while it is
    not known; processes: of all nodes; job_id: Slurm's; launched: seconds since 1970; cwd: folder that relative paths
    of the settings start from; recipe: the preset; group: id of the first of linked runs; slurm: what Slurm was asked.
    """

    where: str = "local"
    host: str | None = None
    pid: int | None = None
    process_started: float | None = None
    command: list[str] = field(default_factory=list)
    processes: int = 1
    nodes: int = 1
    job_id: str | None = None
    launched: float | None = None
    cwd: str = ""
    device: str = ""
    recipe: str = ""
    group: str = ""
    slurm: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class RunStatus:
    """status.json. state: one of LIVING or ENDED, empty when nothing was written; fraction: 0-1; elapsed, eta: seconds;
    best_miou: 0-1; waiting_for: id of a run; updated: seconds since 1970; host, pid, process_started: who wrote it.
    """

    state: str = ""
    name: str = ""
    step: int = 0
    epoch: float = 0.0
    fraction: float = 0.0
    elapsed: float = 0.0
    eta: float | None = None
    loss: float | None = None
    lr: float = 0.0
    best_miou: float | None = None
    message: str = ""
    waiting_for: str = ""
    updated: float | None = None
    host: str | None = None
    pid: int | None = None
    process_started: float | None = None


Kind = TypeVar("Kind", LaunchRecord, RunStatus)
HINTS: dict[type, dict[str, Any]] = {kind: get_type_hints(kind) for kind in (LaunchRecord, RunStatus)}


def from_plain(kind: type[Kind], values: Mapping[str, Any]) -> Kind:
    """The record that `values` of a file make; what is missing or of another type keeps its default."""
    hints = HINTS[kind]
    return kind(**{name: value for name, value in values.items() if name in hints and _fits(value, hints[name])})


def _fits(value: object, hint: Any) -> bool:
    if isinstance(value, bool) or (isinstance(value, float) and not math.isfinite(value)):
        return False
    kinds = get_args(hint) if isinstance(hint, UnionType) else (get_origin(hint) or hint,)
    return isinstance(value, (*kinds, int) if float in kinds else kinds)
