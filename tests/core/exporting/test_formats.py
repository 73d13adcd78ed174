"""The table of formats: every one is written and read back, and every place offers what the table says."""

from __future__ import annotations

import inspect
import io
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image

from fcn_core.cli import evaluate, segment
from fcn_core.cli.photo_files import OWN_RESULT
from fcn_core.draw import colour_map, error_map, overlay
from fcn_core.draw import contours as draw_contours
from fcn_core.exporting.formats import FORMATS, USUAL, Look, Segmented, offered, written
from fcn_core.labels import CAMVID, VOID
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import FullScores

LOOK = Look(opacity=0.3, contours=True, hidden=frozenset({3}), safe=True)


@pytest.fixture(scope="module")
def photo() -> Segmented:
    generator = torch.Generator().manual_seed(0)
    logits = torch.nn.functional.interpolate(4 * torch.randn(1, 11, 5, 6, generator=generator), size=(40, 56))[0]
    image = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)
    result = SegmentationResult(image, CAMVID, {8: FullScores.from_logits(logits)}, weights="tiny")
    truth = result.label_maps[8].copy()
    truth[:10], truth[10:20] = VOID, 2
    return Segmented.of(result, 8, name="a.jpg", truth=truth, cls="car", look=LOOK)


def picture(data: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(data)))


def test_every_format_says_what_was_segmented(photo: Segmented) -> None:
    files = written(photo, list(FORMATS))
    assert (
        list(files) == [format.file("car") for format in FORMATS.values()] and photo.result and photo.truth is not None
    )
    assert np.array_equal(picture(files.pop("index.png")), photo.label_map)
    assert np.array_equal(picture(files.pop("palette.png")), photo.label_map)
    drawn = overlay(photo.image, photo.label_map, CAMVID.colours(safe=True), 0.3, {3})
    assert np.array_equal(picture(files.pop("overlay.png")), draw_contours(drawn, photo.label_map))
    assert np.array_equal(picture(files.pop("error.png")), error_map(photo.truth, photo.label_map))
    heat = colour_map(photo.result.heatmap(8, "car"), "viridis")
    assert np.array_equal(picture(files.pop("heatmap-car.png")), heat)
    assert sum(item["area"] for item in json.loads(files.pop("coco.json"))["annotations"]) == 40 * 56
    with np.load(io.BytesIO(files.pop("probabilities.npz"))) as arrays:
        np.testing.assert_allclose(arrays["probabilities_8s"], photo.result.probabilities[8], atol=1e-3)
    page = files.pop("report.html").decode()
    assert "a.jpg" in page and "Mean IoU" in page
    assert not files, "every format is checked here"


def test_what_is_lacking_is_said(photo: Segmented) -> None:
    bare = Segmented("a.jpg", photo.image, CAMVID, 8, photo.label_map)
    assert offered() == ("index", "palette", "overlay", "coco")
    assert set(written(bare, offered())) == {"index.png", "palette.png", "overlay.png", "coco.json"}
    with pytest.raises(ValueError, match="format heatmap needs class and scores, which a.jpg comes without"):
        written(bare, ["index", "heatmap"])
    with pytest.raises(ValueError, match="unknown format bmp; choose from index, palette"):
        written(bare, ["index", "bmp"])
    with pytest.raises(ValueError, match="16s was not computed"):
        Segmented.of(photo.result, 16, name="a.jpg")  # type: ignore[arg-type]


def test_endings_are_file_names_and_differ() -> None:
    endings = [format.file("traffic light / sign") for format in FORMATS.values()]
    assert len(set(endings)) == len(FORMATS) and "heatmap-traffic_light_sign.png" in endings
    assert all(format.ending.count(".") == 1 and format.media and format.about for format in FORMATS.values())


@pytest.mark.parametrize(("command", "there"), [(segment, ("scores", "class")), (evaluate, ("truth",))])
def test_commands_offer_what_the_table_has(command: ModuleType, there: tuple) -> None:
    assert offered(*there) == command.PICTURES and set(USUAL) <= set(command.PICTURES)
    function = getattr(command, command.__name__.rpartition(".")[2])
    helps = inspect.signature(function, eval_str=True).parameters["format"].annotation.__metadata__[0].help
    assert all(name in helps for name in command.PICTURES)


def test_names_of_formats_cost_no_torch() -> None:
    words = "import sys, fcn_core.exporting.formats; print({'torch', 'numpy', 'PIL'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, cwd=Path(__file__).parents[3])
    assert done.stdout.strip() == "set()", done.stderr


def test_own_pictures_are_no_photos() -> None:
    for format in FORMATS.values():
        assert bool(OWN_RESULT.search(f"a.jpg.8s.{format.file('car')}")) == format.ending.endswith(".png")
