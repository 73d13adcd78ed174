"""Pictures have the colours, sizes and places that they should."""

from __future__ import annotations

import numpy as np
import pytest

from fcn_core.draw import (
    RIGHT,
    UNCOUNTED,
    WRONG,
    boundaries,
    colour_map,
    colour_table,
    colourise,
    contours,
    difference_map,
    error_map,
    overlay,
    threshold_map,
    thumbnail,
    void_colour,
)
from fcn_core.labels import CAMVID, VOC

MAP = np.array([[0, 0, 1], [0, 2, 255]], np.uint8)
PHOTO = np.full((2, 3, 3), 100, np.uint8)
COLOURS = ((10, 0, 0), (0, 200, 0), (0, 0, 50))


def test_colourise() -> None:
    painted = colourise(MAP, COLOURS, void=(7, 7, 7))
    assert painted.dtype == np.uint8
    assert [painted[y, x].tolist() for y, x in ((0, 0), (0, 2), (1, 1), (1, 2))] == [
        [10, 0, 0], [0, 200, 0], [0, 0, 50], [7, 7, 7],
    ]  # fmt: skip
    assert void_colour(CAMVID) == (0, 0, 0) and void_colour(VOC) == (224, 224, 192)
    with pytest.raises(ValueError, match="uint8"):
        colourise(MAP.astype(np.int64), COLOURS)


def test_overlay_opacity_hidden_and_void() -> None:
    assert np.array_equal(overlay(PHOTO, MAP, COLOURS, 0.0), PHOTO)
    full = overlay(PHOTO, MAP, COLOURS, 1.0, hidden=[1])
    assert full[0, 0].tolist() == [10, 0, 0]
    assert full[0, 2].tolist() == [100] * 3, "a hidden class shows the photo"
    assert full[1, 2].tolist() == [100] * 3, "void shows the photo"
    assert overlay(PHOTO, MAP, COLOURS, 0.5)[0, 2].tolist() == [50, 150, 50]
    with pytest.raises(ValueError, match="opacity from 0 to 1"):
        overlay(PHOTO, MAP, COLOURS, 1.5)
    with pytest.raises(ValueError, match="image is 3×2, map 3×1"):
        overlay(PHOTO, MAP[:1], COLOURS)


def test_boundaries_and_contours() -> None:
    assert boundaries(MAP).tolist() == [[False, True, True], [True, True, False]]
    halves = np.zeros((20, 20), np.uint8)
    halves[:, 10:] = 1
    photo = np.full((20, 20, 3), 80, np.uint8)
    drawn = contours(photo, halves, colour=(255, 0, 0))
    assert (drawn[:, 9] == (255, 0, 0)).all() and (drawn[:, 8] == 40).all() and (drawn[:, 3] == 80).all()
    assert (contours(photo, halves, thickness=3)[:, 8:11] == 255).all()
    assert (photo == 80).all()


def test_error_map() -> None:
    truth = np.array([[0, 1, 255]], np.uint8)
    assert error_map(truth, np.array([[0, 2, 0]], np.uint8))[0].tolist() == [list(RIGHT), list(WRONG), list(UNCOUNTED)]
    with pytest.raises(ValueError, match="same size"):
        error_map(truth, truth[:, :2])


def test_difference_and_threshold_maps() -> None:
    other = MAP.copy()
    other[0, 0] = 1
    drawn = difference_map(PHOTO, MAP, other, COLOURS)
    assert drawn[0, 0].tolist() == [0, 200, 0]
    assert len({tuple(pixel) for pixel in drawn.reshape(-1, 3).tolist()}) == 2
    values = np.linspace(0, 1, 6).reshape(2, 3)
    shown = threshold_map(PHOTO, values, 0.5)
    assert ((shown == 100).all(2) == (values >= 0.5)).all()


def test_colour_maps() -> None:
    ramp = np.linspace(0, 1, 256)[None]
    for name in ("viridis", "cividis"):
        table = colour_map(ramp, name)[0].astype(float)
        luminance = table @ (0.2126, 0.7152, 0.0722)
        assert (np.diff(luminance) > -1.0).all() and luminance[-1] - luminance[0] > 120, "lighter all the way"
    assert np.abs(colour_map(np.array([[0.0, 1.0]]), "viridis")[0] - [[68, 1, 84], [253, 231, 37]]).max() <= 3
    low, middle, high = colour_map(np.array([[-1.0, 0.0, 1.0]]), "diverging")[0].astype(int)
    assert middle.min() > 245 and low[2] > low[0] + 80 and high[0] > high[2] + 80
    outside = colour_map(np.array([[-9.0, 9.0, np.nan]]), "viridis")[0]
    assert (outside[:2] == colour_table("viridis")[[0, 255]]).all() and (outside[2] == 128).all()
    with pytest.raises(ValueError, match="viridis, cividis or diverging"):
        colour_map(ramp, "jet")


def test_thumbnail() -> None:
    photo = np.zeros((100, 300, 3), np.uint8)
    assert thumbnail(photo, 60).shape == (20, 60, 3)
    assert thumbnail(photo, 1000) is photo
    assert thumbnail(np.zeros((1, 5000, 3), np.uint8), 100).shape == (1, 100, 3)
