"""How the command line speaks: errors of one line, progress bars, plain tables, JSON.

Results go to standard output; everything else (errors, progress, remarks) goes to standard error,
so that a pipe carries results only. Bars are drawn on a terminal and nowhere else.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Protocol

import typer

from fcn_core.machine.atomic import written_aside

STDOUT = "-"
# These commands take files or names besides their options, so a word behind --json may be one of those.
WITH_ARGUMENTS = ("segment", "weights", "data", "train", "train-on-slurm", "runs")
DEBUG_VARIABLE = "FCN_LAB_DEBUG"

JsonOption = Annotated[
    str | None,
    typer.Option("--json", metavar="[FILE.json]", help="Write the results as JSON, to standard output or to FILE."),
]
DeviceOption = Annotated[
    str, typer.Option(help="Where the network runs: auto (the GPU if there is one), cpu, cuda, cuda:1 …")
]


def one_line(problem: object) -> str:
    """A message on one line, whatever it was made of."""
    return " ".join(str(problem).split())


def say(sentence: object) -> None:
    """A remark, on standard error."""
    print(one_line(sentence), file=sys.stderr, flush=True)


def complain(problem: object) -> None:
    """One line on standard error about something that went wrong."""
    say(f"Error: {one_line(problem) or type(problem).__name__}")


def sentence_for(problem: Exception) -> str:
    """What to tell a person about an error: our own errors are sentences already."""
    if isinstance(problem, OSError) and problem.strerror:
        return f"{problem.filename}: {problem.strerror}" if problem.filename else problem.strerror
    if isinstance(problem, ValueError):
        return one_line(problem)
    if isinstance(problem, MemoryError) or (isinstance(problem, RuntimeError) and "alloc" in str(problem)):
        return "not enough memory; use smaller pictures, a smaller batch or --device cpu"
    return f"unexpected {type(problem).__name__}: {one_line(problem)} (set {DEBUG_VARIABLE}=1 to see where)"


class Update(Protocol):
    """How a bar is moved: what is done, and of how much where that was not known before."""

    def __call__(self, done: float, total: float | None = None) -> None: ...


@contextmanager
def progress_bar(what: str, total: int | None = None, *, data: bool = False) -> Iterator[Update]:
    """A bar on standard error, if that is a terminal; hands out `update(done, total)`. `data` counts in bytes."""
    if not sys.stderr.isatty():

        def ignore(done: float, total: float | None = None) -> None:
            pass

        yield ignore
        return
    from rich import progress
    from rich.console import Console

    bar = progress.Progress(
        progress.TextColumn("{task.description}"),
        progress.BarColumn(),
        *((progress.DownloadColumn(), progress.TransferSpeedColumn()) if data else (progress.TaskProgressColumn(),)),
        progress.TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    with bar:
        task = bar.add_task(what, total=total)

        def update(done: float, total: float | None = None) -> None:
            bar.update(task, completed=done, total=total)  # a total of None leaves the one that is known

        yield update


def duration(seconds: float) -> str:
    """Hours, minutes and seconds."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


def print_table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Aligned columns on standard output; columns of numbers are aligned on the right."""
    texts = [["" if cell is None else str(cell) for cell in row] for row in rows]
    widths = [max(len(line[i]) for line in (list(header), *texts)) for i in range(len(header))]
    right = [bool(texts) and all(_is_number(line[i]) for line in texts) for i in range(len(header))]
    for line in (list(header), *texts):
        cells = [text.rjust(w) if r else text.ljust(w) for text, w, r in zip(line, widths, right, strict=True)]
        print("  ".join(cells).rstrip())


def _is_number(text: str) -> bool:
    return not text or text in ("-", "nan") or text.replace(".", "", 1).replace("-", "", 1).isdigit()


def tell_launched(runs: Sequence[Mapping[str, Any]], where: str | None) -> None:
    """The ids of runs that were launched, a line each, or these facts about them as JSON to standard output."""
    if where != STDOUT:
        print("\n".join(run["id"] for run in runs))
    write_json(runs, where)


def write_json(data: Any, where: str | None) -> None:
    """JSON to standard output ("-") or into a file, which appears complete or not at all; None writes nothing."""
    if where is None:
        return
    text = json.dumps(_plain(data), indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    if where == STDOUT:
        sys.stdout.write(text)
        sys.stdout.flush()
    else:
        write_file(Path(where).expanduser(), text.encode(errors="backslashreplace"))


def write_file(path: Path, data: bytes) -> None:
    """Write a file in one step (a neighbour is written and moved into place), with its folder."""
    with written_aside(path) as temporary:
        temporary.write_bytes(data)


def _plain(value: Any) -> Any:
    """Nested values as JSON knows them: numpy numbers become numbers, nan becomes null, paths become text."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Path):
        return str(value)
    if hasattr(value, "item") and getattr(value, "ndim", 0) == 0:
        value = value.item()
    elif hasattr(value, "tolist"):
        return _plain(value.tolist())
    return None if isinstance(value, float) and not math.isfinite(value) else value


def give_json_a_value(arguments: Sequence[str]) -> list[str]:
    """`--json` may stand alone and then means standard output: fill in "-" where no file follows.

    With commands that take photos or names, only a word that ends in .json is a file for --json;
    otherwise `segment --json photo.jpg` would write JSON over the photo.
    """
    end = arguments.index("--") if "--" in arguments else len(arguments)
    command = next((word for word in arguments[:end] if not word.startswith("-")), "")
    filled: list[str] = []
    for place, word in enumerate(arguments[:end]):
        filled.append(word)
        following = arguments[place + 1] if place + 1 < end else STDOUT
        if word == "--json" and not (following == STDOUT and place + 1 < end) and not _is_json_file(following, command):
            filled.append(STDOUT)
    return [*filled, *arguments[end:]]


def _is_json_file(word: str, command: str) -> bool:
    if word.startswith("-"):
        return False
    return command not in WITH_ARGUMENTS or word.lower().endswith(".json")


def wrong(parameter: str, sentence: object) -> typer.BadParameter:
    """A usage error (exit code 2) about one parameter."""
    return typer.BadParameter(one_line(sentence), param_hint=parameter)


def choose_device(name: str) -> str:
    """The torch device of --device; a usage error if there is none of that name on this machine."""
    import torch

    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as problem:
        first = str(problem).splitlines()[0]
        raise wrong("--device", f"{name!r} cannot be used on this machine ({first}); cpu always can") from None
    return name


def choose_words(parameter: str, text: str, known: Sequence[str]) -> tuple[str, ...]:
    """The words of a comma list, each once, in the order of `known`; "all" is every one."""
    words = [word.strip().lower() for word in text.split(",") if word.strip()]
    unknown = [word for word in words if word not in (*known, "all")]
    if unknown or not words:
        raise wrong(parameter, f"expected some of {', '.join(known)} (joined by commas) or all, got {text!r}")
    return tuple(known) if "all" in words else tuple(word for word in known if word in words)
