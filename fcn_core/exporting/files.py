"""Results as files: masks, overlay, probabilities, and a ZIP of many; `formats` is the table of them.

Every function returns bytes, so that the app's download buttons and the command line write the same.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Collection, Iterable, Sequence
from pathlib import PurePosixPath, PureWindowsPath

import numpy as np
from PIL import Image

from fcn_core.draw import contours as draw_contours
from fcn_core.draw import lookup_table, overlay, void_colour
from fcn_core.exporting.odd_names import ODD
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
    contours: bool = False,
    safe: bool = False,
) -> bytes:
    """The photo with the class colours laid over it, as RGB PNG; `contours` draws the borders of classes."""
    drawn = overlay(image, label_map, labels.colours(safe=safe), opacity, hidden)
    return png_bytes(draw_contours(drawn, label_map) if contours else drawn)


def npz(result: SegmentationResult) -> bytes:
    """Probabilities as a compressed .npz for numpy.load.

    `classes` (names), `stride` and, for each head, `probabilities_8s` of K×h×w float16. The stride is 1, one value a
    pixel; for a photo that was cut into tiles it is 8, the values at the centres of 8×8 blocks.
    """
    stride = GRID if result.tiled else 1
    arrays: dict[str, np.ndarray] = {"classes": np.array(result.labels.classes), "stride": np.array(stride)}
    for head in result.heads:
        scores = result.scores[head]
        p = scores.grid_probabilities() if isinstance(scores, GridScores) else scores.probabilities
        arrays[f"probabilities_{head}s"] = p.astype(np.float16)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def zip_of(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A ZIP of (file name, contents); only what is not compressed already (JSON, HTML) is compressed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, data in files:
            text = name.endswith((".json", ".html"))
            archive.writestr(name, data, compress_type=zipfile.ZIP_DEFLATED if text else zipfile.ZIP_STORED)
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
    return re.sub(ODD, "_", name).strip(". ")[:120] or "image"


def _plane(label_map: np.ndarray) -> np.ndarray:
    if label_map.ndim != 2 or label_map.dtype != np.uint8:
        raise ValueError(f"expected a label map H×W of uint8, got shape {label_map.shape} of {label_map.dtype}")
    return np.ascontiguousarray(label_map)
