"""From arrays to what a browser shows: data addresses of PNG or JPEG, and colour scales. No Streamlit here."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np

from fcn_core.data.sample import Sample
from fcn_core.draw import colour_table, overlay, thumbnail
from fcn_core.labels import LabelSet
from fcn_core.pictures.bands import show_bands

MOST_SIDE = 1600
PNG = [cv2.IMWRITE_PNG_COMPRESSION, 1]
JPEG = [cv2.IMWRITE_JPEG_QUALITY, 92, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444]


@dataclass(frozen=True)
class Shown:
    """An image ready for the browser.

    `src` is a data address of a PNG or JPEG; `width`, `height` the full size in pixels that clicks are
    counted in (the sent image may be smaller).
    """

    src: str
    width: int
    height: int


@dataclass(frozen=True)
class ColourBar:
    """A colour scale: its picture, low to high, and the tick labels spread evenly under it."""

    src: str
    ticks: tuple[str, ...]
    label: str = ""


def encode(image: np.ndarray, *, full_size: tuple[int, int] | None = None, photo: bool = False) -> Shown:
    """An H×W×3 uint8 RGB image as `Shown`; `full_size` is (height, width) if the image was made smaller.

    A `photo` goes as JPEG with full colour resolution: ten times as fast and a quarter of the size. Maps with
    hard edges go as PNG, exactly.
    """
    height, width = full_size or image.shape[:2]
    kind, suffix, options = ("jpeg", ".jpg", JPEG) if photo else ("png", ".png", PNG)
    done, buffer = cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)
    if not done:
        raise ValueError(f"an image of {width}×{height} could not be encoded as {kind}")
    return Shown(f"data:image/{kind};base64,{base64.b64encode(buffer).decode('ascii')}", width, height)


def step_for_view(height: int, width: int, most_side: int = MOST_SIDE) -> int:
    """Take every n-th pixel of maps this large, so that what is drawn and sent stays small."""
    return -(-max(height, width) // most_side)


def view(array: np.ndarray, most_side: int = MOST_SIDE) -> np.ndarray:
    """The array at viewing size: every n-th row and column (labels cannot be averaged)."""
    step = step_for_view(*array.shape[:2], most_side)
    return np.ascontiguousarray(array[::step, ::step]) if step > 1 else array


def view_photo(image: np.ndarray, most_side: int = MOST_SIDE) -> np.ndarray:
    """A photo at the size that `view` gives its label map, averaged instead of sampled."""
    step = step_for_view(*image.shape[:2], most_side)
    if step == 1:
        return image
    height, width = image[::step, ::step].shape[:2]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA)


def sample_view(
    sample: Sample, labels: LabelSet, *, side: int = MOST_SIDE, opacity: int = 60, safe: bool = False
) -> Shown:
    """A labelled picture of any channels under its class colours. side: at most this long; opacity: in percent."""
    height, width = sample.mask.shape
    image = thumbnail(show_bands(sample.image, colour=sample.colour), side)
    if opacity:
        size = (image.shape[1], image.shape[0])
        mask = cv2.resize(sample.mask, size, interpolation=cv2.INTER_NEAREST)
        image = overlay(image, mask, labels.colours(safe=safe), opacity / 100)
    return encode(image, full_size=(height, width), photo=True)


@lru_cache(maxsize=16)
def colour_bar(name: str, ticks: tuple[str, ...], label: str = "") -> ColourBar:
    """The bar of a colour map of `fcn_core.draw`, with its tick labels."""
    return ColourBar(encode(np.repeat(colour_table(name)[None], 4, axis=0)).src, ticks, label)


SHARE_BAR = ("0", "0.25", "0.5", "0.75", "1")
SIGNED_BAR = ("−1", "−0.5", "0", "0.5", "1")
