"""`data lint`: what is wrong with a labelled data set, before a training finds out."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fcn_core.cli.console import STDOUT, JsonOption, print_table, progress_bar, write_json, wrong

data_app = typer.Typer(help="Look after labelled data.", no_args_is_help=True)


@data_app.callback()
def _data() -> None:
    """Look after labelled data."""


@data_app.command("lint")
def lint(
    root: Annotated[Path, typer.Argument(help="Folder of the data set: images/ and masks/, or CamVid.")],
    labels: Annotated[
        str | None,
        typer.Option(help="Classes of the label maps: camvid or voc. Default: classes.txt, if there is one."),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings, too, lead to exit code 1.")] = False,
    json: JsonOption = None,
) -> None:
    """Check every photo and label map of a data set: pairs, sizes, indices, colours, void, balance, doubles.

    Exit code 1 if a training could not use the data as they are.
    """
    from fcn_core.data.lint import lint as look_through
    from fcn_core.labels import LABEL_SETS

    if labels is not None and labels not in LABEL_SETS:
        raise wrong("--labels", f"expected one of {', '.join(LABEL_SETS)}, got {labels!r}")
    with progress_bar("Checking") as update:
        report = look_through(root, labels=LABEL_SETS[labels] if labels else None, progress=update)
    failed = not report.ok or (strict and any(finding.severity == "warning" for finding in report.findings))
    if json != STDOUT:
        print_table(("split", "pictures"), [(split or "(all)", count) for split, count in report.pictures.items()])
        for finding in report.findings:
            some = f" [{', '.join(finding.files)}{', …' if finding.count > len(finding.files) else ''}]"
            mend = "" if finding.severity == "note" else f" {finding.mend}"
            print(f"{finding.severity}: {finding.message}{some if finding.files else ''}.{mend}")
        print("not usable as it is" if not report.ok else "usable")
    write_json({"ok": report.ok, **asdict(report)}, json)
    if failed:
        raise typer.Exit(1)
