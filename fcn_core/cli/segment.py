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
)
from fcn_core.cli.models import FINEST, HeadOption, WeightsOption, choose_heads, open_weights
from fcn_core.cli.photo_files import ResultFolder, find_photos, result_names

if TYPE_CHECKING:
    from fcn_core.segmenting.segmenter import SegmentationResult, Segmenter

FORMATS = ("index", "palette", "overlay", "coco", "npz", "report")


def segment(
    images: Annotated[
        list[str], typer.Argument(help="Photos or .npy, folders (with all below) or patterns like '*.jpg'.")
    ],
    weights: WeightsOption = "streets",
    head: HeadOption = FINEST,
    out: Annotated[Path, typer.Option(help="Folder for the results.", file_okay=False)] = Path("segmented"),
    format: Annotated[  # noqa: A002 (the option's name)
        str, typer.Option(help=f"What to write: some of {', '.join(FORMATS)}, joined by commas, or all.")
    ] = "index,palette,overlay",
    opacity: Annotated[float, typer.Option(min=0, max=1, help="Of the class colours in overlays.")] = 0.5,
    safe_colours: Annotated[bool, typer.Option("--safe-colours", help="Use the colour-blind-safe palette.")] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace results of earlier runs.")] = False,
    device: DeviceOption = "auto",
    json: JsonOption = None,
) -> None:
    """Label every pixel of photos, or of .npy and TIFF images with weights of as many channels.

    Results of photo.jpg are called photo.jpg.8s.index.png and so on; no result overwrites another, and results of
    earlier runs stay (new ones get a number) unless --overwrite is given. A photo that cannot be read gets one line
    on standard error, the others are done, and the exit code is 1.
    """
    formats = choose_words("--format", format, FORMATS)
    segmenter, heads = _open(weights, head, device)
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
                files = _render(result, photo.name, formats, opacity, safe_colours)
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
    result: SegmentationResult, file_name: str, formats: tuple[str, ...], opacity: float, safe: bool
) -> dict[str, bytes]:
    """Ending -> contents of every wanted file of one photo."""
    import json

    from fcn_core.exporting import files as export

    files: dict[str, bytes] = {}
    for head in result.heads:
        label_map = result.label_maps[head]
        if "index" in formats:
            files[f"{head}s.index.png"] = export.index_png(label_map)
        if "palette" in formats:
            files[f"{head}s.palette.png"] = export.palette_png(label_map, result.labels, safe=safe)
        if "overlay" in formats:
            files[f"{head}s.overlay.png"] = export.overlay_png(
                result.image, label_map, result.labels, opacity=opacity, safe=safe
            )
        if "coco" in formats:
            files[f"{head}s.coco.json"] = json.dumps(export.coco(result, head, file_name)).encode()
    if "npz" in formats:
        files["probabilities.npz"] = export.npz(result)
    if "report" in formats:
        page = export.report_html(result, min(result.heads), name=file_name, safe=safe)
        files["report.html"] = page.encode(errors="backslashreplace")  # file names need not be text
    return files


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
