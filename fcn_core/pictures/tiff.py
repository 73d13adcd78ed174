"""TIFF files of any number of channels: samples, planes or pages (which axis is which: see `bands`)."""

from __future__ import annotations

import io
from dataclasses import dataclass

import cv2
import numpy as np
import tifffile

from fcn_core.pictures.images import ImageError

RGB_PHOTOMETRICS = (2, 3, 5, 6)  # RGB, palette, CMYK, YCbCr


@dataclass(frozen=True)
class BandFile:
    """What a file's header says. photo: an RGB or 8-bit grey picture, for which `images.read_image` is the reader.

    alpha: a photo whose fourth sample is its transparency.
    """

    channels: int
    height: int
    width: int
    dtype: str
    photo: bool
    alpha: bool = False


def tiff_header(data: bytes, name: str) -> BandFile:
    """What the header says; ImageError if it is damaged or leaves the axes in doubt."""
    try:
        with tifffile.TiffFile(io.BytesIO(data)) as file:
            series, page = file.series[0], file.series[0].keyframe
            axes, shape = _axes(series.axes, series.shape, name)
            samples = int(page.samplesperpixel)
            extra = tuple(int(kind) for kind in page.extrasamples)
            photometric, dtype = int(page.photometric), series.dtype
    except ImageError:
        raise
    except Exception as problem:  # tifffile raises whatever a damaged file leads to
        raise ImageError(f"{name} is damaged or no TIFF that can be read ({problem})") from problem
    size = dict(zip(axes, shape, strict=True))
    channels = size.get("C", 1)
    coloured = photometric in RGB_PHOTOMETRICS and dtype is not None and dtype.kind == "u"
    alpha = coloured and samples == 4 and extra[-1:] in ((1,), (2,))
    grey = channels == 1 and dtype is not None and dtype.itemsize == 1
    photo = grey or (coloured and (samples == 3 or photometric in (3, 5)))
    return BandFile(channels, size["Y"], size["X"], str(dtype), photo=photo, alpha=alpha)


def _axes(axes: str, shape: tuple[int, ...], name: str) -> tuple[str, tuple[int, ...]]:
    """tifffile's axes in our letters: Y, X and at most one C; axes of length 1 and further pages are left out."""
    kept = [(axis, length) for axis, length in zip(axes, shape, strict=True) if length > 1 or axis in "YX"]
    letters, lengths = "".join(axis for axis, _ in kept), tuple(length for _, length in kept)
    if "S" in letters and len(letters) > 3:  # several pages of colour: the first is meant
        kept = [(axis, length) for axis, length in kept if axis in "YXS"]
        letters, lengths = "".join(axis for axis, _ in kept), tuple(length for _, length in kept)
    if len(letters) == 2:
        return letters, lengths
    other = letters.replace("Y", "").replace("X", "")
    if len(letters) != 3 or len(other) != 1:
        raise ImageError(f"{name} has the axes {axes} of lengths {shape}; expected height, width and channels")
    if other in "SC":
        return letters.replace(other, "C"), lengths
    first, middle, last = lengths  # pages without a meaning
    if last < min(first, middle):
        return "YXC", lengths
    if first < min(middle, last):
        return "CYX", lengths
    raise ImageError(
        f"{name} has pages of {last}×{middle} pixels, {first} of them, and does not say which axis is the channels; "
        "save it as .npy with shape H×W×C"
    )


def tiff_values(data: bytes, name: str) -> np.ndarray:
    """H×W×C (or H×W) as stored; ImageError if it cannot be decoded."""
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        series = file.series[0]
        axes, shape = _axes(series.axes, series.shape, name)
        try:
            values = series.asarray() if "S" not in series.axes or series.ndim <= 3 else series.keyframe.asarray()
        except Exception as problem:
            compression = getattr(series.keyframe.compression, "name", "in a way")
            decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
            samples = dict(zip(axes, shape, strict=True)).get("C", 1)
            if decoded is None or (decoded.shape[2] if decoded.ndim == 3 else 1) != samples:
                raise ImageError(
                    f"{name} is compressed ({compression}) in a way that cannot be read here, or damaged; save it "
                    "without compression or with deflate, or install the Python package imagecodecs"
                ) from problem
            if samples < 3:
                return decoded
            return decoded[..., [2, 1, 0, *range(3, samples)]]  # OpenCV gives blue first
    values = values.reshape(shape)
    return np.moveaxis(values, axes.index("C"), 2) if "C" in axes else values
