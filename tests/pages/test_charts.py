"""Figures and pictures show the numbers that they were given."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image
from segmenters import tiny_weights

from app.parts import pictures
from app.parts.charts import cells, confusion_figure, stages
from app.segment import kept as segment_kept
from fcn_core.draw import colour_table
from fcn_core.labels import CAMVID
from fcn_core.metrics import ConfusionMatrix
from fcn_core.segmenting.segmenter import Segmenter


def decoded(src: str) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(base64.b64decode(src.split(",", 1)[1]))).convert("RGB"))


def test_maps_are_sent_exactly_and_photos_nearly() -> None:
    image = np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)
    shown = pictures.encode(image)
    assert shown.src.startswith("data:image/png") and (shown.width, shown.height) == (64, 48)
    assert np.array_equal(decoded(shown.src), image)
    smooth = np.repeat(np.linspace(0, 255, 64).astype(np.uint8)[None, :, None], 48, axis=0).repeat(3, axis=2)
    sent = decoded(pictures.encode(smooth, photo=True).src)
    assert np.abs(sent.astype(int) - smooth).max() <= 6


def test_large_pictures_are_sent_smaller_and_counted_in_full() -> None:
    image = np.zeros((3000, 4000, 3), np.uint8)
    small = pictures.view_photo(image)
    labels = pictures.view(image[:, :, 0])
    assert small.shape[:2] == labels.shape == (1000, 1334), "photo and labels must lie on each other"
    shown = pictures.encode(small, full_size=image.shape[:2])
    assert (shown.width, shown.height) == (4000, 3000)
    assert decoded(shown.src).shape == (1000, 1334, 3)


def test_the_view_of_a_label_map_holds_its_own_labels_only() -> None:
    labels = np.random.default_rng(1).choice(np.array([0, 7], np.uint8), (2000, 1700))
    assert set(np.unique(pictures.view(labels))) == {0, 7}


def test_a_colour_bar_runs_from_low_to_high() -> None:
    bar = pictures.colour_bar("viridis", pictures.SHARE_BAR, "probability")
    row = decoded(bar.src)[0]
    assert np.array_equal(row, colour_table("viridis"))
    assert bar.ticks == ("0", "0.25", "0.5", "0.75", "1")


def test_confusion_rows_are_shares_of_the_truth() -> None:
    matrix = ConfusionMatrix(4)
    matrix.update(np.array([[0, 0, 0, 2]], np.uint8), np.array([[0, 0, 3, 2]], np.uint8))
    figure = confusion_figure(matrix, ("sky", "building", "pole", "road"))
    heat = figure.data[0]
    assert list(heat.y) == ["sky", "pole"], "rows are the classes that the truth has"
    assert list(heat.x) == ["sky", "pole", "road"], "columns those that truth or prediction have"
    assert np.allclose(heat.z, [[2 / 3, 0, 1 / 3], [0, 1, 0]])
    assert [list(row) for row in heat.text] == [["67", "", "33"], ["", "100", ""]]
    ink = {note.text: note.font.color for note in figure.layout.annotations}
    assert ink["100"] == ink["67"] == "#000" and ink["33"] == "#fff", "numbers stand out from their cell"


def test_cells_are_squares_of_their_class_colour() -> None:
    drawn = cells(np.array([[0, 1], [2, 2]]), CAMVID.palette, side=6)
    assert drawn.shape == (12, 12, 3)
    assert tuple(drawn[3, 3]) == CAMVID.palette[0] and tuple(drawn[3, 9]) == CAMVID.palette[1]
    assert tuple(drawn[9, 3]) == tuple(drawn[9, 9]) == CAMVID.palette[2]
    assert (drawn[0] == 255).all() and (drawn[:, 6] == 255).all(), "a line stands between two cells"


def test_stages_show_the_real_maps_in_place() -> None:
    image = np.random.default_rng(2).integers(0, 255, (70, 100, 3), np.uint8)
    result = Segmenter(tiny_weights()).segment(image)
    photo, coarse, middle, fine, final = stages(result, CAMVID.palette)
    assert decoded(photo.src).shape == image.shape
    # Three strides over 100×70 pixels: 4×3, 7×5 and 13×9 cells, the last of which reach over the edge.
    assert [stage.size for stage in (coarse, middle, fine)] == ["4×3 cells", "7×5 cells", "13×9 cells"]
    assert (coarse.width, coarse.height) == (128, 96) and (fine.width, fine.height) == (104, 72)
    best = result.maps["score_fr"].argmax(0)
    drawn = decoded(coarse.src)
    side = drawn.shape[0] // 3
    for row in range(3):
        for column in range(4):
            middle_of_cell = drawn[row * side + side // 2, column * side + side // 2]
            assert tuple(middle_of_cell) == CAMVID.palette[best[row, column]]
    assert np.array_equal(decoded(final.src), np.array(CAMVID.palette, np.uint8)[result.label_maps[8]])


def test_stages_need_a_network_with_skips_in_centered_alignment() -> None:
    image = np.zeros((70, 100, 3), np.uint8)
    with pytest.raises(ValueError, match="score_fr|fuse_pool"):
        stages(Segmenter(tiny_weights(heads=(32,))).segment(image), CAMVID.palette)
    with pytest.raises(ValueError, match="centered"):
        stages(Segmenter(tiny_weights(alignment="reference")).segment(image), CAMVID.palette)


def test_heatmaps_of_tiled_photos_come_from_the_grid_in_place() -> None:
    image = np.random.default_rng(3).integers(0, 255, (520, 640, 3), np.uint8)
    result = Segmenter(tiny_weights()).segment(image, tile=544)
    assert result.tiled
    shown = segment_kept.heatmap(result, 8, 3)
    drawn = decoded(shown.src)
    assert (shown.width, shown.height) == (640, 520) and drawn.shape == (65, 80, 3)
    row, column = 30, 40
    value = result.heatmap(8, 3)[8 * row + 3 : 8 * row + 5, 8 * column + 3 : 8 * column + 5].mean()
    expected = colour_table("viridis")[round(float(value) * 255)].astype(int)
    assert np.abs(drawn[row, column] - expected).max() <= 12
