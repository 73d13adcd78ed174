"""The preview pictures of a run as small files for the browser."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from fcn_core.labels import VOID_COLOUR, Colour

MOST_SIDE = 480


def label_address(path: Path, colours: Sequence[Colour]) -> str:
    """A label map's file (8-bit PNG, class indices) as a data address of a small PNG in the class colours.

    Void is black. A file that is missing, damaged or just being written gives "".
    """
    try:
        with Image.open(path) as file:
            indices = np.array(file)
    except (OSError, ValueError, SyntaxError):
        return ""
    if indices.ndim != 2:
        return ""
    every = -(-max(indices.shape) // MOST_SIDE)
    small = np.minimum(indices[::every, ::every], len(colours)).astype(np.uint8)  # void comes last: few bits a pixel
    picture = Image.fromarray(small, "P")
    picture.putpalette([channel for colour in (*colours, VOID_COLOUR) for channel in colour])
    return _address(picture, "png", optimize=True)


def photo_address(path: Path) -> str:
    """A photo's file as a data address of a JPEG; "" if it is missing or damaged."""
    try:
        with Image.open(path) as file:
            picture = file.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return ""
    picture.thumbnail((MOST_SIDE, MOST_SIDE))
    return _address(picture, "jpeg", quality=88)


def _address(picture: Image.Image, kind: str, **options: int) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return f"data:image/{kind};base64,{base64.b64encode(buffer.getvalue()).decode('ascii')}"
