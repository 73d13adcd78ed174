"""`train`: a training run from a preset or a YAML file, in this process."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
import yaml

from fcn_core.cli.console import STDOUT, JsonOption, print_table, say, write_json, wrong
from fcn_core.training.process import LAUNCHED_VARIABLE

if TYPE_CHECKING:
    from fcn_core.cli.train_process import Plan
    from fcn_core.training.config import TrainConfig
    from fcn_core.training.engine import Progress, ProgressCallback, TrainResult

LENGTHS = ("epochs", "steps", "minutes")


def train(
    settings: Annotated[str | None, typer.Argument(metavar="[PRESET|CONFIG.yaml]", help="What to train.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="KEY=VALUE", help="Change a setting: optim.lr=1e-3, train.0.root=DIR."),
    ] = None,
    root: Annotated[Path | None, typer.Option(help="Where the camvid or folder data of the settings lie.")] = None,
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
    show: Annotated[bool, typer.Option("--show", help="Print the settings as YAML and stop.")] = False,
    presets: Annotated[bool, typer.Option("--presets", help="List the presets and stop.")] = False,
    json_: JsonOption = None,
) -> None:
    """Train a network; everything is written into the run's folder.

    One run a device at a time: others wait for their turn. Ctrl-C finishes the step and saves; --resume goes on from
    there. Runs in the background are listed, stopped and resumed with `runs`.
    """
    if presets:
        _list_presets()
        return
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
    from fcn_core.cli.train_process import Plan, start_in_background
    from fcn_core.training.stages import expand

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


def chosen_settings(source: str | None, changes: list[str], root: Path | None) -> TrainConfig:
    """The checked settings of a preset or file, with the changes of the command line."""
    from fcn_core.training.config import TrainConfig

    values, needs_root = _base(source)
    if root is not None and not root.is_dir():
        raise wrong("--root", f"{root} is not a folder")
    for change in changes:
        _change(values, change)
    parts = [part for part in _data_sets(values) if part.get("kind", "streets") != "streets"]
    for part in parts:
        part["root"] = part.get("root") if root is None else str(root)
    if needs_root and any(not part.get("root") for part in parts):
        raise wrong("--root", f"{source} trains on {parts[0]['kind']} data; give --root, the folder where they lie")
    return TrainConfig.from_dict(values)


def _data_sets(values: dict[str, Any]) -> list[dict[str, Any]]:
    train = values.get("train")
    return [part for part in (*(train if isinstance(train, list) else ()), values.get("val")) if isinstance(part, dict)]


def _base(source: str | None) -> tuple[dict[str, Any], bool]:
    """Settings as plain values that may be changed, and whether they lack the folder of the data."""
    from fcn_core.training.presets import PRESETS

    if source is None:
        raise wrong("PRESET", f"give a YAML file or one of the presets {', '.join(PRESETS)}")
    if source in PRESETS:
        return json.loads(json.dumps(dict(PRESETS[source].settings))), PRESETS[source].needs_root
    path = Path(source).expanduser()
    if not path.is_file():
        raise wrong("PRESET", f"{source!r} is neither a file nor one of the presets {', '.join(PRESETS)}")
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise ValueError(f"{path} is not readable as YAML: {problem}") from None
    if not isinstance(values, dict):
        raise ValueError(f"{path} must hold names and values (a YAML mapping), not {type(values).__name__}")
    return values, False


def _change(values: dict[str, Any], change: str) -> None:
    """`optim.lr=1e-3` set in nested values; `train.0.root` reaches into a list."""
    key, equals, text = change.partition("=")
    if not equals or not key.strip():
        raise wrong("--set", f"expected KEY=VALUE, got {change!r}")
    try:
        value = yaml.safe_load(text)
    except yaml.YAMLError:
        raise wrong("--set", f"the value of {change!r} is not readable as YAML") from None
    *groups, last = key.strip().split(".")
    here: Any = values
    for group in groups:
        if isinstance(here, list):
            here = here[_place(here, group, change)]
        else:
            here = here.setdefault(group, {})
            if here is None:
                raise wrong("--set", f"{key}: {group} is empty in these settings; set it as a whole")
        if not isinstance(here, dict | list):
            raise wrong("--set", f"{key}: {group} is a value, not a group of settings")
    if isinstance(here, list):
        here[_place(here, last, change)] = value
        return
    if here is values and last in LENGTHS and value is not None:
        for other in LENGTHS:  # a run has one length
            values.pop(other, None)
    here[last] = value


def _place(items: list[Any], word: str, change: str) -> int:
    if not word.isdigit() or int(word) >= len(items):
        raise wrong("--set", f"{change!r}: {word!r} is not a place in a list of {len(items)} (counted from 0)")
    return int(word)


def _list_presets() -> None:
    from fcn_core.training.presets import PRESETS

    print_table(("preset", "what"), [(name, preset.about) for name, preset in PRESETS.items()])


def under_torchrun() -> bool:
    """Whether this is one of several processes."""
    return int(os.environ.get("WORLD_SIZE", "1")) > 1


def _leads() -> bool:
    """Whether this is the first of the processes that torchrun started (or the only one)."""
    return os.environ.get("RANK", "0") == "0"


@contextmanager
def _progress() -> Iterator[ProgressCallback]:
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

        def show(now: Progress) -> None:
            loss = "" if now.loss is None else f", loss {now.loss:.4f}"
            left = "" if now.eta is None else f", {_duration(now.eta)} left"
            best = "" if now.best_miou is None else f", best mIoU {now.best_miou:.4f}"
            bar.update(task, completed=now.fraction, description=f"step {now.step}{loss}{best}{left}")
            if now.message:
                bar.console.print(now.message, markup=False, highlight=False)

        yield show


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def _report(result: TrainResult, where: str | None) -> None:
    scores = result.evaluation.as_dict() if result.evaluation is not None else {"heads": {}}
    if where != STDOUT:
        if scores["heads"]:
            keys = ("pa", "mpa", "miou", "fwiou")
            rows = [(head, *(f"{values[key]:.4f}" for key in keys)) for head, values in scores["heads"].items()]
            print_table(("head", "PA", "MPA", "mIoU", "FWIoU"), rows)
        print(result.weights)
    about = {"run": result.run_dir, "state": result.state, "steps": result.steps, "seconds": result.seconds,
             "weights": result.weights, "best_miou": result.best_miou}  # fmt: skip
    write_json({**about, **scores}, where)
