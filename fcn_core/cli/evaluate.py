"""`evaluate`: the paper's measures of weights on a labelled data set."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fcn_core.cli.console import (
    STDOUT,
    DeviceOption,
    JsonOption,
    choose_device,
    choose_words,
    print_table,
    progress_bar,
    say,
    write_file,
    write_json,
    wrong,
)
from fcn_core.cli.datasets import (
    CountOption,
    DatasetOption,
    LimitOption,
    RootOption,
    SplitOption,
    open_dataset,
)
from fcn_core.cli.look import ContoursOption, OpacityOption, SafeOption
from fcn_core.cli.models import HeadOption, WeightsOption, choose_heads, open_weights
from fcn_core.exporting.formats import Look, Segmented, offered, written
from fcn_core.metrics import MEASURES

if TYPE_CHECKING:
    from fcn_core.evaluating.evaluate import Evaluation
    from fcn_core.labels import LabelSet

PICTURES = offered("truth")
PRECISIONS = ("fp32", "bf16", "fp16")


def evaluate(
    weights: WeightsOption = "streets",
    dataset: DatasetOption = "streets",
    root: RootOption = None,
    split: SplitOption = None,
    head: HeadOption = "all",
    limit: LimitOption = None,
    count: CountOption = 200,
    batch_size: Annotated[int, typer.Option(min=1, help="Pictures a step; changes the speed, not the result.")] = 1,
    confusion: Annotated[
        Path | None,
        typer.Option(help="Where to write the confusion matrix: a folder, or a .csv file (one a head: NAME-8s.csv)."),
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Folder for the predictions as images.", file_okay=False)
    ] = None,
    format: Annotated[  # noqa: A002 (the option's name)
        str, typer.Option(help=f"Which images of the predictions: some of {', '.join(PICTURES)}, or all.")
    ] = "palette",
    opacity: OpacityOption = 0.5,
    contours: ContoursOption = False,
    safe_colours: SafeOption = False,
    precision: Annotated[str, typer.Option(help="fp32, bf16 or fp16.")] = "fp32",
    device: DeviceOption = "auto",
    json: JsonOption = None,
) -> None:
    """Measure weights on labelled pictures: PA, MPA, mIoU, FWIoU and the IoU of every class, for each head.

    One confusion matrix is counted over all pictures; void pixels are left out.
    """
    pictures = choose_words("--format", format, PICTURES)
    if precision not in PRECISIONS:
        raise wrong("--precision", f"expected one of {', '.join(PRECISIONS)}, got {precision!r}")
    where = choose_device(device)
    loaded = open_weights(weights, device=where)
    heads = choose_heads(head, loaded)
    data = open_dataset(dataset, root=root, split=split, count=count, limit=limit, labels=loaded.labels)
    if data.labels.classes != loaded.labels.classes:
        raise ValueError(
            f"{loaded.record.name} tells the classes of {loaded.labels.title} apart, but {data.name} has those of "
            f"{data.labels.title}; measure weights on data with their own classes"
        )

    import torch

    from fcn_core.evaluating.evaluate import evaluate as measure

    dtype = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}[precision]
    look = Look(opacity, contours, safe=safe_colours)
    saver = _PictureSaver(predictions, pictures, loaded.labels, look) if predictions is not None else None
    with progress_bar(f"Measuring {loaded.record.name} on {data.name}", len(data)) as update:
        evaluation = measure(
            loaded.model, data, loaded.record.preprocessing, heads=heads, batch_size=batch_size, device=where,
            dtype=dtype, on_prediction=saver, progress=update,
        )  # fmt: skip
    if json != STDOUT:
        _print(evaluation, f"{loaded.record.name} on {data.name}")
    for path in _write_confusion(evaluation, confusion):
        say(f"confusion matrix: {path}")
    if saver is not None:
        say(f"predictions: {saver.count} images in {predictions}")
    about = {"weights": loaded.record.name, "dataset": data.name, "images": evaluation.images,
             "seconds": round(evaluation.seconds, 3)}  # fmt: skip
    write_json({**about, **evaluation.as_dict()}, json)


class _PictureSaver:
    """Writes every prediction as it comes: NAME.8s.palette.png …"""

    def __init__(self, folder: Path, formats: tuple[str, ...], labels: LabelSet, look: Look) -> None:
        self.folder, self.formats, self.labels, self.look, self.count = folder, formats, labels, look, 0

    def __call__(self, sample: Any, head: int, label_map: Any) -> None:
        from fcn_core.pictures.bands import show_bands

        shown = show_bands(sample.image, colour=sample.colour) if "overlay" in self.formats else sample.image
        photo = Segmented(sample.name, shown, self.labels, head, label_map, truth=sample.mask, look=self.look)
        for ending, data in written(photo, self.formats).items():
            write_file(self.folder / f"{sample.name}.{head}s.{ending}", data)
            self.count += 1


def _print(evaluation: Evaluation, title: str) -> None:
    heads = sorted(evaluation.heads, reverse=True)
    scores = {head: evaluation.heads[head].scores() for head in heads}
    print(f"{title}: {evaluation.images} images in {evaluation.seconds:.1f} s")
    print()
    rows = [(f"{head}s", *(f"{getattr(scores[head], name):.4f}" for name in MEASURES)) for head in heads]
    print_table(("head", *(measure.short for measure in MEASURES.values())), rows)
    print()
    finest = scores[min(heads)]
    truth = evaluation.heads[min(heads)].counts.sum(axis=1)
    share = truth / max(1, truth.sum())
    print_table(
        ("class", *(f"IoU {head}s" for head in heads), f"accuracy {min(heads)}s", "share of pixels"),
        [
            (name, *(f"{scores[head].iou[i]:.4f}" for head in heads), f"{finest.accuracy[i]:.4f}", f"{share[i]:.4f}")
            for i, name in enumerate(evaluation.classes)
        ],
    )
    absent = [name for name, iou in zip(evaluation.classes, finest.iou, strict=True) if iou != iou]
    if absent:
        print(f"\nnan: neither in the truth nor predicted, so left out of the means: {', '.join(absent)}")


def _write_confusion(evaluation: Evaluation, where: Path | None) -> list[Path]:
    """One CSV a head: rows are the truth, columns the prediction, numbers are pixels."""
    if where is None:
        return []
    written = []
    for head, matrix in evaluation.heads.items():
        if where.suffix.lower() != ".csv":
            path = where / f"confusion-{head}s.csv"
        else:
            path = where if len(evaluation.heads) == 1 else where.with_name(f"{where.stem}-{head}s.csv")
        text = io.StringIO()
        lines = csv.writer(text, lineterminator="\n")
        lines.writerow(("truth\\prediction", *evaluation.classes))
        lines.writerows((name, *map(int, row)) for name, row in zip(evaluation.classes, matrix.counts, strict=True))
        write_file(path, text.getvalue().encode())
        written.append(path)
    return written
