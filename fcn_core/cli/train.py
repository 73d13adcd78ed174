"""`train`: a training run from a preset or a YAML file, in this process."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcn_core.cli.chosen_settings import LENGTHS, chosen_settings
from fcn_core.cli.console import STDOUT, JsonOption, duration, print_table, say, write_json, wrong
from fcn_core.training.process import LAUNCHED_VARIABLE, hear_signals

if TYPE_CHECKING:
    from fcn_core.cli.train_process import Plan
    from fcn_core.training.engine import RunListener, RunUpdate, TrainResult
    from fcn_core.training.settings.config import TrainConfig


def train(
    settings: Annotated[str | None, typer.Argument(metavar="[PRESET|CONFIG.yaml]", help="What to train.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="KEY=VALUE", help="Change a setting: optim.lr=1e-3, train.0.root=DIR."),
    ] = None,
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
    lengths = [name for name, value in zip(LENGTHS, (epochs, steps, minutes), strict=True) if value is not None]
    if len(lengths) > 1:
        raise wrong(f"--{lengths[1]}", f"a run has one length; leave out --{' or --'.join(lengths)}")
    changes = [*(set_ or [])]
    changes += [
        f"{name}={value}" for name, value in zip(LENGTHS, (epochs, steps, minutes), strict=True) if value is not None
    ]
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
    from fcn_core.cli.train_process import Plan, start_in_background
    from fcn_core.training.settings.stages import expand

    plan = Plan(path=resume or run, recipe=Path(settings).stem if settings else "", processes=processes)
    configs = expand(config) if config is not None else ()
    if detach:
        folders = start_in_background(configs, plan)
        if json_ != STDOUT:
            print("\n".join(folder.id for folder in folders))
        write_json([{"id": folder.id, "run": folder.path} for folder in folders], json_)
        return
    if len(configs) > 1 and processes > 1:
        raise wrong("--processes", "a staged recipe on several processes trains in the background: add --detach")
    _in_this_process(configs, plan, wait=not no_wait, where=json_)


def _in_this_process(configs: tuple[TrainConfig, ...], plan: Plan, *, wait: bool, where: str | None) -> None:
    """Train a run, or the linked runs of a staged recipe one after the other; none goes on with the one of `plan`."""
    from fcn_core.cli.train_process import own_folders, run_in_turn

    result = None
    for folder in own_folders(configs, plan):
        if configs and _leads():
            say(f"training in {folder.path}")
        with _progress() as progress:
            result = run_in_turn(folder, progress, processes=plan.processes, wait=wait)
        if result is None or result.state != "finished":
            if _leads():
                after = "before it began" if result is None else f"after {result.steps} steps"
                say(f"stopped {after}; go on with: train --resume {folder.path}")
            break
    if result is not None and _leads():
        _report(result, where)
    if (result is None or result.state != "finished") and not under_torchrun():
        raise typer.Exit(1)  # torchrun would take it for a failure and complain at length


def _estimate(config: TrainConfig, where: str | None) -> None:
    from fcn_core.training.preflight import estimate
    from fcn_core.training.run_folder.run_state import runs_root

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
    from fcn_core.training.settings.presets import PRESETS

    print_table(("preset", "what"), [(name, preset.about) for name, preset in PRESETS.items()])


def under_torchrun() -> bool:
    """Whether this is one of several processes."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def _leads() -> bool:
    """Whether this is the first of the processes that torchrun started (or the only one)."""
    return os.environ.get("RANK", "0") == "0"


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
        keys = ("pa", "mpa", "miou", "fwiou")
        rows = [
            (what, head, *(f"{values[key]:.4f}" for key in keys))
            for what, measured in (("val, at the end", scores), ("test, best weights", test))
            for head, values in measured["heads"].items()
        ]
        if rows:
            print_table(("measured on", "head", "PA", "MPA", "mIoU", "FWIoU"), rows)
        if result.weights is not None:
            print(result.weights)
        else:
            say("it has no weights yet: the first validation keeps the first ones")
    about = {"run": result.run_dir, "state": result.state, "steps": result.steps, "seconds": result.seconds,
             "weights": result.weights, "best_miou": result.best_miou}  # fmt: skip
    write_json({**about, **scores, "test": test["heads"]}, where)
