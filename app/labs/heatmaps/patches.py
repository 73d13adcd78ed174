"""The pieces of this picture to which a channel answers most, with their receptive fields."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import streamlit as st

from app.labs.shared.seen import Seen
from app.labs.shared.wall import Tile, wall
from app.parts.pictures import encode
from app.parts.words import number
from fcn_core.analysis.evidence.layers import Strong
from fcn_core.analysis.fields.receptive_field import Box, LayerField

SHOWN_SIDE = 240  # pixels of an enlarged crop
SHOWN_WIDTH = 128
OUTSIDE = (150, 155, 160)


def patches(look: Seen, field: LayerField | None, channel: int, strong: Sequence[Strong]) -> None:
    """Draw the crops, strongest first, and where they lie."""
    st.markdown(f"**Where channel {channel} answers most** :small[in this picture; the crop is what the cell sees]")
    if field is None or field.is_whole:
        st.caption("What a cell of this layer sees is no box in the picture, so there are no crops.")
        return
    boxes = [field.box(cell.row, cell.column) for cell in strong]
    extents = [(box.left, box.top, box.right, box.bottom) for box in boxes]
    places, crops = st.columns([1, 2.2])
    with places:
        wall(
            [
                Tile(
                    "Their places",
                    photo=look.photo,
                    boxes=tuple((extent, str(i)) for i, extent in enumerate(extents, 1)),
                )
            ],
            key="patch-places",
            label="Where the strongest cells look",
            size=look.size,
            columns=1,
        )
    with crops, st.container(horizontal=True, gap="small"):
        for place, (cell, box) in enumerate(zip(strong, boxes, strict=True), 1):
            st.image(
                encode(crop(look.image, box)).src,
                caption=f"{place} · {number(cell.value)}",
                width=SHOWN_WIDTH,
            )
    if any(box.share_in_padding > 0 for box in boxes):
        st.caption("Grey: beyond the picture, where the network saw padding.")


def crop(image: np.ndarray, box: Box) -> np.ndarray:
    """What a cell sees, h×w×3; grey beyond the picture. Small ones are enlarged so that pixels show."""
    height, width = image.shape[:2]
    out = np.empty((box.height, box.width, 3), np.uint8)
    out[:] = OUTSIDE
    top, left = max(box.top, 0), max(box.left, 0)
    bottom, right = min(box.bottom, height), min(box.right, width)
    if top < bottom and left < right:
        out[top - box.top : bottom - box.top, left - box.left : right - box.left] = image[top:bottom, left:right]
    times = max(1, SHOWN_SIDE // max(box.height, box.width))
    return cv2.resize(out, None, fx=times, fy=times, interpolation=cv2.INTER_NEAREST) if times > 1 else out
