"""`segment`: label maps, overlays and reports for photos, each photo by itself."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fcn_core.cli.console import (
    STDOUT,
    DeviceOption,
    JsonOption,
    choose_device,
    choose_words,
    complain,
    print_table,
    progress_bar,
    say,
    sentence_for,
    write_json,
    wrong,
)
from fcn_core.cli.look import ContoursOption, OpacityOption, SafeOption
from fcn_core.cli.models import FINEST, HeadOption, WeightsOption, choose_heads, open_weights
from fcn_core.cli.photo_files import ResultFolder, find_photos, result_names
from fcn_core.exporting.formats import FORMATS, USUAL, Look, Segmented, offered, written

if TYPE_CHECKING:
    from fcn_core.segmenting.segmenter import SegmentationResult, Segmenter
    from fcn_core.weights import WeightRecord

PICTURES = offered("scores", "class")


def segment(
    images: Annotated[
        list[str], typer.Argument(help="Photos or .npy, folders (with all below) or patterns like '*.jpg'.")
    ],
    weights: WeightsOption = "streets",
    head: HeadOption = FINEST,
    out: Annotated[Path, typer.Option(help="Folder for the results.", file_okay=False)] = Path("segmented"),
    format: Annotated[  # noqa: A002 (the option's name)
        str, typer.Option(help=f"What to write: some of {', '.join(PICTURES)}, joined by commas, or all.")
    ] = ",".join(USUAL),
    cls: Annotated[str, typer.Option("--class", help="The class of heatmaps; by default each photo's largest.")] = "",
    opacity: OpacityOption = 0.5,
    contours: ContoursOption = False,
    safe_colours: SafeOption = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results of earlier runs.")] = False,
    device: DeviceOption = "auto",
    json: JsonOption = None,
) -> None:
    """Label every pixel of photos, or of .npy and TIFF images with weights of as many channels.

    Results of photo.jpg are called photo.jpg.8s.index.png and so on; no result overwrites another, and results of
    earlier runs stay (new ones get a number) unless --overwrite is given. A photo that cannot be read gets one line
    on standard error, the others are done, and the exit code is 1.
    """
    formats = choose_words("--format", format, PICTURES)
    segmenter, heads = _open(weights, head, device)
    labels, look = segmenter.loaded.labels, Look(opacity, contours, safe=safe_colours)
    if cls and cls not in labels.classes:
        raise wrong("--class", f"expected one of {', '.join(labels.classes)}, got {cls!r}")
    found = find_photos(images, out=out, arrays=segmenter.loaded.record.preprocessing.values == "raw")
    names = result_names(found.photos)
    folder = ResultFolder(out, overwrite=overwrite, photos=found.photos)
    for problem in found.problems:
        complain(problem)
    records: list[dict[str, Any]] = [{"file": None, "error": problem} for problem in found.problems]
    with progress_bar("Segmenting", len(found.photos)) as update:
        for place, photo in enumerate(found.photos):

            def within(done: int, of: int, place: int = place) -> None:  # a large photo is done in parts
                update(place + done / of)

            try:
                result = segmenter.segment(photo, heads=heads, progress=within)
                files = _render(result, photo.name, formats, cls, segmenter.loaded.record, look)
                written = folder.write(names[photo], files)
                records.append(_record(photo, result, written))
                if not next(iter(written.values())).name.startswith(f"{names[photo]}."):
                    say(f"{photo}: earlier results are kept, the new ones have a number (--overwrite replaces them)")
            except Exception as problem:  # whatever is wrong with one photo, the others are done
                sentence = sentence_for(problem)
                complain(sentence if photo.name in sentence else f"{photo}: {sentence}")
                records.append({"file": str(photo), "error": sentence})
            update(place + 1)
    failed = sum("error" in record for record in records)
    if json != STDOUT:
        rows = [(r["file"], f"{r['width']}×{r['height']}", _largest(r), r["name"]) for r in records if "error" not in r]
        if rows:
            print_table(("photo", "size", f"largest classes, {min(heads)}s", f"in {out}"), rows)
    write_json(
        {"weights": segmenter.loaded.record.name, "heads": [f"{h}s" for h in heads], "out": out, "files": records,
         "failed": failed}, json,
    )  # fmt: skip
    if failed:
        raise typer.Exit(1)


def _open(weights: str, head: str, device: str) -> tuple[Segmenter, tuple[int, ...]]:
    from fcn_core.segmenting.segmenter import Segmenter

    where = choose_device(device)
    loaded = open_weights(weights, device=where)
    heads = choose_heads(head, loaded)
    return Segmenter(loaded, device=where), heads


def _render(
    result: SegmentationResult, name: str, formats: tuple[str, ...], cls: str, record: WeightRecord, look: Look
) -> dict[str, bytes]:
    """Ending -> contents of every wanted file of one photo: `8s.index.png` of each head, `report.html` of all."""
    cls = cls or result.labels.classes[int(result.shares(min(result.heads)).argmax())]
    files: dict[str, bytes] = {}
    for head in result.heads:
        photo = Segmented.of(result, head, name=name, cls=cls, record=record, look=look)
        each = written(photo, [format for format in formats if not FORMATS[format].all_heads])
        files |= {f"{head}s.{ending}": data for ending, data in each.items()}
    finest = Segmented.of(result, min(result.heads), name=name, record=record, look=look)
    return files | written(finest, [format for format in formats if FORMATS[format].all_heads])


def _record(photo: Path, result: SegmentationResult, written: dict[str, Path]) -> dict[str, Any]:
    height, width = result.image.shape[:2]
    shares = {
        f"{head}s": dict(zip(result.labels.classes, map(float, result.shares(head)), strict=True))
        for head in result.heads
    }
    stem = next(iter(written.values())).name.removesuffix("." + next(iter(written)))
    return {
        "file": str(photo),
        "name": f"{stem}.*",
        "width": width,
        "height": height,
        "shares": shares,
        "timings_ms": dict(result.timings),
        "outputs": {ending: str(path) for ending, path in written.items()},
    }


def _largest(record: dict[str, Any], count: int = 3) -> str:
    """`road 41%, sky 30%, building 12%` of the finest head."""
    shares = record["shares"][min(record["shares"], key=lambda head: int(head[:-1]))]
    ranked = sorted(shares.items(), key=lambda item: -item[1])[:count]
    return ", ".join(f"{name} {share:.0%}" for name, share in ranked if share > 0)
