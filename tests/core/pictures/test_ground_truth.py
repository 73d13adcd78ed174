"""Ground truth is understood for sure, or refused with a reason."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_core.draw import colourise
from fcn_core.exporting.files import index_png, palette_png
from fcn_core.labels import CAMVID, VOC, VOID, LabelSet
from fcn_core.pictures.ground_truth import GroundTruthError, read_ground_truth
from fcn_core.pictures.images import ImageError, png_bytes

MASK = np.arange(12, dtype=np.uint8).reshape(3, 4).repeat(4, 0).repeat(4, 1)
MASK[MASK == 11] = VOID


def png(array: np.ndarray, mode: str | None = None) -> bytes:
    return png_bytes(Image.fromarray(array, mode))


@pytest.mark.parametrize("labels", [CAMVID, VOC], ids=lambda labels: labels.name)
def test_our_own_exports_come_back(labels: LabelSet) -> None:
    for safe in (False, True):
        for data in (index_png(MASK), palette_png(MASK, labels, safe=safe)):
            assert np.array_equal(read_ground_truth(data, labels, size=(12, 16)).mask, MASK)


@pytest.mark.parametrize("safe", [False, True])
def test_colours_of_the_label_set(safe: bool) -> None:
    truth = read_ground_truth(png(colourise(MASK, CAMVID.colours(safe=safe))), CAMVID)
    assert truth.kind == "colour" and np.array_equal(truth.mask, MASK)


def test_voc_colours_with_black_background_and_cream_void() -> None:
    mask = np.array([[0, 15, VOID]], np.uint8)
    truth = read_ground_truth(png(colourise(mask, VOC.palette, void=(224, 224, 192))), VOC)
    assert np.array_equal(truth.mask, mask)


def test_ways_to_store_indices() -> None:
    for data in (
        MASK,
        MASK.astype(np.int64),
        MASK[:, :, None],
        png(MASK),
        png(MASK.astype(np.uint16)),
        png(np.repeat(MASK[:, :, None], 3, 2)),
        Image.fromarray(MASK),
    ):
        truth = read_ground_truth(data, CAMVID)
        assert truth.kind == "index" and np.array_equal(truth.mask, MASK) and truth.mask.dtype == np.uint8


def test_the_published_void_index_of_camvid() -> None:
    stored = np.array([[0, 10, 11]], np.uint8)
    truth = read_ground_truth(png(stored), CAMVID)
    assert truth.mask.tolist() == [[0, 10, VOID]] and "11" in truth.note
    assert read_ground_truth(png(stored), VOC).mask.tolist() == [[0, 10, 11]]


def test_palettes_by_colour_and_by_index() -> None:
    # Colours of the label set in another order (as a painting program stores them) are followed …
    image = Image.fromarray(np.array([[0, 1, 2]], np.uint8), "P")
    image.putpalette([*CAMVID.palette[8], *CAMVID.palette[3], *CAMVID.palette[0]])
    truth = read_ground_truth(png_bytes(image), CAMVID)
    assert truth.mask.tolist() == [[8, 3, 0]] and truth.kind == "palette" and "order" in truth.note
    # … foreign colours leave the indices, and say so …
    image.putpalette([1, 2, 3, 4, 5, 6, 7, 8, 9])
    truth = read_ground_truth(png_bytes(image), CAMVID)
    assert truth.mask.tolist() == [[0, 1, 2]] and "by index" in truth.note
    # … and with neither there is nothing to go by.
    image = Image.fromarray(np.array([[0, 77]], np.uint8), "P")
    image.putpalette(list(range(256)) * 3)
    with pytest.raises(GroundTruthError, match=r"value 77, .* RGB \(0, 1, 2\)"):
        read_ground_truth(png_bytes(image), CAMVID)


def test_transparent_pixels_are_void() -> None:
    rgba = np.dstack([colourise(MASK, CAMVID.palette), np.full(MASK.shape, 255, np.uint8)])
    rgba[:4, :4] = 0
    truth = read_ground_truth(png(rgba), CAMVID)
    assert (truth.mask[:4, :4] == VOID).all() and np.array_equal(truth.mask[4:], MASK[4:])


def test_unknown_colours_are_named() -> None:
    rgb = colourise(MASK, CAMVID.palette)
    rgb[0, 0] = (1, 2, 3)
    rgb[0, 1:4] = (250, 0, 250)
    with pytest.raises(GroundTruthError, match=r"RGB \(250, 0, 250\), RGB \(1, 2, 3\) belong to no class of CamVid"):
        read_ground_truth(png(rgb), CAMVID)


def test_photos_and_jpeg_masks_are_refused() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    with pytest.raises(GroundTruthError, match="and 15.. more belong to no class.* Is it a photo"):
        read_ground_truth(png(noise), CAMVID)
    buffer = io.BytesIO()
    Image.fromarray(colourise(MASK.repeat(3, 0).repeat(3, 1), CAMVID.palette)).save(buffer, "JPEG", quality=60)
    with pytest.raises(GroundTruthError, match="saved as JPEG, which changes colours"):
        read_ground_truth(buffer.getvalue(), CAMVID)
    with pytest.raises(GroundTruthError, match="grey photo"):
        read_ground_truth(png(noise[:, :, 0]), CAMVID)
    with pytest.raises(GroundTruthError, match="fractions"):
        read_ground_truth(np.full((4, 4), 0.5), CAMVID)


def test_sizes_and_emptiness() -> None:
    with pytest.raises(GroundTruthError, match="mask is 16×12 pixels and the photo 30×20"):
        read_ground_truth(png(MASK), CAMVID, size=(20, 30))
    with pytest.raises(GroundTruthError, match="turned by 90"):
        read_ground_truth(png(MASK), CAMVID, size=(16, 12))
    with pytest.raises(GroundTruthError, match="every pixel of the mask is void"):
        read_ground_truth(np.full((3, 3), VOID, np.uint8), CAMVID)
    with pytest.raises(ImageError, match="text file"):
        read_ground_truth(b"not a mask at all", CAMVID)


def test_published_masks() -> None:
    root = Path(os.environ.get("FCN_LAB_CAMVID", Path(__file__).parents[3] / "../shared/data/CamVid"))
    if not (root / "valannot").is_dir():
        pytest.skip(f"no CamVid at {root}; set FCN_LAB_CAMVID")
    path = sorted((root / "valannot").glob("*.png"))[0]
    truth = read_ground_truth(path, CAMVID, size=(360, 480))
    stored = np.array(Image.open(path))
    assert np.array_equal(truth.mask, np.where(stored == 11, VOID, stored))
