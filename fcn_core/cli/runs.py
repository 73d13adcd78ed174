"""`runs`: the table of training runs; `runs show | log | stop | resume | delete` for one of them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated, Any

import typer

from fcn_core.cli.console import STDOUT, JsonOption, complain, duration, print_table, say, write_json, wrong
from fcn_core.training.places.launch import delete_run, kill, request_stop, resume_run
from fcn_core.training.places.run_info import RunInfo
from fcn_core.training.places.run_state import find_run, list_runs, read_run, runs_root
from fcn_core.training.run_folder.runs import RunFolder

runs_app = typer.Typer(help="List, watch, stop, resume and delete training runs.", invoke_without_command=True)
RunArgument = Annotated[
    str, typer.Argument(metavar="ID", help="Id of the run, an unmistakable beginning, or a folder.")
]
RootOption = Annotated[
    Path | None, typer.Option("--runs", help="Folder with the runs. Default: FCN_LAB_RUNS, else ./runs.")
]


@runs_app.callback()
def table(context: typer.Context, runs: RootOption = None, json: JsonOption = None) -> None:
    """All runs, the latest launched first. With one of the commands below: one run."""
    if context.invoked_subcommand is not None:
        if runs is not None or json is not None:
            raise wrong("runs", f"give --runs and --json behind the command: runs {context.invoked_subcommand} ID …")
        return
    found = list_runs(runs)
    if json != STDOUT:
        if not found:
            say(f"no runs in {runs or runs_root()}")
        else:
            rows = [
                (run.id, run.state, run.data, run.recipe, run.step, _share(run), _miou(run), duration(run.elapsed))
                for run in found
            ]
            print_table(("run", "state", "data", "recipe", "steps", "done", "best mIoU", "duration"), rows)
        for run in found:
            if run.state == "queued":
                say(f"{run.id} {run.message}")
            if run.problem:
                complain(f"{run.id}: {run.problem}")
    write_json([_facts(run) for run in found], json)


@runs_app.command("show")
def show(run: RunArgument, runs: RootOption = None, json: JsonOption = None) -> None:
    """How a run stands, and where its files are."""
    folder = _find(run, runs)
    info = read_run(folder.path)
    if json != STDOUT:
        lines = {
            "run": info.id, "folder": info.path, "state": info.state, "message": info.message,
            "problem": info.problem, "data": info.data, "recipe": info.recipe, "device": info.device,
            "steps": info.step, "epochs": f"{info.epoch:.1f}", "done": _share(info), "best mIoU": _miou(info),
            "duration": duration(info.elapsed), "time left": duration(info.eta) if info.eta is not None else "",
            "launched": time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(info.launched)),
            "weights": folder.weights() or "",
        }  # fmt: skip
        for name, value in lines.items():
            if value not in ("", None):
                print(f"{name:<10} {value}")
        if info.log_tail:
            print("\nlast lines of the log:\n" + info.log_tail)
    write_json(_facts(info), json)


@runs_app.command("log")
def log(
    run: RunArgument,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many of the last lines.")] = 40,
    runs: RootOption = None,
) -> None:
    """The last lines of a run's log."""
    print(_find(run, runs).log_tail(lines))


@runs_app.command("stop")
def stop(
    run: RunArgument,
    now: Annotated[bool, typer.Option("--now", help="Kill it; what came after its last checkpoint is lost.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="Seconds to wait until it has ended.")] = 60.0,
    runs: RootOption = None,
) -> None:
    """Let a run finish its step, save and end; one that waits leaves the queue."""
    folder = _find(run, runs)
    (kill if now else request_stop)(folder)
    patience = time.monotonic() + wait
    while (info := read_run(folder.path)).living:
        if time.monotonic() > patience:
            say(f"{info.id} was asked to stop and is still {info.state}; it ends after its step")
            return
        time.sleep(0.3)
    print(f"{info.id} {info.state} after {info.step} steps")


@runs_app.command("resume")
def resume(run: RunArgument, runs: RootOption = None) -> None:
    """Let a run that was stopped, failed or crashed go on in the background."""
    folder = _find(run, runs)
    resume_run(folder)
    print(f"{folder.id} goes on in the background")


@runs_app.command("delete")
def delete(
    run: RunArgument,
    yes: Annotated[bool, typer.Option("--yes", help="Really delete it, with its weights.")] = False,
    runs: RootOption = None,
) -> None:
    """Remove a run with its metrics, checkpoints and weights."""
    folder = _find(run, runs)
    if not yes:
        raise wrong("--yes", f"this removes {folder.path} with its weights for good; add --yes to do it")
    delete_run(folder)
    print(f"{folder.id} deleted")


def _find(word: str, root: Path | None) -> RunFolder:
    try:
        return find_run(word, root)
    except ValueError as problem:
        raise wrong("ID", problem) from None


def _share(run: RunInfo) -> str:
    return f"{100 * run.fraction:.0f} %"


def _miou(run: RunInfo) -> str:
    return "-" if run.best_miou is None else f"{run.best_miou:.4f}"


def _facts(run: RunInfo) -> dict[str, Any]:
    return {name: value for name, value in vars(run).items() if name not in ("config", "log_tail")}
