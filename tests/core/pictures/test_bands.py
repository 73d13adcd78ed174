from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile
from PIL import Image

from fcn_core.pictures.bands import inspect_bands, read_bands, show_bands
from fcn_core.pictures.images import ImageError

RNG = np.random.default_rng(0)
EIGHT = RNG.integers(0, 60000, (12, 20, 8), dtype=np.uint16)


def npy(array: np.ndarray) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def tiff(array: np.ndarray, **options) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, array, **options)
    return stream.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        npy(EIGHT),
        npy(np.asfortranarray(EIGHT)),
        npy(EIGHT.astype(">u2")),
        tiff(EIGHT, photometric="minisblack", planarconfig="contig"),
        tiff(EIGHT.transpose(2, 0, 1), photometric="minisblack", planarconfig="separate"),
        tiff(EIGHT.transpose(2, 0, 1), photometric="minisblack"),  # a page each
        tiff(EIGHT.transpose(2, 0, 1), photometric="minisblack", metadata=None),
        tiff(EIGHT, photometric="minisblack"),  # what a careless writer makes of H×W×8: twelve pages of 20×8
        tiff(EIGHT, photometric="minisblack", planarconfig="contig", compression="zlib"),
        tiff(EIGHT.transpose(2, 0, 1), ome=True, metadata={"axes": "CYX"}),
    ],
    ids=["npy", "fortran", "big-endian", "samples", "planes", "pages", "plain pages", "odd pages", "deflate", "ome"],
)
def test_every_way_to_store_eight_bands(data, tmp_path):
    path = tmp_path / "file.bin"
    path.write_bytes(data)
    for source in (data, path):
        bands = read_bands(source)
        assert bands.dtype == np.uint16 and np.array_equal(bands, EIGHT)
        about = inspect_bands(source)
        assert about is not None and (about.channels, about.height, about.width, about.photo) == (8, 12, 20, False)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (npy(EIGHT[..., 0].astype(np.float64)), EIGHT[..., :1].astype(np.float32)),
        (npy(EIGHT[..., :1] > 30000), (EIGHT[..., :1] > 30000).astype(np.uint8)),
        (npy(EIGHT.astype(np.int32) - 9), EIGHT.astype(np.float32) - 9),
        (tiff(EIGHT[..., 0]), EIGHT[..., :1]),
        (tiff(EIGHT[..., 0].astype(np.float32)), EIGHT[..., :1].astype(np.float32)),
        (tiff(EIGHT[..., :4], photometric="rgb"), EIGHT[..., :4]),
        (tiff(EIGHT[..., :3], photometric="rgb"), EIGHT[..., :3]),
    ],
)
def test_dtypes_and_single_channels(data, expected):
    bands = read_bands(data)
    assert bands.dtype == expected.dtype and np.array_equal(bands, expected)


def test_lzw_of_few_channels_and_ordinary_pictures():
    rgb = EIGHT[..., :3].astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(rgb).save(stream, "TIFF", compression="tiff_lzw")
    assert np.array_equal(read_bands(stream.getvalue()), rgb) and inspect_bands(stream.getvalue()).photo
    for mode, channels in (("RGB", 3), ("L", 1), ("RGBA", 3), ("I;16", 1)):
        stream = io.BytesIO()
        Image.new(mode, (5, 4)).save(stream, "PNG")
        assert read_bands(stream.getvalue()).shape == (4, 5, channels) and inspect_bands(stream.getvalue()) is None


def test_a_compression_that_is_not_understood_is_named():
    stream = io.BytesIO()
    pages = [Image.fromarray(EIGHT[..., band].astype(np.uint8)) for band in range(8)]
    pages[0].save(stream, "TIFF", save_all=True, append_images=pages[1:], compression="tiff_lzw")
    try:
        import imagecodecs  # noqa: F401
    except ImportError:
        with pytest.raises(ImageError, match=r"compressed \(LZW\).*deflate, or install"):
            read_bands(stream.getvalue())
    else:
        assert np.array_equal(read_bands(stream.getvalue()), EIGHT.astype(np.uint8))


def test_photos_are_told_from_bands():
    rgb = EIGHT[..., :3].astype(np.uint8)
    assert inspect_bands(tiff(rgb)).photo and inspect_bands(tiff(rgb[..., 0])).photo
    four = inspect_bands(tiff(EIGHT[..., :4].astype(np.uint8), photometric="rgb"))
    assert not four.photo and four.alpha and four.channels == 4
    assert not inspect_bands(tiff(EIGHT[..., 0])).photo  # 16 bits are measurements
    assert inspect_bands(tiff(np.stack([rgb, rgb]), photometric="rgb")).channels == 3  # two pages: the first


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (npy(np.zeros((2, 3, 4, 5))), r"expected an array H×W×C or H×W, got shape \(2, 3, 4, 5\)"),
        (npy(np.array([[1 + 2j]])), "expected numbers"),
        (npy(np.array([[None]])), "expected numbers"),
        (npy(np.array([[[np.nan, 1]]])), "50.0% of the values are not finite"),
        (npy(np.zeros((0, 4, 2), np.uint8)), "at least one pixel"),
        (npy(EIGHT)[:-9], "cut short"),
        (npy(EIGHT)[:20], "damaged"),
        (tiff(EIGHT, photometric="minisblack")[:90], "damaged"),
        (tiff(np.zeros((9, 9, 9), np.uint8), photometric="minisblack"), "which axis is the channels"),
        (b"hello there, this is text", "is a text file"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_says_why(data, expected):
    with pytest.raises(ImageError, match=expected):
        read_bands(data)


def test_sizes_are_limited_before_decoding(tmp_path):
    with pytest.raises(ImageError, match="limit is"):
        read_bands(npy(EIGHT), max_pixels=100)
    with pytest.raises(ImageError, match="does not exist"):
        read_bands(tmp_path / "none.npy")


def test_bands_are_stretched_to_be_looked_at():
    ramp = np.linspace(-5, 300, 101 * 101, dtype=np.float32).reshape(101, 101)
    shown = show_bands(np.stack([ramp, 2 * ramp, np.full_like(ramp, 7), ramp], -1))
    assert shown.shape == (101, 101, 3) and shown.dtype == np.uint8
    assert shown[..., 0].min() == 0 and shown[..., 0].max() == 255 and (shown[..., 2] == 0).all()
    assert np.array_equal(shown[..., 0], shown[..., 1])
    grey = show_bands(ramp[..., None])
    assert np.array_equal(grey[..., 0], shown[..., 0]) and np.array_equal(grey[..., 0], grey[..., 2])
    rgb = EIGHT[..., :3].astype(np.uint8)
    assert np.array_equal(show_bands(rgb), rgb)
    assert np.array_equal(show_bands(np.dstack([rgb, rgb[..., 0]]).astype(np.float32), colour=True), rgb)
