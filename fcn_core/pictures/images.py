"""Read any photo into one shape: H×W×3, uint8, RGB, upright.

Everything that a person may hand over comes in here (a path, bytes, an open file, a PIL image, an
array), and everything that is not a usable image leaves as an `ImageError` with one sentence that
says what was expected, what came and what to do. A file's size in pixels is read from its header
and checked before anything is decoded.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps

MAX_PIXELS = 89_478_485  # Pillow's own threshold for "possibly a decompression bomb"

# Only formats that are recognised by their first bytes and decoded in this process: Pillow would otherwise
# also try EPS (which starts Ghostscript) and formats without a signature, which "recognise" anything.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "DIB", "GIF", "PPM", "JPEG2000", "AVIF", "ICO", "QOI")
READABLE = "JPEG, PNG, WebP, TIFF, BMP, GIF or AVIF"

ImageSource = str | Path | bytes | bytearray | BinaryIO | Image.Image | np.ndarray


class ImageError(ValueError):
    """The given thing cannot be used as an image; the message is fit to be shown as it is."""


def read_image(source: ImageSource, *, max_pixels: int | None = MAX_PIXELS) -> np.ndarray:
    """Return `source` as a fresh H×W×3 uint8 RGB array, turned upright by its EXIF orientation.

    Arrays may be H×W, H×W×1, H×W×3 or H×W×4 with uint8 (0-255), uint16 (0-65535), bool or float (0-1).
    Transparent pixels are laid on white, 16-bit values are scaled to 0-255, and of an animation or a file
    of several pages the first is taken. `max_pixels=None` lifts our limit (Pillow's own, twice as high, stays).

    Raises ImageError (a ValueError) for anything else.
    """
    if isinstance(source, np.ndarray):
        return _array_to_rgb(source, max_pixels)
    if isinstance(source, Image.Image):
        return _pil_to_rgb(source, "the image", max_pixels)
    image, name = open_image(source)
    with image:
        return _pil_to_rgb(image, name, max_pixels)


def open_image(source: str | Path | bytes | bytearray | BinaryIO) -> tuple[Image.Image, str]:
    """Open a file or bytes without decoding them: (lazy PIL image, name to use in messages). Raises ImageError."""
    data, name = read_bytes(source)
    if not data:
        raise ImageError(f"{name} is empty (0 bytes); choose a {READABLE} file")
    try:
        return Image.open(io.BytesIO(data), formats=[f for f in FORMATS if f in _openable()]), name
    except Image.DecompressionBombError:
        raise ImageError(
            f"{name} claims more than {2 * MAX_PIXELS / 1e6:.0f} megapixels, which looks like a decompression bomb; "
            "if it is a real photo, make it smaller first"
        ) from None
    except Exception as error:  # Pillow's decoders raise a dozen unrelated types on broken headers
        raise ImageError(_unreadable(data, name)) from error


def png_bytes(image: np.ndarray | Image.Image) -> bytes:
    """Encode an H×W or H×W×3 uint8 array, or a PIL image, as PNG bytes."""
    picture = image if isinstance(image, Image.Image) else Image.fromarray(np.ascontiguousarray(image))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", compress_level=4)
    return buffer.getvalue()


def check_size(width: int, height: int, name: str, max_pixels: int | None) -> None:
    """Raise ImageError for an image without pixels or with more than `max_pixels`."""
    if width < 1 or height < 1:
        raise ImageError(f"{name} is {width}×{height} pixels; an image needs at least one pixel each way")
    if max_pixels is not None and width * height > max_pixels:
        raise ImageError(
            f"{name} is {width}×{height} pixels ({width * height / 1e6:.0f} megapixels) and the limit is "
            f"{max_pixels / 1e6:.3g}; make it smaller, or cut it into parts"
        )


def _openable() -> dict:
    Image.init()
    return Image.OPEN


def read_bytes(source: object) -> tuple[bytes, str]:
    """Bytes of a path, an open binary file or bytes, and the name to use in messages. Raises ImageError."""
    if isinstance(source, bytes | bytearray):
        return bytes(source), "the image"
    if isinstance(source, str | Path):
        path = Path(source)
        try:
            if path.is_dir():
                raise ImageError(f"{path} is a folder; give the image files inside it")
            if not path.exists():
                raise ImageError(f"{path} does not exist; check the name and the folder")
            if not path.is_file():
                raise ImageError(f"{path} is not an ordinary file; choose a {READABLE} file")
            return path.read_bytes(), path.name
        except ImageError:
            raise
        except (OSError, ValueError) as error:  # no permission, name too long, null byte in the name
            raise ImageError(f"{path} cannot be read: {error}") from error
    if callable(read := getattr(source, "read", None)):
        data = read()
        name = getattr(source, "name", None)
        if isinstance(data, bytes | bytearray):
            return bytes(data), Path(name).name if isinstance(name, str) else "the image"
    raise ImageError(
        f"expected a path, bytes, an open binary file, a PIL image or a numpy array, not {type(source).__name__}"
    )


def _unreadable(data: bytes, name: str) -> str:
    """Say what the bytes look like instead of an image."""
    start = data[:512].lstrip()
    if data[4:12] in (b"ftypheic", b"ftypheix", b"ftypmif1", b"ftypmsf1", b"ftyphevc"):
        what = "is a HEIC photo, which is not supported; save it as JPEG"
    elif start.startswith(b"%PDF"):
        what = "is a PDF; save the page as PNG"
    elif start[:5].lower() in (b"<?xml", b"<svg ", b"<html", b"<!doc"):
        what = "is a text file (SVG, HTML or XML), not pixels; save it as PNG"
    elif data.startswith((b"\xff\xd8\xff", b"\x89PNG", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"BM")):
        what = "starts like an image but is damaged or cut short; copy or download it again"
    elif b"\0" not in data[:512] and _is_text(data[:512]):
        what = f"is a text file, not an image, whatever its name says; choose a {READABLE} file"
    else:
        what = f"is not an image that can be read; choose a {READABLE} file"
    return f"{name} {what}"


def _is_text(start: bytes) -> bool:
    try:
        start[: max(1, len(start) - 3)].decode("utf-8")  # the last character may be cut in two
    except UnicodeDecodeError:
        return False
    return True


def _pil_to_rgb(image: Image.Image, name: str, max_pixels: int | None) -> np.ndarray:
    check_size(*image.size, name, max_pixels)
    upright = decode(image, name)
    if upright.mode.startswith("I") or upright.mode == "F":
        return _array_to_rgb(wide_grey(upright, name), max_pixels)
    try:
        if "A" in upright.mode or "a" in upright.mode or "transparency" in upright.info:
            upright = _on_white(upright.convert("RGBA"))
        return np.array(upright.convert("RGB"))
    except (OSError, ValueError, MemoryError) as error:
        raise ImageError(
            f"{name} has colours of kind {image.mode}, which cannot be turned into RGB: {error}"
        ) from error


def decode(image: Image.Image, name: str) -> Image.Image:
    """Decode the first frame and turn it upright. Raises ImageError if the file is damaged."""
    try:
        image.load()
    except Exception as error:  # as many types as there are decoders
        raise ImageError(
            f"{name} is damaged or cut short and cannot be decoded ({error}); copy or download it again"
        ) from error
    try:
        return ImageOps.exif_transpose(image)
    except Exception:  # a broken EXIF block says nothing about the pixels: show the photo as it is stored
        return image


def wide_grey(image: Image.Image, name: str) -> np.ndarray:
    """The H×W values of a grey image with more than 8 bits: uint16, or float32 in 0-1. Raises ImageError."""
    values = np.array(image)
    if image.mode == "F":
        return values.astype(np.float32)
    low, high = int(values.min()), int(values.max())
    if low < 0 or high > 65535:
        raise ImageError(f"{name} holds values from {low} to {high}; expected 8 or 16 bits (0-65535), rescale it first")
    return values.astype(np.uint16)


def _on_white(rgba: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", rgba.size, (255, 255, 255, 255)), rgba)


def _array_to_rgb(array: np.ndarray, max_pixels: int | None) -> np.ndarray:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ImageError(f"expected an array H×W, H×W×1, H×W×3 or H×W×4, got shape {array.shape}")
    check_size(array.shape[1], array.shape[0], "the array", max_pixels)
    values = _to_uint8(array)
    if values.ndim == 2:
        values = values[:, :, None]
    if values.shape[2] == 4:
        return np.array(_on_white(Image.fromarray(np.ascontiguousarray(values), "RGBA")).convert("RGB"))
    return np.array(np.broadcast_to(values, (*values.shape[:2], 3)), order="C")


def _to_uint8(array: np.ndarray) -> np.ndarray:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * 255
    if array.dtype == np.uint16:
        return ((array.astype(np.uint32) + 128) // 257).astype(np.uint8)  # 65535 = 255 · 257, rounded to nearest
    if np.issubdtype(array.dtype, np.floating):
        low, high = float(array.min()), float(array.max())
        if not (low >= 0.0 and high <= 1.0):  # also true for NaN
            raise ImageError(
                f"expected floating-point values from 0 to 1, got {low:g} to {high:g}; divide by the largest possible "
                "value, or convert to uint8"
            )
        return np.rint(array.astype(np.float32) * 255).astype(np.uint8)
    raise ImageError(
        f"expected uint8 (0-255), uint16 (0-65535), bool or float (0-1) values, got {array.dtype}; convert them first"
    )
