"""`weights bundle`: the best weights of a run as a half-precision file with a measured card."""

from __future__ import annotations

import platform
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fcn_core.cli.console import progress_bar, wrong

if TYPE_CHECKING:
    from fcn_core.training.settings.config import DataSettings, TrainConfig


def bundle(
    run: Annotated[Path, typer.Argument(help="Folder of a training run.")],
    name: Annotated[str | None, typer.Option(help="Name of the weights. Default: the run's.")] = None,
    out: Annotated[Path | None, typer.Option(help="Where to write. Default: the project's assets/weights.")] = None,
    title: Annotated[str, typer.Option(help="One line that names them.")] = "",
    knows: Annotated[str, typer.Option(help="One sentence: what they recognise.")] = "",
    training_data: Annotated[str, typer.Option(help="One sentence: what they learned from.")] = "",
    licence: Annotated[str, typer.Option(help="Under what they may be used.")] = "",
    notes: Annotated[str, typer.Option(help="Anything else.")] = "",
    command: Annotated[str, typer.Option(help="The command that trained them.")] = "",
    machine: Annotated[str, typer.Option(help="What they were trained on.")] = platform.processor(),
) -> None:
    """Measure a run's best weights on its validation data and write them with a card.

    The figures are those of the file as written, in half precision. Folders of this machine are left out of the card.
    """
    from fcn_core.evaluating.evaluate import evaluate
    from fcn_core.segmenting.familiarity import confidence_bound
    from fcn_core.segmenting.segmenter import Segmenter
    from fcn_core.training.loop.stream import open_data
    from fcn_core.training.run_folder.runs import RunFolder
    from fcn_core.weights import load, save_checkpoint, write_card
    from fcn_core.weights.folders import bundled_folder

    folder = RunFolder.open(run)
    config, source = folder.config(), folder.best if folder.best.is_file() else folder.final
    if config.val is None:
        raise wrong("RUN", f"{run} has no validation data to measure its weights on")
    trained = load(str(source))
    name, out = name or config.name, out or bundled_folder()
    about = {"title": title or name, "knows": knows, "training_data": training_data, "licence": licence}
    path = save_checkpoint(
        out / f"{name}.safetensors", trained.model, labels=trained.labels,
        preprocessing=trained.record.preprocessing, half=True, extra=about,
    )  # fmt: skip
    stored, data = load(str(path)), open_data(config.val)
    with progress_bar(f"Measuring {name} on {data.name}", len(data)) as update:
        evaluation = evaluate(stored.model, data, stored.record.preprocessing, progress=update)
    scores = evaluation.as_dict()["heads"]
    pictures = (data[index].image for index in range(len(data)))
    scores[f"{evaluation.finest}s"]["confidence_bound"] = confidence_bound(Segmenter(stored), pictures)
    record = replace(
        stored.record, name=name, title=about["title"], source="bundled", filename=path.name, knows=knows,
        training_data=training_data, licence=licence, notes=notes, scored_on=_described(config.val, len(data)),
        size_bytes=path.stat().st_size,
    )  # fmt: skip
    status = folder.status()
    _, card = write_card(
        record, out, scores=scores, training=without_folders(config), command=command,
        seed=config.seed, time=f"{status.elapsed / 60:.0f} minutes, {status.step} steps", machine=machine,
    )  # fmt: skip
    print(card)


def without_folders(config: TrainConfig) -> dict[str, Any]:
    """The settings as plain values; data folders become DIR, a file to start from its bare name."""
    values = config.model_dump(mode="json")
    for part in (*values["train"], values["val"]):
        if part and part["root"]:
            part["root"] = "DIR"
    if values["start"]:
        values["start"] = Path(values["start"]).stem
    return values


def _described(data: DataSettings, count: int) -> str:
    if data.kind == "streets":
        return f"{count} synthetic street scenes of seed {data.seed}, {data.size[1]}×{data.size[0]}"
    return f"{data.kind} {data.split or ''} ({count} photos)"
