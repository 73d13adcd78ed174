"""`train`: a training run from a preset or a YAML file, in this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcn_core.cli.chosen_settings import LENGTHS, SetOption, chosen_settings
from fcn_core.cli.console import STDOUT, JsonOption, duration, print_table, say, tell_launched, write_json, wrong
from fcn_core.cli.train_process import own_folders, run_in_turn, taken_up
from fcn_core.metrics import MEASURES
from fcn_core.training.places.launch import LaunchRequest, launch, resume_run
from fcn_core.training.places.run_state import runs_root
from fcn_core.training.process import LAUNCHED_VARIABLE, hear_signals, leads_the_others, processes_together
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig
from fcn_core.training.settings.presets import PRESETS
from fcn_core.training.settings.stages import expand

if TYPE_CHECKING:
    from fcn_core.training.loop.results import RunListener, RunUpdate, TrainResult


def train(
    settings: Annotated[str | None, typer.Argument(metavar="[PRESET|CONFIG.yaml]", help="What to train.")] = None,
    set_: SetOption = None,
    root: Annotated[Path | None, typer.Option(help="Where the data of the settings lie.")] = None,
    epochs: Annotated[float | None, typer.Option(help="Length in passes over the data.")] = None,
    steps: Annotated[int | None, typer.Option(help="Length in steps.")] = None,
    minutes: Annotated[float | None, typer.Option(help="Length in minutes.")] = None,
    run: Annotated[  # torchrun takes --run for itself, hence the second name
        Path | None, typer.Option("--run", "--folder", help="Folder of the run. Default: runs/NAME-DATE.")
    ] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with the run in this folder.")] = None,
    processes: Annotated[int, typer.Option(min=1, help="Training processes on this machine: one for each GPU.")] = 1,
    detach: Annotated[bool, typer.Option("--detach", help="Train in the background; prints the run's id.")] = False,
    no_wait: Annotated[
        bool, typer.Option("--no-wait", help="Train beside the run that has the device, instead of after it.")
    ] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Make a few steps, print what the run would take, and stop.")
    ] = False,
    show: Annotated[bool, typer.Option("--show", help="Print the settings as YAML and stop.")] = False,
    presets: Annotated[bool, typer.Option("--presets", help="List the presets and stop.")] = False,
    json_: JsonOption = None,
) -> None:
    """Train a network; everything is written into the run's folder.

    One run a device at a time: others wait for their turn. Ctrl-C finishes the step and saves; --resume goes on from
    there. Runs in the background are listed, stopped and resumed with `runs`.
    """
    if os.environ.get(LAUNCHED_VARIABLE):
        hear_signals()
    if presets:
        _list_presets()
        return
    given = zip(LENGTHS, (epochs, steps, minutes), strict=True)
    lengths = {name: value for name, value in given if value is not None}
    if len(lengths) > 1:
        raise wrong(f"--{[*lengths][1]}", f"a run has one length; leave out --{' or --'.join(lengths)}")
    changes = [*(set_ or []), *(f"{name}={value}" for name, value in lengths.items())]
    if resume is not None and (settings is not None or changes or root is not None or run is not None):
        raise wrong("--resume", "a run goes on with its own settings; give --resume DIR alone")
    if detach and no_wait:
        raise wrong("--no-wait", "a run in the background waits for its turn; leave out --detach or --no-wait")
    config = None if resume is not None else chosen_settings(settings, changes, root)
    if show and config is not None:
        print(config.to_yaml(), end="")
        return
    if estimate and config is not None:
        _estimate(config, json_)
        return
    request = LaunchRequest(path=run, recipe=Path(settings).stem if settings else "", processes=processes)
    configs = expand(config) if config is not None else ()
    if detach:
        _in_the_background(configs, request, resume, json_)
        return
    if len(configs) > 1 and processes > 1:
        raise wrong("--processes", "a staged recipe on several processes trains in the background: add --detach")
    folders = own_folders(configs, request) if resume is None else iter((taken_up(resume),))
    _in_this_process(folders, processes, new=resume is None, wait=not no_wait, where=json_)


def _in_the_background(
    configs: tuple[TrainConfig, ...], request: LaunchRequest, resume: Path | None, where: str | None
) -> None:
    """Launch a run or linked ones, or let the one in the folder `resume` go on."""
    if resume is None:
        folders = launch(configs, request)
    else:
        folders = [RunFolder.open(resume)]
        resume_run(folders[0])
    tell_launched([{"id": folder.id, "run": folder.path} for folder in folders], where)


def _in_this_process(folders: Iterator[RunFolder], processes: int, *, new: bool, wait: bool, where: str | None) -> None:
    """Train one run after the other, as long as each comes to its end."""
    result = None
    for folder in folders:
        if new and leads_the_others():
            say(f"training in {folder.path}")
        with _progress() as progress:
            result = run_in_turn(folder, progress, processes=processes, wait=wait)
        if result is None or result.state != "finished":
            if leads_the_others():
                after = "before it began" if result is None else f"after {result.steps} steps"
                say(f"stopped {after}; go on with: train --resume {folder.path}")
            break
    if result is not None and leads_the_others():
        _report(result, where)
    if (result is None or result.state != "finished") and processes_together() == 1:
        raise typer.Exit(1)  # torchrun would take it for a failure and complain at length


def _estimate(config: TrainConfig, where: str | None) -> None:
    from fcn_core.training.loop.preflight import estimate

    cost = estimate(config, runs=runs_root())
    if where != STDOUT:
        total = "unknown" if cost.seconds_total is None else duration(cost.seconds_total)
        frozen = cost.parameters - cost.trained_parameters
        rows = [
            ("parameters", f"{cost.parameters:,}" + (f", {frozen:,} of them frozen" if frozen else "")),
            ("memory of a step", f"{cost.memory_mb:,.0f} MB of {cost.free_memory_mb:,.0f} MB free ({cost.device})"),
            ("a step", f"{cost.seconds_a_step:.3g} s"),
            ("a pass over the data", f"{duration(cost.seconds_an_epoch)}, {cost.epoch_pictures:,} pictures"),
            ("the whole run", total),
            ("disk", f"{cost.disk_mb:,.0f} MB of {cost.free_disk_mb:,.0f} MB free"),
        ]
        print_table(("what", "about"), rows)
    write_json(cost.as_dict(), where)


def _list_presets() -> None:
    print_table(("preset", "what"), [(name, preset.about) for name, preset in PRESETS.items()])


@contextmanager
def _progress() -> Iterator[RunListener]:
    """A bar on a terminal; without one, only the lines that have news; nothing where they end in the log anyway."""
    if os.environ.get(LAUNCHED_VARIABLE):
        yield lambda now: None
        return
    if not sys.stderr.isatty():
        yield lambda now: say(now.message) if now.message else None
        return
    from rich import progress
    from rich.console import Console

    bar = progress.Progress(
        progress.BarColumn(), progress.TaskProgressColumn(), progress.TextColumn("{task.description}"),
        console=Console(stderr=True),
    )  # fmt: skip
    with bar:
        task = bar.add_task("starting", total=1.0)

        def show(now: RunUpdate) -> None:
            loss = "" if now.loss is None else f", loss {now.loss:.4f}"
            left = "" if now.eta is None else f", {duration(now.eta)} left"
            best = "" if now.best_miou is None else f", best mIoU {now.best_miou:.4f}"
            bar.update(task, completed=now.fraction, description=f"step {now.step}{loss}{best}{left}")
            if now.message:
                bar.console.print(now.message, markup=False, highlight=False)

        yield show


def _report(result: TrainResult, where: str | None) -> None:
    scores = result.evaluation.as_dict() if result.evaluation is not None else {"heads": {}}
    test = result.test.as_dict() if result.test is not None else {"heads": {}}
    if where != STDOUT:
        rows = [
            (what, head, *(f"{values[key]:.4f}" for key in MEASURES))
            for what, measured in (("val, at the end", scores), ("test, best weights", test))
            for head, values in measured["heads"].items()
        ]
        if rows:
            print_table(("measured on", "head", *(measure.short for measure in MEASURES.values())), rows)
        if result.weights is not None:
            print(result.weights)
        else:
            say("it has no weights yet: the first validation keeps the first ones")
    about = {"run": result.run_dir, "state": result.state, "steps": result.steps, "seconds": result.seconds,
             "weights": result.weights, "best_miou": result.best_miou}  # fmt: skip
    write_json({**about, **scores, "test": test["heads"]}, where)
