"""Results as files: masks, overlay, probabilities, and a ZIP of many.

Every function returns bytes, so that the app's download buttons and the command line write the same.
COCO is in `coco`, the HTML report in `report`, ONNX in `export_onnx`.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Collection, Sequence
from pathlib import PurePosixPath, PureWindowsPath

import numpy as np
from PIL import Image

from fcn_core.draw import lookup_table, overlay, void_colour
from fcn_core.exporting.coco import coco
from fcn_core.exporting.report import report_html
from fcn_core.labels import LabelSet
from fcn_core.pictures.images import png_bytes
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import GRID, GridScores


def index_png(label_map: np.ndarray) -> bytes:
    """The label map as an 8-bit grey PNG: one byte a pixel, the class index, 255 for void."""
    return png_bytes(_plane(label_map))


def palette_png(label_map: np.ndarray, labels: LabelSet, *, safe: bool = False) -> bytes:
    """The label map as a palette PNG: the same indices, shown in the class colours by any viewer."""
    picture = Image.fromarray(_plane(label_map), "P")
    picture.putpalette(lookup_table(labels.colours(safe=safe), void_colour(labels)).tobytes())
    return png_bytes(picture)


def overlay_png(
    image: np.ndarray,
    label_map: np.ndarray,
    labels: LabelSet,
    *,
    opacity: float = 0.5,
    hidden: Collection[int] = (),
    safe: bool = False,
) -> bytes:
    """The photo with the class colours laid over it, as RGB PNG."""
    return png_bytes(overlay(image, label_map, labels.colours(safe=safe), opacity, hidden))


def npz(result: SegmentationResult, *, heads: Sequence[int] | None = None) -> bytes:
    """Probabilities as a compressed .npz for numpy.load.

    `classes` (names), `stride` and, for each head, `probabilities_8s` of K×h×w float16. The stride is 1, one value a
    pixel; for a photo that was cut into tiles it is 8, the values at the centres of 8×8 blocks.
    """
    stride = GRID if result.tiled else 1
    arrays: dict[str, np.ndarray] = {"classes": np.array(result.labels.classes), "stride": np.array(stride)}
    for head in heads or result.heads:
        scores = result.scores[head]
        p = scores.grid_probabilities() if isinstance(scores, GridScores) else scores.probabilities
        arrays[f"probabilities_{head}s"] = p.astype(np.float16)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


# format -> (what to put after the file's stem, how to make it); the command line and the app offer these names
FORMATS: dict[str, tuple[str, Callable[[SegmentationResult, int, str], bytes]]] = {
    "index": ("_index.png", lambda result, head, name: index_png(result.label_maps[head])),
    "palette": ("_palette.png", lambda result, head, name: palette_png(result.label_maps[head], result.labels)),
    "overlay": (
        "_overlay.png",
        lambda result, head, name: overlay_png(result.image, result.label_maps[head], result.labels),
    ),
    "coco": ("_coco.json", lambda result, head, name: json.dumps(coco(result, head, name)).encode()),
    "npz": ("_probabilities.npz", lambda result, head, name: npz(result, heads=[head])),
    "report": ("_report.html", lambda result, head, name: report_html(result, head, name=name).encode()),
}


def export_files(
    result: SegmentationResult, head: int, *, name: str, stem: str, formats: Sequence[str]
) -> dict[str, bytes]:
    """File name -> bytes of each wanted format. name: the photo's file name. ValueError lists the known formats."""
    if unknown := [kind for kind in formats if kind not in FORMATS]:
        raise ValueError(f"unknown format {', '.join(unknown)}; choose from {', '.join(FORMATS)}")
    if head not in result.scores:
        raise ValueError(f"head {head}s was not computed; this result has {', '.join(f'{h}s' for h in result.heads)}")
    return {stem + FORMATS[kind][0]: FORMATS[kind][1](result, head, name) for kind in formats}


def zip_results(
    results: Sequence[tuple[str, SegmentationResult]],
    head: int,
    *,
    formats: Sequence[str] = ("index", "palette", "overlay"),
) -> bytes:
    """A ZIP of the wanted formats of many photos, given as (file name, result); no file overwrites another."""
    buffer = io.BytesIO()
    stems = unique_stems([name for name, _ in results])
    with zipfile.ZipFile(buffer, "w") as archive:
        for stem, (name, result) in zip(stems, results, strict=True):
            for file, data in export_files(result, head, name=name, stem=stem, formats=formats).items():
                # PNG and npz are compressed already
                packed = zipfile.ZIP_DEFLATED if file.endswith((".json", ".html")) else zipfile.ZIP_STORED
                archive.writestr(file, data, compress_type=packed)
    return buffer.getvalue()


def unique_stems(names: Sequence[str]) -> list[str]:
    """One stem for each file name to build output names from, different for all, in any letter case.

    a.jpg becomes "a"; with a.png beside it they become "a_jpg" and "a_png"; equal names are numbered. Folders are
    dropped, and what a file system may not like is replaced.
    """
    bare = [PureWindowsPath(PurePosixPath(name).name).name for name in names]
    short = [_clean(PurePosixPath(name).stem) for name in bare]
    long = [_clean(name.lstrip(".").replace(".", "_")) for name in bare]
    clashing = {s for s in map(str.lower, short) if [t.lower() for t in short].count(s) > 1}
    stems: list[str] = []
    taken: set[str] = set()
    for brief, full in zip(short, long, strict=True):
        wish = full if brief.lower() in clashing else brief
        stem, number = wish, 2
        while stem.lower() in taken:
            stem, number = f"{wish}-{number}", number + 1
        taken.add(stem.lower())
        stems.append(stem)
    return stems


def _clean(name: str) -> str:
    return re.sub(r"[^\w.+()-]+", "_", name).strip(". ")[:120] or "image"


def _plane(label_map: np.ndarray) -> np.ndarray:
    if label_map.ndim != 2 or label_map.dtype != np.uint8:
        raise ValueError(f"expected a label map H×W of uint8, got shape {label_map.shape} of {label_map.dtype}")
    return np.ascontiguousarray(label_map)
