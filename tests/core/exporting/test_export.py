"""Every export is read back by an independent reader and gives the same numbers."""

from __future__ import annotations

import base64
import io
import json
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

from fcn_core.draw import overlay
from fcn_core.exporting.coco import coco_of_maps, polygon, rle
from fcn_core.exporting.files import index_png, npz, overlay_png, palette_png, unique_stems, zip_of
from fcn_core.exporting.report import report_html
from fcn_core.labels import CAMVID, VOID
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import FullScores, GridScores

HEIGHT, WIDTH = 60, 80


def _result(seed: int = 0, *, tiled: bool = False) -> SegmentationResult:
    generator = torch.Generator().manual_seed(seed)
    rng = np.random.default_rng(seed)
    scores = {}
    for head, cells in ((32, 4), (8, 12)):
        coarse = 4 * torch.randn(1, len(CAMVID), cells, cells, generator=generator)
        logits = torch.nn.functional.interpolate(coarse, size=(HEIGHT, WIDTH), mode="bilinear")[0]
        if tiled:
            scores[head] = GridScores.empty(len(CAMVID), HEIGHT, WIDTH)
            scores[head].put(0, 0, logits)
        else:
            scores[head] = FullScores.from_logits(logits)
    image = rng.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    return SegmentationResult(image, CAMVID, scores, timings={"network": 12.3}, tiled=tiled, weights="tiny")


def _coco(result: SegmentationResult, **settings: Any) -> dict[str, Any]:
    return coco_of_maps([("a.jpg", result.label_maps[8])], CAMVID, **settings)


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_index_png() -> None:
    label_map = _result().label_maps[8].copy()
    label_map[0, 0] = VOID
    image = _opened(index_png(label_map))
    assert image.mode == "L" and np.array_equal(np.array(image), label_map)
    with pytest.raises(ValueError, match="uint8"):
        index_png(label_map.astype(np.int32))


def test_palette_png() -> None:
    label_map = _result().label_maps[8].copy()
    label_map[0, 0] = VOID
    image = _opened(palette_png(label_map, CAMVID))
    assert image.mode == "P" and np.array_equal(np.array(image), label_map)
    expected = np.array([*CAMVID.palette, (0, 0, 0)], np.uint8)[np.where(label_map == VOID, 11, label_map)]
    assert np.array_equal(np.array(image.convert("RGB")), expected)
    safe = np.array(_opened(palette_png(label_map, CAMVID, safe=True)).convert("RGB"))
    assert tuple(safe[30, 30]) == CAMVID.colour_blind_safe[label_map[30, 30]]


def test_overlay_png() -> None:
    result = _result()
    image = _opened(overlay_png(result.image, result.label_maps[8], CAMVID, opacity=0.3, hidden=[3]))
    assert image.mode == "RGB"
    assert np.array_equal(np.array(image), overlay(result.image, result.label_maps[8], CAMVID.palette, 0.3, [3]))


def test_npz() -> None:
    result = _result()
    with np.load(io.BytesIO(npz(result))) as file:
        assert file["classes"].tolist() == list(CAMVID.classes) and file["stride"] == 1
        for head in (32, 8):
            p = file[f"probabilities_{head}s"]
            assert p.dtype == np.float16 and p.shape == (11, HEIGHT, WIDTH)
            np.testing.assert_allclose(p, result.probabilities[head], atol=1e-3)
    with np.load(io.BytesIO(npz(_result(tiled=True)))) as file:
        assert set(file.files) == {"classes", "stride", "probabilities_32s", "probabilities_8s"} and file["stride"] == 8
        assert file["probabilities_8s"].shape == (11, 8, 10)


@pytest.mark.parametrize("form", ["polygons", "rle"])
def test_coco_json_is_read_by_pycocotools(form: str, tmp_path: Path) -> None:
    result = _result()
    path = tmp_path / "a.json"
    path.write_text(json.dumps(_coco(result, form=form)), encoding="utf-8")
    read = COCO(str(path))
    label_map = result.label_maps[8]
    assert read.imgs[1] == {"id": 1, "file_name": "a.jpg", "width": WIDTH, "height": HEIGHT}
    assert [category["name"] for category in read.loadCats(read.getCatIds())] == list(CAMVID.classes)
    exact, rasterised = np.full(label_map.shape, VOID, np.uint8), np.full(label_map.shape, VOID, np.uint8)
    for annotation in read.anns.values():
        index = annotation["category_id"] - 1
        runs = annotation["rle"] if form == "polygons" else annotation["segmentation"]
        mask = coco_mask.decode(runs).astype(bool)
        assert (exact[mask] == VOID).all() and (label_map[mask] == index).all()
        exact[mask] = index
        drawn = read.annToMask(annotation).astype(bool)
        rasterised[drawn] = index
        assert annotation["area"] == mask.sum() == coco_mask.area(runs)
        rows, columns = np.nonzero(mask)
        box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
        assert annotation["bbox"] == box and annotation["iscrowd"] == 0
    assert np.array_equal(exact, label_map)
    assert (rasterised == label_map).mean() > 0.999


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 0.8))
@settings(max_examples=60, deadline=None)
def test_polygons_and_rle_of_ragged_pieces_with_holes(seed: int, fill: float) -> None:
    import cv2

    noise = (np.random.default_rng(seed).random((13, 17)) < fill).astype(np.uint8)
    _, numbered = cv2.connectedComponents(noise, connectivity=8)
    if not numbered.any():
        return
    piece = numbered == np.bincount(numbered[numbered > 0]).argmax()
    whole = np.zeros((20, 30), bool)
    whole[4:17, 6:23] = piece
    assert np.array_equal(coco_mask.decode(rle(piece, origin=(6, 4), size=(20, 30))), whole)
    assert np.array_equal(coco_mask.decode(rle(whole)), whole)
    drawn = coco_mask.decode(coco_mask.merge(coco_mask.frPyObjects([polygon(piece, origin=(6, 4))], 20, 30)))
    assert (drawn == whole).mean() > 0.995


def test_rle_of_nothing_and_everything() -> None:
    for mask in (np.zeros((3, 5), bool), np.ones((3, 5), bool)):
        assert np.array_equal(coco_mask.decode(rle(mask)), mask)


def test_coco_leaves_out_void_and_specks() -> None:
    result = _result()
    result.label_maps[8][:] = 3
    result.label_maps[8][0, 0] = 5
    result.label_maps[8][:, 70:] = VOID
    assert [a["category_id"] for a in _coco(result)["annotations"]] == [4, 6]
    assert [a["category_id"] for a in _coco(result, min_area=2)["annotations"]] == [4]
    with pytest.raises(ValueError, match="form"):
        _coco(result, form="points")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["a.jpg", "b.jpg"], ["a", "b"]),
        (["a.jpg", "a.png"], ["a_jpg", "a_png"]),
        (["a.jpg", "A.JPG"], ["a_jpg", "A_JPG-2"]),
        (["x/a.jpg", "y/a.jpg", "a.jpg"], ["a_jpg", "a_jpg-2", "a_jpg-3"]),
        (["../../etc/passwd", "C:\\photos\\b.png"], ["passwd", "b"]),
        (["a.jpg", "a.png", "a_png.gif"], ["a_jpg", "a_png", "a_png-2"]),
        (["", "ü ö?.jpg", ".jpg"], ["image", "ü_ö_", "jpg"]),
    ],
)
def test_unique_stems(names: list[str], expected: list[str]) -> None:
    assert unique_stems(names) == expected


@given(st.lists(st.text(alphabet="aA.-_2/jpg", max_size=6), max_size=8))
def test_stems_never_collide(names: list[str]) -> None:
    stems = [stem.lower() for stem in unique_stems(names)]
    assert len(set(stems)) == len(names) and all(stem and "/" not in stem for stem in stems)


def test_a_zip_holds_what_was_put_in() -> None:
    with zipfile.ZipFile(io.BytesIO(zip_of([("a.png", b"1" * 500), ("a.json", b"2" * 500)]))) as archive:
        assert archive.testzip() is None and archive.read("a.png") == b"1" * 500
        assert archive.getinfo("a.json").compress_size < 100 < archive.getinfo("a.png").compress_size


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.pictures: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "img":
            self.pictures.append(dict(attrs)["src"] or "")
        if tag not in ("img", "meta"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data + "\n"


def test_report_is_one_self_contained_page() -> None:
    result = _result()
    truth = result.label_maps[8].copy()
    truth[:30] = VOID
    html = report_html(result, 8, name='<script>alert("x")</script>.jpg', truth=truth)
    page = _Page()
    page.feed(html)
    assert page.open == [] and "script" not in page.open
    assert "<script" not in html and '<script>alert("x")</script>.jpg' in page.text
    assert not re.search(r'(src|href)="(?!data:)', html), "nothing is loaded from elsewhere"
    assert len(page.pictures) == 7
    for picture in page.pictures:
        assert _opened(base64.b64decode(picture.split(",", 1)[1])).size == (WIDTH, HEIGHT)
    assert "prefers-color-scheme: dark" in html
    assert "100.0 %" in page.text and "Mean IoU" in page.text and "network 12 ms" in page.text
    for index, share in enumerate(result.shares(8)):
        assert CAMVID.classes[index] in page.text and f"{100 * share:.2f} %" in page.text
    assert "Ground truth" not in report_html(result, 8)
    assert "overlapping tiles" in report_html(_result(tiled=True), 32)
