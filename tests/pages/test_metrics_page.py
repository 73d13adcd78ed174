"""The Metrics page: disturbances and averages, with and without truth, other classes, uploads, odd addresses."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from segmenters import tiny_model, tiny_weights
from visits import open_lab, settled, text

from app.bench import kept as bench_kept
from app.labs.metrics.averages_figure import averages_figure
from app.labs.metrics.background_panel import constant_scores
from app.labs.metrics.confusion_part import cell_of
from app.labs.metrics.counts import count
from app.labs.metrics.formulas import class_table, tiles, written_out
from app.visitor import session
from fcn_core.analysis.measuring.averages import spreads
from fcn_core.labels import CAMVID, VOC, VOID
from fcn_core.weights import save_checkpoint, write_card

open_page = partial(open_lab, "metrics.py")


def tile(said: str, name: str) -> str:
    """The value on a measure's tile."""
    return said.split(f"data-measure='{name}'")[1].split("<b>")[1].split("</b>")[0]


def truth_of(sample: str) -> np.ndarray:
    found = bench_kept.sample_truth(sample)
    assert found is not None
    return found.mask


@pytest.mark.parametrize("view", ["disturb", "averages"])
def test_every_view_runs_and_checks_itself(view: str) -> None:
    test = open_page(m_view=view)
    said = text(test)
    assert "Checked against PyTorch" in said and "failed" not in said
    assert "CVPR 2015" in said and "section 5" in said
    assert "Predict, then look" in said and len(test.radio) >= 2


def test_undisturbed_truth_is_perfect_and_a_shift_costs_boundaries_most() -> None:
    said = text(open_page(m_dx="0"))
    assert [tile(said, name) for name in ("PA", "MPA", "mIoU", "FWIoU", "Boundary IoU")] == ["100.0 %"] * 5
    said = text(open_page(m_dx="4"))
    values = [float(tile(said, name).split()[0]) for name in ("PA", "mIoU", "Boundary IoU")]
    assert 100 > values[0] > values[1] > values[2] > 0


@pytest.mark.parametrize(
    "wish",
    [
        {"m_grow": "-6", "cls": "car"},
        {"m_drop": "1", "cls": "road"},
        {"m_flood": "class", "cls": "sky"},
        {"m_dx": "-64", "m_dy": "64", "m_salt": "100", "m_d": "32"},
    ],
)
def test_every_disturbance_lowers_the_scores_and_passes_its_checks(wish: dict) -> None:
    said = text(open_page(**{"m_dx": "0", **wish}))
    assert "failed" not in said and said.count("Checked against PyTorch") == 3
    assert float(tile(said, "mIoU").split()[0]) < 100


def test_one_class_everywhere_scores_p_over_k() -> None:
    truth = truth_of("streets-1")
    sizes = np.bincount(truth[truth != VOID], minlength=len(CAMVID))
    p, classes = sizes.max() / sizes.sum(), int((sizes > 0).sum())
    said = text(open_page(m_flood="background"))
    assert tile(said, "PA") == f"{100 * p:.1f} %" and tile(said, "mIoU") == f"{100 * p / classes:.1f} %"
    assert tile(said, "MPA") == f"{100 / classes:.1f} %" and tile(said, "FWIoU") == f"{100 * p * p:.1f} %"
    assert f"p = {sizes.max():,} / {sizes.sum():,}" in said and "why it scores p / K" in said


@pytest.mark.parametrize(("sizes", "cls"), [([90, 10, 0], 0), ([1, 99, 0], 0), ([50, 0, 50], 1), ([7, 0, 0], 0)])
def test_the_short_formulas_equal_a_count(sizes: list[int], cls: int) -> None:
    truth = np.repeat(np.arange(3, dtype=np.uint8), sizes)[None]
    found = count(truth, np.full_like(truth, cls), 3, 1).scores
    for name, value in constant_scores(np.array(sizes), cls).items():
        assert getattr(found, name) == pytest.approx(value)


def test_a_cell_shows_its_pixels_and_an_absurd_one_none() -> None:
    pole, building = CAMVID.index("pole"), CAMVID.index("building")
    said = text(open_page(m_cell=f"{pole}.{building}"))
    assert "the pixels of the chosen cell in orange" in said
    assert "orange wrong, pale right" in text(open_page(m_cell="7.99"))
    counted = count(np.array([[0, 0, 2]], np.uint8), np.array([[0, 2, 2]], np.uint8), 4, 1)
    assert (
        cell_of("0.2", counted) == (0, 2)
        and cell_of("0.1", counted) is None
        and all(cell_of(t, counted) is None for t in ("", "1.", "a.b"))
    )


def test_the_formulas_hold_the_counts_of_a_hand_made_case() -> None:
    truth = np.array([[0, 0, 0, 1], [0, 1, 1, VOID]], np.uint8)
    said = np.array([[0, 0, 1, 1], [2, 1, 0, 0]], np.uint8)
    counted = count(truth, said, 4, 1)
    html = tiles(counted, counted)
    assert [tile(html, name) for name in ("PA", "MPA", "mIoU", "FWIoU")] == [
        "57.1\u00a0%", "58.3\u00a0%", "30.0\u00a0%", "44.3\u00a0%",
    ]  # fmt: skip
    written = written_out(counted, ("a", "b", "c", "d"))
    assert "2 + 2 + 0" not in written and ">2 + 2</span><span>4 + 3<" in written, "PA sums over the true classes"
    assert "4 + 3 − 2" in written and "0 + 1 − 0" in written and "order a, b, c." in written
    table = class_table(counted, ("a", "b", "c<", "d"), [(1, 2, 3)] * 4)
    assert "2 / 5 =" in table and "2 / 4 =" in table and "0 / 1 =" in table and "In neither map: d" in table
    assert "c&lt;" in table


def test_the_networks_result_is_measured_against_the_truth() -> None:
    said = text(open_page(m_from="result", m_dx="0"))
    assert "Disturbed: the result of head 8s" in said and "against the ground truth (sample streets-1)" in said
    assert float(tile(said, "PA").split()[0]) < 90


@pytest.mark.parametrize("wish", ["truth", "result"])
@pytest.mark.usefixtures("no_truth")
def test_without_truth_the_result_is_measured_against_itself(wish: str) -> None:
    said = text(open_page(m_from=wish, m_dx="0"))
    assert "No ground truth yet" in said and "measured against itself" in said and tile(said, "mIoU") == "100.0 %"
    assert "two or more samples with ground truth" in text(open_page(m_view="averages"))


def uploaded(image: np.ndarray) -> dict:
    data = io.BytesIO()
    Image.fromarray(image).save(data, "png")
    upload = session.Upload("mine.png", data.getvalue(), session.content_hash(data.getvalue()), "labels")
    return {"uploads": {upload.digest: upload}, "measures-map": upload.digest}


def test_an_uploaded_label_map() -> None:
    assert "Upload a label map. It may be of any size" in text(open_page(m_from="upload"))
    own = np.zeros((50, 70), np.uint8)
    own[:, 20:24], own[0] = 2, VOID
    said = text(open_page(uploaded(own), m_from="upload", m_dx="2"))
    assert "mine.png, 70×50; measured against itself" in said.replace("\\", "") and "failed" not in said
    said = text(open_page(uploaded(np.zeros_like(truth_of("streets-1"))), m_from="upload", m_dx="0"))
    assert "measured against the ground truth" in said and float(tile(said, "PA").split()[0]) < 50
    said = text(open_page(uploaded(np.full((9, 9), 77, np.uint8)), m_from="upload"))
    assert "77" in said and "data-measure" not in said


def test_weights_of_other_classes(own_home: Path) -> None:
    loaded = tiny_weights(tiny_model(num_classes=len(VOC), heads=(32,)))
    path = save_checkpoint(own_home / "imported" / "tiny-voc.safetensors", loaded.model, labels=VOC,
                           preprocessing=loaded.record.preprocessing)  # fmt: skip
    record = replace(loaded.record, name="tiny-voc", label_set=VOC, source="imported", filename=path.name,
                     size_bytes=path.stat().st_size, folder=path.parent)  # fmt: skip
    write_card(record, path.parent)
    said = text(open_page(m_dx="0", m_flood="background", weights="tiny-voc"))
    assert "Predict only background" in said and "These classes have no background" not in said
    assert "failed" not in said and "No ground truth yet" in said
    said = text(open_page(m_view="averages", weights="tiny-voc"))
    assert "answer in other classes" in said and "failed" not in said


def test_absurd_values_are_ignored_with_a_notice() -> None:
    absurd = {"m_dx": "65", "m_view": "x", "m_batch": "7", "m_cell": "a b"}
    said = text(open_page(**absurd))
    for name, bad in absurd.items():
        assert f"`{name}={bad}` in the address was ignored" in said


def test_an_address_brings_the_same_page_back() -> None:
    address = {"m_grow": "-3", "m_dx": "0", "m_salt": "5", "m_cell": "3.3", "m_d": "9", "cls": "car"}
    test = open_page(**address)
    for name, value in address.items():
        assert test.query_params[name] in (value, [value])
    assert "at most 9 px" in text(test)


def test_undisturbed_puts_every_slider_back() -> None:
    test = open_page(m_dx="12", m_salt="40", m_flood="class", m_drop="1")
    next(button for button in test.button if button.label == "Undisturbed").click()
    assert tile(text(settled(test.run())), "PA") == "100.0 %"


def test_a_batch_of_all_samples_is_global_and_one_of_one_is_per_picture() -> None:
    said = text(open_page(m_view="averages", m_pred="disturbed", m_batch="6", m_absent="zero"))
    assert tile(said, "Global") == tile(said, "Per batch") != tile(said, "Per picture")
    said = text(open_page(m_view="averages", m_pred="disturbed", m_batch="1"))
    assert tile(said, "Per picture") == tile(said, "Per batch") != tile(said, "Global")


def test_the_figure_holds_the_numbers() -> None:
    counts = np.stack([np.array([[8, 2], [0, 0]]), np.array([[5, 0], [1, 4]])])
    figure = averages_figure(spreads(counts, orders=5), 0.7, 2)
    assert list(figure.data[1].x) == [1, 2] and figure.data[3].y == (70, 70)
    assert list(figure.data[2].marker.size) == [8, 13]
