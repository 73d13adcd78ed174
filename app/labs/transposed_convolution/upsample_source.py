"""What the upsample view enlarges: the photo made smaller, a detail of it, or a class's score map."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from app.bench.identity import identified
from fcn_core.keys import fresh_key
from fcn_core.models.spec import fused_map
from fcn_core.segmenting.result import SegmentationResult

MOST_SIDE = 480  # pixels of the photo's longer side
DETAIL = 384  # pixels of an enlarged detail's side
MOST_SCORES = 640  # pixels of an enlarged score map's side


@identified
@dataclass(frozen=True)
class Source:
    """planes: C×h×w float64 to enlarge. original: C×hf×wf, what a photo was before it was made smaller.

    left, top, step: input cell (x, y) covers the photo from left + x*step, top + y*step; step is 0 for score maps.
    told: one plain sentence. key: names this very source.
    """

    planes: np.ndarray
    original: np.ndarray | None
    unit: str
    told: str
    left: int = 0
    top: int = 0
    step: float = 0.0
    key: str = field(default_factory=fresh_key)

    @property
    def limit(self) -> float:
        """The largest absolute value, the end of a scale."""
        return float(np.abs(self.planes).max()) or 1.0


Pixel = tuple[int, int]


def upsample_source(
    result: SegmentationResult, what: str, factor: int, index: int, head: int, pixel: Pixel | None
) -> Source:
    """The source `what` for this factor: the photo, or a part around a pixel; index, head: whose scores are taken.

    ValueError where the photo is too small for the factor, or the picture's score maps were not kept.
    """
    if what == "scores":
        return _scores(result, factor, index, head, pixel)
    return _photo(result.image, factor) if what == "photo" else _detail(result.image, factor, pixel)


def _photo(full: np.ndarray, factor: int) -> Source:
    image, shrink = _small(full)
    height, width = (n // factor for n in image.shape[:2])
    if min(height, width) < 2:
        raise ValueError(
            f"This photo of {image.shape[1]}×{image.shape[0]} pixels would have less than 2 cells a side when it is "
            f"made {factor} times smaller. Choose a smaller factor, or a larger photo."
        )
    image = image[: height * factor, : width * factor]
    small = cv2.resize(image.astype(np.float64), (width, height), interpolation=cv2.INTER_AREA)
    told = (
        f"The photo made {factor} times smaller by averaging, {width}×{height}, then enlarged again: so what was lost "
        "can be seen."
    )
    return Source(_planes(small), _planes(image.astype(np.float64)), "grey levels", told, step=factor * shrink)


def _detail(image: np.ndarray, factor: int, pixel: Pixel | None) -> Source:
    x, y = _spot(image, pixel)
    side = max(4, DETAIL // factor)
    (top, height), (left, width) = (
        _window(at, n, side) for at, n in zip((y, x), image.shape[:2], strict=True)
    )  # fmt: skip
    told = f"{width}×{height} pixels of the photo around {_place(pixel)}, enlarged as they are."
    crop = image[top : top + height, left : left + width].astype(np.float64)
    return Source(_planes(crop), None, "grey levels", told, left, top, 1.0)


def _scores(result: SegmentationResult, factor: int, index: int, head: int, pixel: Pixel | None) -> Source:
    maps = result.maps
    name = next((kept for kept in (fused_map(head), "score_fr", "score") if kept in maps), None)
    if name is None:
        raise ValueError(
            "The score maps of this picture were not kept: it was cut into tiles because one pass would not fit into "
            "memory. Take a smaller picture, or a sample."
        )
    plane, (x, y) = maps[name][index].astype(np.float64), _spot(result.image, pixel)
    photo, side = result.image.shape[:2], max(4, MOST_SCORES // factor)
    (top, height), (left, width) = (
        _window(at * n // size, n, side) for at, size, n in zip((y, x), photo, plane.shape, strict=True)
    )  # fmt: skip
    part = "" if (height, width) == plane.shape else f", {width}×{height} of its cells around {_place(pixel)}"
    told = (
        f"Scores of {result.labels.classes[index]} in {name}, {plane.shape[1]}×{plane.shape[0]} cells{part}: what head "
        f"{head}s enlarges."
    )
    return Source(plane[None, top : top + height, left : left + width], None, "score", told)


def _small(image: np.ndarray) -> tuple[np.ndarray, float]:
    """The photo with a side of at most MOST_SIDE, and how many of its pixels one of these is."""
    longest = max(image.shape[:2])
    if longest <= MOST_SIDE:
        return image, 1.0
    height, width = (max(1, round(n * MOST_SIDE / longest)) for n in image.shape[:2])
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), longest / MOST_SIDE


def _planes(image: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(image.transpose(2, 0, 1))


def _window(at: int, size: int, side: int) -> tuple[int, int]:
    """First index and length of a window of at most `side` around `at`, inside 0 to size."""
    length = min(side, size)
    return min(max(at - length // 2, 0), size - length), length


def _spot(image: np.ndarray, pixel: Pixel | None) -> Pixel:
    height, width = image.shape[:2]
    return pixel or (width // 2, height // 2)


def _place(pixel: Pixel | None) -> str:
    return "pixel x {}, y {}".format(*pixel) if pixel else "its middle (choose a pixel to look elsewhere)"
