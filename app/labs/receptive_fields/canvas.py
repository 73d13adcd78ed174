"""The photo with room around it: boxes that reach into the padding are drawn whole. No Streamlit here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from app.parts.pictures import Shown, encode
from fcn_core.analysis.fields.receptive_field import AxisField, Box, LayerField
from fcn_core.labels import Colour

MOST_SIDE = 1200
PAPER, HATCH = 206, 184  # the padding, grey with faint lines


@dataclass(frozen=True)
class Outline:
    """A box to draw: (top, left, bottom, right) in pixels of the photo, half open."""

    ends: tuple[int, int, int, int]
    colour: Colour
    dashed: bool = False


def outline(box: Box, colour: Colour) -> Outline:
    return Outline((box.top, box.left, box.bottom, box.right), colour)


def margin(maps: Sequence[LayerField], picture: tuple[int, int]) -> int:
    """Pixels around the photo into which some cell of these maps sees, at most the photo's longer side."""
    most = max(picture)
    reach = 0
    for axes in (layer.axes for layer in maps):
        for axis, extent in zip(axes, picture, strict=True):
            reach = max(reach, *_overhang(axis, extent))
    return min(reach + 6, most)


def _overhang(axis: AxisField, extent: int) -> tuple[int, int]:
    if axis.size is None:
        return 0, 0
    end = -axis.padding + float(axis.stride) * (axis.cells - 1) + axis.size
    return max(axis.padding, 0), max(round(end) - extent, 0)


def photo_canvas(image: np.ndarray, room: int, outlines: Sequence[Outline], lit: Outline | None = None) -> Shown:
    """The photo (H×W×3 uint8) in the middle of its padding, `room` pixels wide, under outlines.

    Outside of `lit` the photo is faded. Clicks on the result count from the padding's corner.
    """
    height, width = image.shape[0] + 2 * room, image.shape[1] + 2 * room
    scale = min(1.0, MOST_SIDE / max(height, width))
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    canvas = _paper(size).copy()
    top, left, bottom, right = _scaled((0, 0, *image.shape[:2]), room, scale)
    photo = cv2.resize(image, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    if lit is not None:
        faded = (photo * 0.45 + 0.55 * 190).astype(np.uint8)
        y0, x0, y1, x1 = _scaled(lit.ends, room, scale)
        ys, xs = slice(max(y0 - top, 0), max(y1 - top, 0)), slice(max(x0 - left, 0), max(x1 - left, 0))
        faded[ys, xs] = photo[ys, xs]
        photo = faded
    canvas[top:bottom, left:right] = photo
    cv2.rectangle(canvas, (left, top), (right - 1, bottom - 1), (90, 90, 90), 1)
    thick = max(2, round(max(size) / 400))
    for drawn in outlines:
        frame(canvas, _scaled(drawn.ends, room, scale), drawn.colour, thick, dashed=drawn.dashed)
    return encode(canvas, full_size=(height, width), photo=True)


@lru_cache(maxsize=8)
def _paper(size: tuple[int, int]) -> np.ndarray:
    """Hatched ground of this width and height, H×W×3."""
    hatched = (np.arange(size[1])[:, None] + np.arange(size[0])) % 8 == 0
    return np.repeat(np.where(hatched, HATCH, PAPER).astype(np.uint8)[:, :, None], 3, axis=2)


def _scaled(ends: tuple[int, ...], room: int, scale: float) -> tuple[int, int, int, int]:
    top, left, bottom, right = (round((end + room) * scale) for end in ends)
    return top, left, bottom, right


def frame(
    canvas: np.ndarray, ends: tuple[int, int, int, int], colour: Colour, thick: int, *, dashed: bool = False
) -> None:
    """A frame on a canvas, in place, with a dark line beside it so that it shows on every ground."""
    top, left, bottom, right = ends
    for ink, width in (((20, 20, 20), thick + 2), (tuple(int(c) for c in colour), thick)):
        corners = [(left, top), (right - 1, top), (right - 1, bottom - 1), (left, bottom - 1), (left, top)]
        for (x0, y0), (x1, y1) in zip(corners, corners[1:], strict=False):
            steps = max(1, round(max(abs(x1 - x0), abs(y1 - y0)) / (8 * thick))) if dashed else 1
            for part in range(0, steps, 2 if dashed else 1):
                a, b = part / steps, (part + 1) / steps
                start = (round(x0 + (x1 - x0) * a), round(y0 + (y1 - y0) * a))
                stop = (round(x0 + (x1 - x0) * b), round(y0 + (y1 - y0) * b))
                cv2.line(canvas, start, stop, ink, width, cv2.LINE_AA)
