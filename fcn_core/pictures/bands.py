"""Images that are no RGB photos: depth, infrared, multi- and hyperspectral, from .npy and TIFF files.

One shape for all of them: H×W×C, uint8, uint16 or float32, in the file's own units.

- A .npy file holds H×W×C or H×W (one channel).
- A TIFF file holds its channels as samples of each pixel, as planes, or as pages of equal size. Where the file says
  which axis is which, that is followed. Where it does not (pages without a meaning), the axis that is the
  shortest of the three is the channels, if it comes first or last; lengths that leave a doubt are refused.
- Any other image file: a grey one has one channel, any other has three (RGB).
"""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
from PIL import Image

from fcn_core.pictures.images import (
    MAX_PIXELS,
    ImageError,
    ImageSource,
    check_size,
    decode,
    open_image,
    read_bytes,
    read_image,
    wide_grey,
)
from fcn_core.pictures.tiff import BandFile, tiff_header, tiff_values

TIFF_SUFFIXES = (".tif", ".tiff")
BAND_SUFFIXES = (".npy", *TIFF_SUFFIXES)
MAX_VALUES = 2**30  # 1 GiB of 8-bit values
NPY_START = b"\x93NUMPY"
TIFF_STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
SHOWN_PERCENTILES = (1, 99)


def read_bands(source: ImageSource, *, max_pixels: int | None = None) -> np.ndarray:
    """The image as H×W×C uint8, uint16 or float32, in its own units (the file types are in the module's docstring).

    bool and other integers and floats become uint8 and float32. Raises ImageError (a ValueError) that says what was
    expected and what came: no image, other dimensions, values that are not finite, more than `max_pixels`.
    """
    if isinstance(source, np.ndarray | Image.Image):
        return _as_bands(np.asarray(source), "the array", max_pixels)
    data, name = read_bytes(source)
    if data.startswith(NPY_START):
        shape, _ = _npy_header(data, name)
        check_size(shape[1], shape[0], name, max_pixels)
        return _as_bands(np.load(io.BytesIO(data), allow_pickle=False), name, max_pixels)
    if data.startswith(TIFF_STARTS):
        about = tiff_header(data, name)
        check_size(about.width, about.height, name, max_pixels)
        if about.channels * about.height * about.width > MAX_VALUES:
            raise ImageError(
                f"{name} holds {about.channels} channels of {about.width}×{about.height}, which is too much"
            )
        return _as_bands(tiff_values(data, name), name, max_pixels)
    image, _ = open_image(_named(data, name))
    check_size(*image.size, name, max_pixels)
    if image.mode.startswith("I") or image.mode == "F":
        return _as_bands(wide_grey(decode(image, name), name), name, max_pixels)
    if image.mode == "L":
        return np.array(decode(image, name))[..., None]
    return read_image(image, max_pixels=max_pixels)


def inspect_bands(source: str | Path | bytes) -> BandFile | None:
    """What a .npy or TIFF file holds, from its header alone; None for every other file. ImageError if damaged."""
    if isinstance(source, bytes):
        start = source[:8]
    else:
        try:
            with Path(source).open("rb") as file:
                start = file.read(8)
        except (OSError, ValueError):
            return None
    if not start.startswith((NPY_START, *TIFF_STARTS)):
        return None
    data, name = read_bytes(source)
    if start.startswith(TIFF_STARTS):
        return tiff_header(data, name)
    shape, dtype = _npy_header(data, name)
    return BandFile(shape[2], shape[0], shape[1], str(dtype), photo=False)


def holds_bands(source: str | Path | bytes) -> bool:
    """Whether a file is to be read by `read_bands`, not as a photo. A damaged one is for its reader to refuse."""
    try:
        about = inspect_bands(source)
    except ImageError:
        start = source if isinstance(source, bytes) else read_bytes(source)[0]
        return start.startswith(NPY_START)
    return about is not None and not about.photo and not about.alpha


def read_photo_of(source: ImageSource, *, max_pixels: int | None = MAX_PIXELS) -> np.ndarray:
    """`images.read_image` for weights that read photos: what is no photo, but bands, is refused with its channels.

    A .npy file is read as the array that it holds. Raises ImageError (a ValueError).
    """
    if isinstance(source, np.ndarray | Image.Image):
        return read_image(source, max_pixels=max_pixels)
    data, name = read_bytes(source)
    about = inspect_bands(data) if holds_bands(data) else None
    if about is not None and about.channels not in (1, 3):
        raise ImageError(
            f"these weights read photos (3 channels, RGB), but {name} has {about.channels} channels of "
            f"{about.width}×{about.height} pixels; choose weights that were trained on such images"
        )
    if data.startswith(NPY_START):
        return read_image(read_bands(_named(data, name), max_pixels=max_pixels), max_pixels=max_pixels)
    return read_image(_named(data, name), max_pixels=max_pixels)


def show_bands(image: np.ndarray, *, colour: bool | None = None) -> np.ndarray:
    """A picture of H×W×C bands to look at: H×W×3 uint8 RGB.

    The first three channels become red, green and blue, a single one (or the first of two) grey, each stretched from
    its 1st to its 99th percentile to 0-255. With `colour` (by default: uint8 with 3 or 4 channels) the first three
    are colours from 0 to 255 already.
    """
    if colour is None:
        colour = image.dtype == np.uint8 and image.shape[2] in (3, 4)
    planes = image[..., :3] if image.shape[2] >= 3 else image[..., :1]
    if colour:
        return np.clip(planes, 0, 255).astype(np.uint8)
    low, high = np.percentile(planes.astype(np.float32), SHOWN_PERCENTILES, axis=(0, 1))
    stretched = (planes - low) / np.where(high > low, high - low, 1) * 255
    return np.array(np.broadcast_to(np.rint(np.clip(stretched, 0, 255)).astype(np.uint8), (*image.shape[:2], 3)))


def _named(data: bytes, name: str) -> io.BytesIO:
    """Bytes as an open file with a name, so that sentences about it can call it by that."""
    file = io.BytesIO(data)
    file.name = name
    return file


def _as_bands(values: np.ndarray, name: str, max_pixels: int | None) -> np.ndarray:
    """H×W or H×W×C of any real dtype -> contiguous H×W×C of a dtype of ours, all values finite."""
    if values.ndim == 2:
        values = values[..., None]
    if values.ndim != 3:
        raise ImageError(f"{name}: expected an array H×W×C or H×W, got shape {values.shape}")
    if values.dtype.kind not in "buif":
        raise ImageError(f"{name}: expected numbers (uint8, uint16 or float32), got {values.dtype}")
    check_size(values.shape[1], values.shape[0], name, max_pixels)
    if values.shape[2] == 0:
        raise ImageError(f"{name} has no channels (shape {values.shape})")
    values = values.astype(np.uint8 if values.dtype == np.bool_ else values.dtype.newbyteorder("="), copy=False)
    if values.dtype not in (np.uint8, np.uint16):
        values = values.astype(np.float32)
        if not np.isfinite(values).all():
            share = 1 - np.isfinite(values).mean()
            raise ImageError(
                f"{name}: {share:.1%} of the values are not finite (NaN or infinite); write a number there, such as 0, "
                "and void into the label map"
            )
    return np.ascontiguousarray(values)


def _npy_header(data: bytes, name: str) -> tuple[tuple[int, int, int], np.dtype]:
    """Shape H, W, C and dtype that a .npy file announces, checked against its size before anything is allocated."""
    stream = io.BytesIO(data)
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    except ValueError as problem:
        raise ImageError(f"{name} is a damaged .npy file: {problem}") from problem
    if dtype.hasobject or dtype.kind not in "buif":
        raise ImageError(f"{name}: expected numbers (uint8, uint16 or float32), got {dtype}")
    if len(shape) not in (2, 3):
        raise ImageError(f"{name}: expected an array H×W×C or H×W, got shape {shape}")
    if len(data) - stream.tell() < int(np.prod(shape, dtype=object)) * dtype.itemsize:
        raise ImageError(f"{name} is cut short: it announces shape {shape} of {dtype}; copy it again")
    return (shape[0], shape[1], shape[2] if len(shape) == 3 else 1), dtype
