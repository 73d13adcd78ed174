"""`train-on-slurm`: hand a training run to a Slurm cluster; `runs` lists, stops and resumes it like any other."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fcn_core.cli.chosen_settings import SetOption, chosen_settings
from fcn_core.cli.console import JsonOption, say, tell_launched, wrong
from fcn_core.training.places.launch import LaunchRequest, launch
from fcn_core.training.places.slurm_settings import SlurmSettings
from fcn_core.training.settings.stages import expand

ASKED = SlurmSettings()
ABOUT = {name: field.description or "" for name, field in SlurmSettings.model_fields.items()}


def train_on_slurm(
    settings: Annotated[str | None, typer.Argument(metavar="PRESET|CONFIG.yaml", help="What to train.")] = None,
    set_: SetOption = None,
    root: Annotated[Path | None, typer.Option(help="Where the data of the settings lie, seen by all nodes.")] = None,
    run: Annotated[
        Path | None, typer.Option(help="Folder of the run, seen by all nodes. Default: runs/NAME-DATE.")
    ] = None,
    partition: Annotated[str | None, typer.Option(help=ABOUT["partition"])] = None,
    nodes: Annotated[int, typer.Option(help=ABOUT["nodes"])] = 1,
    gpus_per_node: Annotated[int, typer.Option(help=ABOUT["gpus_per_node"])] = 0,
    processes_per_node: Annotated[
        int | None, typer.Option(help=ABOUT["processes_per_node"], show_default="as many as GPUs, at least 1")
    ] = None,
    cpus_per_process: Annotated[int, typer.Option(help=ABOUT["cpus_per_process"])] = ASKED.cpus_per_process,
    memory_gb: Annotated[float | None, typer.Option(help=ABOUT["memory_gb"])] = None,
    minutes: Annotated[int, typer.Option("--time-limit", metavar="MINUTES", help=ABOUT["minutes"])] = ASKED.minutes,
    requeues: Annotated[int, typer.Option(help=ABOUT["requeues"])] = ASKED.requeues,
    notice_seconds: Annotated[int, typer.Option(help=ABOUT["notice_seconds"])] = ASKED.notice_seconds,
    account: Annotated[str | None, typer.Option(help=ABOUT["account"])] = None,
    qos: Annotated[str | None, typer.Option(help=ABOUT["qos"])] = None,
    extra: Annotated[
        list[str] | None,
        typer.Option(
            "--sbatch",
            metavar="OPTION=VALUE",
            help="A further option of sbatch, such as constraint=a100. May be repeated.",
        ),
    ] = None,
    json_: JsonOption = None,
) -> None:
    """Hand a training run (or the linked runs of a staged recipe) to Slurm and print its id; `runs` shows and stops it.

    A run whose minutes are over, or that makes way for another job, saves, queues again and goes on where it was.
    """
    configs = expand(chosen_settings(settings, set_ or [], root))
    wanted = SlurmSettings.from_dict({
        "partition": partition, "nodes": nodes, "processes_per_node": processes_per_node or max(1, gpus_per_node),
        "gpus_per_node": gpus_per_node, "cpus_per_process": cpus_per_process, "memory_gb": memory_gb,
        "minutes": minutes, "requeues": requeues, "notice_seconds": notice_seconds, "account": account, "qos": qos,
        "extra": _pairs(extra or []),
    })  # fmt: skip
    folders = launch(configs, LaunchRequest(path=run, recipe=Path(settings).stem if settings else "", slurm=wanted))
    jobs = [{"id": folder.id, "run": folder.path, "job_id": folder.launched().job_id} for folder in folders]
    for job in jobs:
        say(f"handed to Slurm as job {job['job_id']}; see it with: runs show {job['id']}")
    tell_launched(jobs, json_)


def _pairs(words: list[str]) -> dict[str, str]:
    """`constraint=a100` of the command line."""
    pairs = [word.removeprefix("--").partition("=") for word in words]
    for name, equals, _ in pairs:
        if not name or not equals:
            raise wrong("--sbatch", "expected OPTION=VALUE, such as constraint=a100")
    return {name: value for name, _, value in pairs}
