"""The one table of what a segmented photo can be written as; command line, pages and ZIP offer what stands here.

ONNX is not among them: it is a file of weights, not of a photo (`onnx_file`).
Writers load what they need when they write, so that names and titles can be listed without torch.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from fcn_core.exporting.odd_names import ODD

if TYPE_CHECKING:
    import numpy as np

    from fcn_core.labels import LabelSet
    from fcn_core.segmenting.result import SegmentationResult
    from fcn_core.weights import WeightRecord

Need = Literal["scores", "class", "truth"]


@dataclass(frozen=True)
class Look:
    """How pictures are drawn. opacity: of the class colours, 0-1; hidden: class indices that are left out."""

    opacity: float = 0.5
    contours: bool = False
    hidden: Collection[int] = ()
    safe: bool = False


@dataclass(frozen=True)
class Segmented:
    """A photo and what one head says about it.

    name       file name of the photo
    image      H×W×3 uint8 RGB
    label_map  H×W uint8 class indices of `labels`, 255 for void
    truth      H×W uint8 of the same kind
    result     the scores of all heads, for formats that need "scores"
    cls        name of a class, for formats that need "class"
    """

    name: str
    image: np.ndarray
    labels: LabelSet
    head: int
    label_map: np.ndarray
    truth: np.ndarray | None = None
    result: SegmentationResult | None = None
    cls: str = ""
    record: WeightRecord | None = None
    look: Look = Look()

    @staticmethod
    def of(result: SegmentationResult, head: int, *, name: str, **more: Any) -> Segmented:
        """One head of a result; `more` are further fields. ValueError where the head was not computed."""
        if head not in result.scores:
            there = ", ".join(f"{h}s" for h in result.heads)
            raise ValueError(f"head {head}s was not computed; this result has {there}")
        return Segmented(name, result.image, result.labels, head, result.label_maps[head], result=result, **more)


@dataclass(frozen=True)
class Format:
    """One kind of file.

    about: what it is good for, in a sentence. ending: what follows the photo's name. media: its MIME type.
    needs: what must be there besides photo and label map. all_heads: one file tells of every head.
    """

    title: str
    about: str
    ending: str
    media: str
    write: Callable[[Segmented], bytes]
    needs: frozenset[Need] = frozenset()
    all_heads: bool = False

    def file(self, cls: str = "") -> str:
        """The ending of its files; those about one class say which."""
        if "class" not in self.needs:
            return self.ending
        stem, suffix = self.ending.split(".")
        return f"{stem}-{re.sub(ODD, '_', cls)}.{suffix}"


def _index(photo: Segmented) -> bytes:
    from fcn_core.exporting.files import index_png

    return index_png(photo.label_map)


def _palette(photo: Segmented) -> bytes:
    from fcn_core.exporting.files import palette_png

    return palette_png(photo.label_map, photo.labels, safe=photo.look.safe)


def _overlay(photo: Segmented) -> bytes:
    from fcn_core.exporting.files import overlay_png

    look = photo.look
    return overlay_png(
        photo.image, photo.label_map, photo.labels,
        opacity=look.opacity, hidden=look.hidden, contours=look.contours, safe=look.safe,
    )  # fmt: skip


def _error(photo: Segmented) -> bytes:
    from fcn_core.draw import error_map
    from fcn_core.pictures.images import png_bytes

    assert photo.truth is not None
    return png_bytes(error_map(photo.truth, photo.label_map))


def _heatmap(photo: Segmented) -> bytes:
    from fcn_core.draw import colour_map
    from fcn_core.pictures.images import png_bytes

    assert photo.result is not None
    return png_bytes(colour_map(photo.result.heatmap(photo.head, photo.cls), "viridis"))


def _coco(photo: Segmented) -> bytes:
    from fcn_core.exporting.coco import coco_of_maps

    return json.dumps(coco_of_maps([(photo.name, photo.label_map)], photo.labels)).encode()


def _npz(photo: Segmented) -> bytes:
    from fcn_core.exporting.files import npz

    assert photo.result is not None
    return npz(photo.result)


def _report(photo: Segmented) -> bytes:
    from fcn_core.exporting.report import report_html

    assert photo.result is not None
    page = report_html(
        photo.result, photo.head, name=photo.name, truth=photo.truth, record=photo.record, safe=photo.look.safe
    )
    return page.encode(errors="backslashreplace")  # file names need not be text


FORMATS: dict[str, Format] = {
    "index": Format(
        "Index PNG", "One byte a pixel: the class index. What programs and metrics read.",
        "index.png", "image/png", _index,
    ),
    "palette": Format(
        "Palette PNG", "The same indices, shown in the class colours by any viewer.",
        "palette.png", "image/png", _palette,
    ),
    "overlay": Format(
        "Overlay PNG", "The photo under the class colours, with opacity, contours and classes as set.",
        "overlay.png", "image/png", _overlay,
    ),
    "error": Format(
        "Error PNG", "Where the labels differ from the ground truth: orange wrong, pale right, dark void.",
        "error.png", "image/png", _error, needs=frozenset({"truth"}),
    ),
    "heatmap": Format(
        "Heatmap PNG", "The probability of one class, from dark (0) to yellow (1).",
        "heatmap.png", "image/png", _heatmap, needs=frozenset({"scores", "class"}),
    ),
    "coco": Format(
        "COCO JSON", "Every connected piece of a class as polygon and as RLE.",
        "coco.json", "application/json", _coco,
    ),
    "npz": Format(
        "Probabilities (.npz)", "The softmax of every class and head, float16, for numpy.load.",
        "probabilities.npz", "application/octet-stream", _npz, needs=frozenset({"scores"}), all_heads=True,
    ),
    "report": Format(
        "Report (.html)", "One page with pictures and shares, to print or to send.",
        "report.html", "text/html", _report, needs=frozenset({"scores"}), all_heads=True,
    ),
}  # fmt: skip
USUAL = ("index", "palette", "overlay")


def offered(*there: Need) -> tuple[str, ...]:
    """The formats that can be written where `there` is at hand besides photo and label map."""
    return tuple(name for name, format in FORMATS.items() if format.needs <= set(there))


def written(photo: Segmented, formats: Sequence[str]) -> dict[str, bytes]:
    """Ending -> contents of each wanted format. ValueError for one that is unknown or lacks what it needs."""
    if unknown := [name for name in formats if name not in FORMATS]:
        raise ValueError(f"unknown format {', '.join(unknown)}; choose from {', '.join(FORMATS)}")
    there = {"scores": photo.result is not None, "class": bool(photo.cls), "truth": photo.truth is not None}
    for name in formats:
        if lacking := sorted(need for need in FORMATS[name].needs if not there[need]):
            raise ValueError(f"the format {name} needs {' and '.join(lacking)}, which {photo.name} comes without")
    return {FORMATS[name].file(photo.cls): FORMATS[name].write(photo) for name in formats}
