"""The program: its commands, and what becomes of errors.

Exit codes: 0 all went well, 1 something failed (each failure has its line on standard error),
2 the command line itself was wrong.
"""

from __future__ import annotations

import io
import os
import sys
import warnings
from collections.abc import Sequence
from pathlib import Path

import typer

from fcn_core.cli.console import DEBUG_VARIABLE, complain, give_json_a_value, sentence_for
from fcn_core.cli.data import data_app
from fcn_core.cli.evaluate import evaluate
from fcn_core.cli.export import export
from fcn_core.cli.runs import runs_app
from fcn_core.cli.segment import segment
from fcn_core.cli.slurm import train_on_slurm
from fcn_core.cli.train import train
from fcn_core.cli.weights import weights_app
from fcn_core.machine.allocator import keep_freed_memory

SCRIPT, MODULE = "fcn-lab", "python -m fcn_core"

app = typer.Typer(
    help="FCN Lab on the command line: segment photos, measure, train and export fully convolutional networks.\n\n"
    "Exit codes: 0 all went well, 1 something failed, 2 the command line was wrong.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.command()(segment)
app.add_typer(weights_app, name="weights")
app.command()(train)
app.command()(train_on_slurm)
app.add_typer(runs_app, name="runs")
app.command()(evaluate)
app.add_typer(data_app, name="data")
app.command()(export)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; bad input ends in one line on standard error."""
    words = give_json_a_value(sys.argv[1:] if arguments is None else arguments)
    keep_freed_memory()
    warnings.filterwarnings("ignore", module=r"PIL\.")  # what is wrong with a photo is said once, in our own words
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # file names need not be text
    try:
        app(args=words, prog_name=SCRIPT if Path(sys.argv[0]).stem == SCRIPT else MODULE)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        complain("stopped")
        return 130
    except BrokenPipeError:  # `… | head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as problem:
        if os.environ.get(DEBUG_VARIABLE):
            raise
        complain(sentence_for(problem))
        return 1
    return 0
