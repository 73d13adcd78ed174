"""Photos and label maps from disk, as every data set of this package reads them."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from fcn_core.pictures.bands import BAND_SUFFIXES, inspect_bands, read_bands

PHOTO_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".ppm")
PICTURE_SUFFIXES = (*PHOTO_SUFFIXES, ".npy")
MASK_SUFFIXES = (".png", ".bmp", ".tif", ".tiff", ".gif", ".pgm")


def read_photo(path: Path) -> np.ndarray:
    """The photo as H×W×3 uint8 RGB, turned as its EXIF orientation says; ValueError when it cannot be decoded."""
    bgr = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if bgr is None:
        if not path.is_file():
            raise ValueError(f"{path} does not exist")
        raise ValueError(f"{path} cannot be read as a photo; the file is damaged or of a type that is not supported")
    return cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)


def read_picture(path: Path) -> np.ndarray:
    """A photo as H×W×3 uint8 RGB, or the channels of a .npy or TIFF file as H×W×C uint8, uint16 or float32.

    A TIFF file is a photo where it says that its three samples are colours, or holds 8-bit grey. ValueError when the
    file cannot be read.
    """
    if path.suffix.lower() in BAND_SUFFIXES:
        about = inspect_bands(path)
        if about is not None and not about.photo:
            return read_bands(path)
    return read_photo(path)


def read_label_map(path: Path) -> np.ndarray:
    """The label map as H×W uint8 class indices: an 8-bit grey file, or the indices of a palette file.

    ValueError for colour-coded masks (three channels that differ) and for 16-bit values above 255.
    """
    try:
        with Image.open(path) as file:
            mode = file.mode
            values = np.array(file)
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist") from None
    except (OSError, SyntaxError) as error:
        raise ValueError(f"{path} cannot be read as a label map: {error}") from error
    if values.ndim == 3:
        colours = values[..., :3] if mode in ("RGB", "RGBA") else values[..., :1]
        if colours.shape[2] == 3 and ((colours != colours[..., :1]).any()):
            raise ValueError(
                f"{path} is colour-coded ({mode}); expected one class index a pixel (8-bit grey or palette PNG). "
                "Turn the colours into class indices first"
            )
        values = colours[..., 0]
    if values.dtype == bool:
        values = values.astype(np.uint8)
    if values.min(initial=0) < 0 or values.max(initial=0) > 255:
        raise ValueError(f"{path} holds values from {values.min()} to {values.max()}; class indices are 0 to 255")
    return np.ascontiguousarray(values.astype(np.uint8))


def read_colours(path: Path) -> np.ndarray | None:
    """A colour-coded label map as H×W×3 uint8 RGB; None when the file holds class indices (grey or palette)."""
    try:
        with Image.open(path) as file:
            if file.mode not in ("RGB", "RGBA"):
                return None
            return np.array(file.convert("RGB"))
    except (OSError, SyntaxError) as error:
        raise ValueError(f"{path} cannot be read as a label map: {error}") from error


def files_by_stem(folder: Path, suffixes: tuple[str, ...]) -> dict[str, Path]:
    """File-name stem -> path for the files of `folder` with one of `suffixes`, in name order."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file():
            found.setdefault(path.stem, path)
    return found
