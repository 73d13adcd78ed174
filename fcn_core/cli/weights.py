"""`weights list | pull | import | card | bundle`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fcn_core.cli.bundle import bundle
from fcn_core.cli.console import STDOUT, JsonOption, complain, print_table, progress_bar, write_json, wrong

if TYPE_CHECKING:
    from fcn_core.weights import FitReport, WeightRecord

weights_app = typer.Typer(help="List, fetch, import and describe weights.", no_args_is_help=True)
weights_app.command()(bundle)
NamesArgument = Annotated[list[str], typer.Argument(help="Names of `weights list`.")]


@weights_app.command("list")
def list_weights(
    here: Annotated[bool, typer.Option("--here", help="Only those on this machine.")] = False,
    json: JsonOption = None,
) -> None:
    """All weights that can be named, and which of them are on this machine."""
    from fcn_core.weights import CATALOGUE, is_here

    records = [record for record in CATALOGUE.values() if is_here(record) or not here]
    if json != STDOUT:
        rows = [
            (record.name, ",".join(f"{head}s" for head in record.heads) or record.kind, record.labels or "-",
             _miou(record), record.source, _megabytes(record), "yes" if is_here(record) else "no")
            for record in records
        ]  # fmt: skip
        print_table(("name", "heads", "classes", "mIoU", "source", "MB", "here"), rows)
    write_json([{**record.to_dict(), "here": is_here(record), "path": record.path} for record in records], json)


@weights_app.command("pull")
def pull(names: NamesArgument, json: JsonOption = None) -> None:
    """Fetch weights into the cache folder (FCN_LAB_HOME), verified, so that they work without a network."""
    from fcn_core.weights import fetch

    records = [_record(name) for name in names]
    done: list[dict[str, Any]] = []
    for record in records:
        try:
            with progress_bar(f"Fetching {record.name}", record.size_bytes, data=True) as update:
                path = fetch(record, progress=update)
            done.append({"name": record.name, "path": path})
            if json != STDOUT:
                print(path)
        except (ValueError, OSError) as problem:
            complain(f"{record.name}: {problem}")
            done.append({"name": record.name, "error": str(problem)})
    write_json(done, json)
    if any("error" in item for item in done):
        raise typer.Exit(1)


@weights_app.command("card")
def card(
    name: Annotated[str, typer.Argument(help="A name, or a .safetensors file of ours.")], json: JsonOption = None
) -> None:
    """What weights are: data, recipe, licence, measured figures."""
    from fcn_core.weights.cards import read_card, render_card

    about = read_card(_record(name))
    if json != STDOUT:
        print(render_card(about))
    write_json(about, json)


@weights_app.command("import")
def import_weights(
    file: Annotated[Path, typer.Argument(help=".caffemodel, torchfcn .pth, or our .safetensors.")],
    name: Annotated[str | None, typer.Option(help="Name in the catalogue. Default: the file's.")] = None,
    labels: Annotated[
        str | None, typer.Option(help="Label set: camvid or voc. Default: by the number of classes.")
    ] = None,
    at_once: Annotated[
        bool | None, typer.Option("--at-once/--not-at-once", help="Whether the net scales its skips (0.01 and 0.0001).")
    ] = None,
    check: Annotated[bool, typer.Option("--check", help="Only say whether the file fits; write nothing.")] = False,
    json: JsonOption = None,
) -> None:
    """Bring a weights file of your own into the catalogue; says what is missing, extra or of the wrong shape."""
    from fcn_core.weights import ImportFailed, import_file, inspect_file

    imported = None
    try:
        if check:
            report = inspect_file(file, labels=labels, at_once=at_once)
        else:
            imported = import_file(file, name=name, labels=labels, at_once=at_once)
            report = imported.report
        problem: object = None if report.ok else f"{file.name} does not fit the network"
    except ImportFailed as failure:
        report, problem = failure.report, f"{file.name} does not fit the network"
    if json != STDOUT:
        for sentence in (*report.sentences(), *report.notes):
            print(sentence)
        if check and report.ok:
            print(f"{file.name} fits: all {len(report.fitted)} tensors of the network are there, in the right shapes.")
        if imported is not None:
            print(f"Imported as {imported.loaded.record.name}: {imported.path}")
    write_json({**_report(report), "name": imported.loaded.record.name if imported else None,
                "path": imported.path if imported else None}, json)  # fmt: skip
    if problem is not None:
        complain(problem)
        raise typer.Exit(1)


def _report(report: FitReport) -> dict[str, Any]:
    return {"ok": report.ok, "missing": report.missing, "extra": report.extra, "wrong_shape": report.wrong_shape,
            "notes": report.notes}  # fmt: skip


def _record(name: str) -> WeightRecord:
    from fcn_core.weights import CATALOGUE, UnknownWeights
    from fcn_core.weights.loading import record_of_file

    if Path(name).suffix.lower() == ".safetensors" and Path(name).expanduser().is_file():
        return record_of_file(Path(name).expanduser())
    try:
        return CATALOGUE[name]
    except UnknownWeights as problem:
        raise wrong("NAME", problem) from None


def _miou(record: WeightRecord) -> str:
    """Of the finest head that was measured."""
    measured = [scores["miou"] for scores in record.scores.values() if scores.get("miou") is not None]
    finest = record.scores.get(f"{min(record.heads)}s", {}).get("miou") if record.heads else None
    value = finest if finest is not None else next(iter(measured), None)
    return f"{value:.3f}" if value is not None else "-"


def _megabytes(record: WeightRecord) -> str:
    return f"{record.size_bytes / 1e6:.0f}" if record.size_bytes else "-"
