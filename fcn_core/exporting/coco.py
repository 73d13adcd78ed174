"""Label maps as COCO annotations: one for each connected piece of a class, as polygon and as RLE.

Polygons run through the quarter points of the border pixels, so that a pixel belongs to the polygon
exactly if its centre does, which is how pycocotools fills them. A hole is joined to the outline by
a cut that is walked both ways, since COCO's polygons know no holes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from fcn_core.labels import VOID, LabelSet

Form = Literal["polygons", "rle"]


def coco_of_maps(
    label_maps: Sequence[tuple[str, np.ndarray]], labels: LabelSet, *, form: Form = "polygons", min_area: int = 1
) -> dict[str, Any]:
    """The COCO dictionary of label maps H×W uint8, given as (file name, map); ready for json.dump.

    Category ids are class index + 1, since many readers take 0 for "nothing". Each annotation is one 8-connected
    piece of at least `min_area` pixels. form="polygons" puts polygons into `segmentation` and the exact RLE beside it
    as `rle`; form="rle" puts the RLE itself into `segmentation`. `area` (pixels) and `bbox` ([x, y, width, height])
    are those of the pixels. Void is left out.
    """
    if form not in ("polygons", "rle"):
        raise ValueError(f'expected form "polygons" or "rle", got {form!r}')
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, (file_name, label_map) in enumerate(label_maps, start=1):
        height, width = label_map.shape
        images.append({"id": image_id, "file_name": file_name, "width": width, "height": height})
        for index in np.unique(label_map):
            if index == VOID:
                continue
            for piece, box in _pieces(label_map == index, min_area):
                annotation = {"id": len(annotations) + 1, "image_id": image_id, "category_id": int(index) + 1}
                annotations.append(annotation | _shape(piece, box, (height, width), form))
    categories = [
        {"id": index + 1, "name": name, "supercategory": labels.name} for index, name in enumerate(labels.classes)
    ]
    info = {"description": f"Label maps of {labels.title}", "version": "1.0"}
    return {"info": info, "images": images, "categories": categories, "annotations": annotations}


def rle(mask: np.ndarray, *, origin: tuple[int, int] = (0, 0), size: tuple[int, int] | None = None) -> dict[str, Any]:
    """COCO's compressed run-length encoding, with `counts` as text so that JSON can hold it.

    `mask` (h×w) lies with its corner at `origin` (x, y) in a photo of `size` (height, width), by default its own.
    The runs are found in the mask alone, so that thousands of small pieces of a large photo stay cheap.
    """
    height, width = size or mask.shape
    columns, rows = np.nonzero(mask.T)  # COCO counts down the columns
    places = (columns + origin[0]) * height + rows + origin[1]
    breaks = np.flatnonzero(np.diff(places) != 1) + 1
    starts = places[np.concatenate([[0], breaks])] if places.size else places
    stops = places[np.concatenate([breaks - 1, [-1]])] + 1 if places.size else places
    edges = np.concatenate([[0], np.stack([starts, stops], 1).ravel(), [height * width]])
    counts = [int(n) for n in np.diff(edges)]
    encoded = coco_mask.frPyObjects({"size": [height, width], "counts": counts}, height, width)
    return {"size": [height, width], "counts": encoded["counts"].decode("ascii")}


def polygon(mask: np.ndarray, *, origin: tuple[int, int] = (0, 0)) -> list[float]:
    """Outline [x0, y0, x1, y1, …] of one 8-connected piece, holes cut in; `origin` is its (x, y) in the photo."""
    doubled = np.repeat(np.repeat(mask.astype(np.uint8), 2, 0), 2, 1)
    found, hierarchy = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    outlines = [c[:, 0] for c, link in zip(found, hierarchy[0], strict=True) if link[3] < 0]
    holes = [c[:, 0] for c, link in zip(found, hierarchy[0], strict=True) if link[3] >= 0]
    path = outlines[0]
    for hole in holes:
        at = int(np.abs(path - hole[0]).sum(1).argmin())
        path = np.concatenate([path[: at + 1], hole, hole[:1], path[at:]])
    points = (path + 0.5) / 2.0 + np.array(origin)
    return [float(v) for v in points.ravel()]


def _pieces(mask: np.ndarray, min_area: int) -> list[tuple[np.ndarray, tuple[int, int, int, int]]]:
    """(mask of the bounding box, (x, y, width, height)) of every connected piece."""
    count, numbered, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    pieces = []
    for number in range(1, count):
        x, y, width, height, area = (int(v) for v in stats[number])
        if area >= min_area:
            pieces.append((numbered[y : y + height, x : x + width] == number, (x, y, width, height)))
    return pieces


def _shape(piece: np.ndarray, box: tuple[int, int, int, int], size: tuple[int, int], form: Form) -> dict[str, Any]:
    x, y = box[:2]
    runs = rle(piece, origin=(x, y), size=size)
    shape: dict[str, Any] = {"area": int(piece.sum()), "bbox": list(box), "iscrowd": 0}
    if form == "rle":
        return shape | {"segmentation": runs}
    return shape | {"segmentation": [polygon(piece, origin=(x, y))], "rle": runs}
