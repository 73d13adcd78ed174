"""Every kind of image comes out as H×W×3 uint8 RGB; everything else as one clear sentence."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_core.pictures.images import ImageError, png_bytes, read_image

# Left half red, right half blue, with one green corner pixel block that shows every rotation and mirroring.
PICTURE = np.zeros((24, 32, 3), np.uint8)
PICTURE[:, :16] = (200, 30, 30)
PICTURE[:, 16:] = (30, 30, 200)
PICTURE[:8, :8] = (30, 200, 30)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format=kind, **options)
    return buffer.getvalue()


def close(a: np.ndarray, b: np.ndarray, tolerance: int) -> bool:
    return a.shape == b.shape and int(np.abs(a.astype(int) - b.astype(int)).max()) <= tolerance


@pytest.mark.parametrize(
    ("kind", "tolerance", "options"),
    [
        ("PNG", 0, {}),
        ("BMP", 0, {}),
        ("TIFF", 0, {}),
        ("TIFF", 0, {"compression": "tiff_lzw"}),
        ("WEBP", 0, {"lossless": True}),
        ("GIF", 0, {}),
        ("PPM", 0, {}),
        ("JPEG", 12, {"quality": 95, "subsampling": 0}),
        ("JPEG2000", 2, {}),
    ],
)
def test_formats(kind: str, tolerance: int, options: dict) -> None:
    got = read_image(encoded(Image.fromarray(PICTURE), kind, **options))
    assert got.dtype == np.uint8 and got.flags["C_CONTIGUOUS"]
    assert close(got, PICTURE, tolerance)


def test_sources(tmp_path: Path) -> None:
    data = encoded(Image.fromarray(PICTURE), "PNG")
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    for source in (str(path), path, data, bytearray(data), io.BytesIO(data), Image.open(path), PICTURE):
        assert np.array_equal(read_image(source), PICTURE)


def test_the_result_is_a_copy() -> None:
    source = PICTURE.copy()
    read_image(source)[:] = 0
    assert np.array_equal(source, PICTURE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(orientation: int) -> None:
    # What a camera stores for each value of the tag, so that the upright picture is PICTURE.
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.transpose(1, 0, 2),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].transpose(1, 0, 2),
        8: lambda a: np.rot90(a, -1),
    }[orientation](PICTURE)
    exif = Image.Exif()
    exif[0x0112] = orientation
    for kind, options, tolerance in (("PNG", {}, 0), ("JPEG", {"quality": 95, "subsampling": 0}, 12)):
        data = encoded(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif, **options)
        assert close(read_image(data), PICTURE, tolerance), kind


def test_broken_exif_is_ignored() -> None:
    data = encoded(Image.fromarray(PICTURE), "JPEG", exif=b"Exif\0\0garbage", quality=95)
    assert read_image(data).shape == PICTURE.shape


def test_grey_and_one_bit() -> None:
    grey = np.arange(0, 256, dtype=np.uint8).reshape(16, 16)
    for got in (read_image(encoded(Image.fromarray(grey), "PNG")), read_image(grey), read_image(grey[:, :, None])):
        assert np.array_equal(got, np.repeat(grey[:, :, None], 3, 2))
    bits = np.indices((8, 8)).sum(0) % 2 == 0
    for got in (read_image(encoded(Image.fromarray(bits), "PNG")), read_image(bits)):
        assert np.array_equal(got[:, :, 0], bits * 255)


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    rgba = np.dstack([PICTURE, np.full((24, 32), 255, np.uint8)])
    rgba[:, :4, 3] = 0
    rgba[:, 4:8, 3] = 128
    for source in (encoded(Image.fromarray(rgba), "PNG"), encoded(Image.fromarray(rgba), "WEBP", lossless=True), rgba):
        got = read_image(source)
        assert (got[:, :4] == 255).all()
        assert close(got[:, 4:8], (PICTURE[:, 4:8].astype(int) * 128 // 255 + 127).astype(np.uint8), 2)
        assert np.array_equal(got[:, 8:], PICTURE[:, 8:])
    grey_alpha = Image.fromarray(np.array([[[0, 0], [0, 255]]], np.uint8), "LA")
    assert read_image(encoded(grey_alpha, "PNG"))[0, :, 0].tolist() == [255, 0]
    palette = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    palette.putpalette([10, 20, 30, 40, 50, 60])
    assert read_image(encoded(palette, "PNG", transparency=0))[0].tolist() == [[255, 255, 255], [40, 50, 60]]


def test_palette_cmyk_and_ycbcr() -> None:
    assert close(read_image(Image.fromarray(PICTURE).quantize(8)), PICTURE, 2)
    assert close(read_image(encoded(Image.fromarray(PICTURE).convert("CMYK"), "TIFF")), PICTURE, 2)
    assert read_image(encoded(Image.fromarray(PICTURE).convert("CMYK"), "JPEG")).shape == PICTURE.shape
    assert close(read_image(Image.fromarray(PICTURE).convert("YCbCr")), PICTURE, 3)


def test_sixteen_bits_are_scaled() -> None:
    wide = np.array([[0, 128, 129, 257, 32896, 65535]], np.uint16)
    expected = np.array([0, 0, 1, 1, 128, 255])
    for kind in ("PNG", "TIFF"):
        assert np.array_equal(read_image(encoded(Image.fromarray(wide), kind))[0, :, 0], expected), kind
    assert np.array_equal(read_image(wide)[0, :, 2], expected)
    colour = np.repeat(wide[:, :, None], 3, 2)
    assert np.array_equal(read_image(colour)[0, :, 1], expected)
    pgm = b"P5 2 1 65535\n" + np.array([0, 65535], ">u2").tobytes()
    assert read_image(pgm)[0, :, 0].tolist() == [0, 255]


def test_floats() -> None:
    assert read_image(np.array([[0.0, 0.5, 1.0]]))[0, :, 0].tolist() == [0, 128, 255]
    assert read_image(Image.fromarray(np.array([[0.0, 1.0]], np.float32), "F"))[0, :, 0].tolist() == [0, 255]
    for bad in (np.array([[0.0, 200.0]]), np.array([[-0.1]]), np.array([[np.nan, 0.5]])):
        with pytest.raises(ImageError, match="from 0 to 1"):
            read_image(bad)


def test_first_frame_of_an_animation() -> None:
    frames = [Image.fromarray(PICTURE), Image.fromarray(255 - PICTURE)]
    for kind, options in (("GIF", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("PNG", {})):
        data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], **options)
        assert close(read_image(data), PICTURE, 2), kind


def _png_header(width: int, height: int) -> bytes:
    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0" * 100)) + chunk(b"IEND", b"")


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("size", [(100_000, 100_000), (12_000, 9_000), (2_000_000_000, 1)])
def test_bombs_are_refused_before_decoding(size: tuple[int, int]) -> None:
    with pytest.raises(ImageError, match="megapixels"):
        read_image(_png_header(*size))


def test_own_pixel_limit() -> None:
    with pytest.raises(ImageError, match="32×24 pixels .* limit is 0.0005"):
        read_image(PICTURE, max_pixels=500)
    with pytest.raises(ImageError, match="make it smaller"):
        read_image(encoded(Image.fromarray(PICTURE), "PNG"), max_pixels=500)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF", "BMP", "GIF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_truncated(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), np.uint8)
    data = encoded(Image.fromarray(noise), kind)
    with pytest.raises(ImageError, match="damaged|cut short|not an image|cannot be"):
        read_image(data[: max(8, int(len(data) * share))])


def test_not_images(tmp_path: Path) -> None:
    text = tmp_path / "photo.jpg"
    text.write_text("Dear diary, today I renamed a file.\n" * 10, encoding="utf-8")
    with pytest.raises(ImageError, match=r"photo\.jpg is a text file, not an image"):
        read_image(text)
    empty = tmp_path / "empty.png"
    empty.touch()
    cases: list[tuple[object, str]] = [
        (empty, "empty"),
        (b"", "empty"),
        (tmp_path, "folder"),
        (tmp_path / "absent.png", "does not exist"),
        ("a\0b", "cannot be read|does not exist"),
        ("x" * 5000, "cannot be read"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"<svg xmlns='x'></svg>", "SVG"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC"),
        (np.random.default_rng(1).bytes(4000), "not an image"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n", "text file"),
        (None, "expected a path"),
        (3.5, "expected a path"),
        (np.zeros((0, 5, 3), np.uint8), "at least one pixel"),
        (np.zeros((5, 5, 2), np.uint8), "H×W×4"),
        (np.zeros(5, np.uint8), "H×W×4"),
        (np.zeros((5, 5), np.int64), "int64"),
        (np.zeros((5, 5), np.complex64), "complex64"),
    ]
    for source, message in cases:
        with pytest.raises(ImageError, match=message):
            read_image(source)  # type: ignore[arg-type]


def test_device_files_are_refused() -> None:
    if Path("/dev/zero").exists():
        with pytest.raises(ImageError, match="ordinary file"):
            read_image("/dev/zero")


def test_png_round_trip() -> None:
    assert np.array_equal(read_image(png_bytes(PICTURE)), PICTURE)
