"""`data list | download | lint`: which data sets there are, fetching them, and what is wrong with one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fcn_core.cli.console import STDOUT, JsonOption, print_table, progress_bar, write_json, wrong
from fcn_core.cli.datasets import CountOption, LimitOption, choose_dataset

if TYPE_CHECKING:
    from fcn_core.data.lint.linter import LintReport
    from fcn_core.labels import LabelSet

data_app = typer.Typer(help="List, fetch and check labelled data.", no_args_is_help=True)


@data_app.command("list")
def list_datasets(json: JsonOption = None) -> None:
    """The data sets that can be opened by name, and where to get them."""
    from fcn_core.data.datasets import DATASETS

    if json != STDOUT:
        rows = [
            (kind, record.title, ",".join(record.splits), ",".join(record.channels), "yes" if record.download else "-")
            for kind, record in DATASETS.items()
        ]
        print_table(("name", "data set", "splits", "images", "download"), rows)
        for kind, record in DATASETS.items():
            lines = (
                record.about,
                record.layout and f"Layout: {record.layout}",
                record.source and f"From: {record.source}",
            )
            print(f"\n{kind}", *(f"  {line}" for line in lines if line), sep="\n")
    about = [
        {"kind": kind, "title": record.title, "about": record.about, "splits": record.splits,
         "images": dict(record.channels), "tasks": {name: labels.title for name, labels in record.tasks.items()},
         "layout": record.layout, "licence": record.licence, "source": record.source,
         "download": [archive.url for archive in record.download]}
        for kind, record in DATASETS.items()
    ]  # fmt: skip
    write_json(about, json)


@data_app.command("download")
def download(
    kind: Annotated[str, typer.Argument(metavar="NAME", help="A name of `data list` that is offered for download.")],
    root: Annotated[Path, typer.Option(help="Folder to put it into; use the same one as --root afterwards.")],
    json: JsonOption = None,
) -> None:
    """Fetch a published data set, verify it and unpack it; what broke off is continued the next time."""
    from fcn_core.data.datasets import DATASETS, download_dataset

    if kind not in DATASETS:
        raise wrong("NAME", f"expected one of {', '.join(DATASETS)}, got {kind!r}")
    with progress_bar(f"Fetching {kind}", data=True) as update:
        folders = download_dataset(kind, root, progress=lambda _, done, total: update(done, total))
    if json != STDOUT:
        for folder in folders:
            print(folder)
    write_json({"kind": kind, "root": root, "folders": folders}, json)


@data_app.command("lint")
def lint(
    folder: Annotated[
        Path | None, typer.Argument(metavar="[ROOT]", help="Folder of the data set: images/ and masks/, or CamVid.")
    ] = None,
    dataset: Annotated[
        str | None, typer.Option(help="A name of `data list`. Default: the layout of the folder tells.")
    ] = None,
    root: Annotated[Path | None, typer.Option(help="The folder, if not given as ROOT.")] = None,
    labels: Annotated[
        str | None,
        typer.Option(help="Classes of the label maps: camvid, voc … Default: classes.txt, if there is one."),
    ] = None,
    limit: LimitOption = None,
    count: CountOption = 50,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings, too, lead to exit code 1.")] = False,
    json: JsonOption = None,
) -> None:
    """Check every photo and label map of a data set: pairs, sizes, indices, colours, void, balance, doubles.

    Exit code 1 if a training could not use the data as they are.
    """
    from fcn_core.labels import LABEL_SETS

    if labels is not None and labels not in LABEL_SETS:
        raise wrong("--labels", f"expected one of {', '.join(LABEL_SETS)}, got {labels!r}")
    if folder is not None and root is not None:
        raise wrong("--root", "the folder is given twice")
    place = folder if folder is not None else root
    if dataset is None and place is None:
        raise wrong("ROOT", "give the folder of the data set, or --dataset NAME")
    report = _look_through(place, dataset, LABEL_SETS[labels] if labels else None, limit, count)
    failed = not report.ok or (strict and any(finding.severity == "warning" for finding in report.findings))
    if json != STDOUT:
        _print(report)
    write_json({"ok": report.ok, **asdict(report)}, json)
    if failed:
        raise typer.Exit(1)


def _look_through(
    place: Path | None, dataset: str | None, labels: LabelSet | None, limit: int | None, count: int
) -> LintReport:
    from fcn_core.data.lint.linter import lint as look_at_folder
    from fcn_core.data.lint.linter import lint_dataset

    with progress_bar("Checking") as update:
        if dataset is None:
            assert place is not None
            return look_at_folder(place, labels=labels, limit=limit, progress=update)
        choose_dataset(dataset, place)
        return lint_dataset(dataset, place, labels=labels, limit=limit, count=count, progress=update)


def _print(report: LintReport) -> None:
    print_table(("split", "pictures"), [(split or "(all)", count) for split, count in report.pictures.items()])
    for finding in report.findings:
        some = f" [{', '.join(finding.files)}{', …' if finding.count > len(finding.files) else ''}]"
        mend = "" if finding.severity == "note" else f" {finding.mend}"
        print(f"{finding.severity}: {finding.message}{some if finding.files else ''}.{mend}")
    print("not usable as it is" if not report.ok else "usable")
