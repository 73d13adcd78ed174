"""Maps of numbers as pictures that a browser can turn back into numbers: 16 bits a value. No Streamlit here."""

from __future__ import annotations

import base64

import cv2
import numpy as np

from fcn_core.draw import colour_table
from fcn_core.labels import Colour

MOST = 65535
PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]


def pack(values: np.ndarray, low: float, high: float, *, fine: bool = True) -> str:
    """h×w numbers as a PNG's data address: red is the upper byte of the place between low (0) and high (65535), green
    the lower one. Not `fine`: 256 steps, a quarter of the size, for many maps at a time.
    """
    span = high - low
    unit = np.clip((np.asarray(values, np.float32) - low) / span, 0, 1) if span > 0 else np.zeros(values.shape)
    if fine:
        return _encode(np.rint(unit * MOST).astype(np.uint16))
    return _encode(np.rint(unit * 255).astype(np.uint16) * 257)


def pack_indices(indices: np.ndarray) -> str:
    """h×w class indices (0-65535) in the same way."""
    return _encode(indices.astype(np.uint16))


def unpack(address: str, low: float, high: float) -> np.ndarray:
    """What the browser makes of `pack`: h×w float64. For tests and checks."""
    picture = cv2.imdecode(np.frombuffer(base64.b64decode(address.split(",")[1]), np.uint8), cv2.IMREAD_COLOR)
    number = 256 * picture[..., 2].astype(np.float64) + picture[..., 1]
    return low + (high - low) / MOST * number


def pack_grid(logits: np.ndarray) -> tuple[str, float, float]:
    """K×h×w logits as base64 of 16-bit numbers between their smallest and largest: (text, low, high)."""
    low, high = float(logits.min()), float(logits.max())
    unit = (logits - low) / (high - low) if high > low else np.zeros(logits.shape)
    return base64.b64encode(np.rint(unit * MOST).astype("<u2").tobytes()).decode("ascii"), low, high


def table_text(name: str) -> str:
    """A colour map of `fcn_core.draw` for the browser: base64 of 3 bytes a colour."""
    return base64.b64encode(colour_table(name).tobytes()).decode("ascii")


def palette_text(colours: tuple[Colour, ...]) -> str:
    """Class colours in the same way."""
    return base64.b64encode(np.array(colours, np.uint8).tobytes()).decode("ascii")


def _encode(numbers: np.ndarray) -> str:
    blue = np.zeros(numbers.shape, np.uint8)
    picture = np.dstack([blue, (numbers & 255).astype(np.uint8), (numbers >> 8).astype(np.uint8)])
    done, buffer = cv2.imencode(".png", picture, PNG)
    if not done:
        raise ValueError(f"a map of shape {numbers.shape} could not be encoded")
    return f"data:image/png;base64,{base64.b64encode(buffer).decode('ascii')}"
