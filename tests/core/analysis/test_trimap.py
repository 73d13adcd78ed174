"""Bands around true boundaries: distances against plain search, hand-counted bands, thickness, a job over a set."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fcn_core.analysis.measuring.boundary_job import measure_set
from fcn_core.analysis.measuring.trimap import Trimap, band, boundary_distance, searched_distance
from fcn_core.data.streets.scenes import Streets
from fcn_core.labels import CAMVID, VOC, VOID
from fcn_core.metrics import ConfusionMatrix

LABEL_MAPS = arrays(
    np.uint8,
    st.tuples(st.integers(1, 14), st.integers(1, 14)),
    elements=st.sampled_from([0, 0, 0, 1, 2, VOID]),
)


@settings(max_examples=60, deadline=None)
@given(LABEL_MAPS)
def test_distances_equal_plain_search(truth: np.ndarray) -> None:
    found = boundary_distance(truth)
    for y in range(truth.shape[0]):
        for x in range(truth.shape[1]):
            wanted = searched_distance(truth, x, y)
            assert found[y, x] == pytest.approx(wanted, abs=1e-4) or (math.isinf(wanted) and math.isinf(found[y, x]))


def test_a_band_counted_by_hand() -> None:
    truth = np.zeros((5, 8), np.uint8)
    truth[:, 4:] = 1
    assert boundary_distance(truth)[0].tolist() == [4, 3, 2, 1, 1, 2, 3, 4]
    assert band(truth, 2)[0].tolist() == [False, False, True, True, True, True, False, False]
    truth[0, 0] = VOID
    assert not band(truth, 48)[0, 0], "void is a boundary but is never counted"
    assert band(truth, 1)[0, 1] and band(truth, 1)[1, 0]


def test_the_mean_iou_of_a_band_by_hand() -> None:
    truth = np.zeros((1, 12), np.uint8)
    truth[:, 6:] = 1
    said = truth.copy()
    said[0, 6] = 0  # the boundary one pixel off
    said[0, 0] = 1  # and a mistake far away
    counted = Trimap(2, (8,), bands=(1, 3, 6))
    counted.update(truth, {8: said})
    k1, k3, k6, whole = counted.points()
    assert (k1.k, k1.pixels, k1.pa, k1.miou) == (1, 2, 0.5, pytest.approx((1 / 2 + 0) / 2))
    assert (k3.k, k3.pixels) == (3, 6) and k3.miou == pytest.approx((3 / 4 + 2 / 3) / 2)
    assert (k6.pixels, whole.pixels, whole.k) == (12, 12, None)
    assert whole.miou == pytest.approx((5 / 7 + 5 / 7) / 2)


@settings(max_examples=30, deadline=None)
@given(truth=LABEL_MAPS, seed=st.integers(0, 1000))
def test_bands_agree_with_a_confusion_matrix_of_their_pixels(truth: np.ndarray, seed: int) -> None:
    rng = np.random.default_rng(seed)
    said = {head: rng.integers(0, 3, truth.shape).astype(np.uint8) for head in (32, 8)}
    counted = Trimap(3, (32, 8), bands=(1, 2, 4))
    counted.update(truth, said)
    for head in (32, 8):
        for k in (1, 2, 4, None):
            near = np.ones(truth.shape, bool) if k is None else band(truth, k)
            wanted = ConfusionMatrix(3)
            wanted.update(truth[near], said[head][near])
            assert np.array_equal(counted.matrix(head, k).counts, wanted.counts)


def test_thickness_is_the_width_of_a_strip() -> None:
    for width in (4, 8, 20, 60):
        truth = np.zeros((200, 400), np.uint8)
        truth[:, 100 : 100 + width] = 1
        counted = Trimap(3, (8,))
        counted.update(truth, {8: truth})
        assert counted.thickness[1] == pytest.approx(width, abs=0.6)
        assert math.isnan(counted.thickness[2])
        assert (1 in counted.thin_classes()) == (width < 32)
        assert set(counted.thin_classes()) | set(counted.large_classes()) == {0, 1}


def test_thin_and_large_classes_have_means_of_their_own() -> None:
    truth = np.zeros((100, 200), np.uint8)
    truth[:, 50:54] = 1
    said = np.zeros_like(truth)
    counted = Trimap(2, (8,), bands=(3,))
    counted.update(truth, {8: said})
    whole = counted.points()[-1]
    assert whole.thin == 0.0 and whole.large == pytest.approx(0.98)


def test_a_picture_of_one_class_has_no_boundary() -> None:
    truth = np.full((6, 7), 1, np.uint8)
    counted = Trimap(2, (8,), bands=(5,))
    counted.update(truth, {8: truth})
    assert counted.points()[0].pixels == 0 and math.isnan(counted.points()[0].miou)
    assert counted.points()[1].miou == 1.0
    counted.update(np.full((6, 7), VOID, np.uint8), {8: truth})
    assert counted.points()[1].pixels == 42


@pytest.mark.parametrize(
    ("truth", "said", "message"),
    [
        (np.zeros((3, 3), np.uint8), {}, "are missing"),
        (np.zeros((3, 3), np.uint8), {8: np.zeros((3, 4), np.uint8)}, "shape"),
        (np.full((3, 3), 9, np.uint8), {8: np.zeros((3, 3), np.uint8)}, "class index 9"),
        (np.zeros((3, 3), np.int64), {8: np.zeros((3, 3), np.uint8)}, "uint8"),
    ],
)
def test_bad_input_is_explained(truth: np.ndarray, said: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Trimap(2, (8,)).update(truth, said)


def test_a_set_is_measured_with_progress_and_can_be_stopped() -> None:
    data = Streets(5, seed=3, size=(48, 64))
    seen: list[tuple[int, int]] = []

    def segment(image: np.ndarray) -> dict[int, np.ndarray]:
        return {8: np.full(image.shape[:2], 3, np.uint8)}

    whole = measure_set(data, segment, CAMVID, (8,), progress=lambda done, total, _: seen.append((done, total)))
    assert seen == [(i, 5) for i in range(1, 6)] and whole.done == 5 and not whole.stopped
    assert whole.trimap.matrix(8).counts.sum() == 5 * 48 * 64
    some = measure_set(
        data, segment, CAMVID, (8,), at_most=3, stop=lambda: len(seen) > 7, progress=lambda *a: seen.append(a)
    )
    assert (some.done, some.total, some.stopped) == (3, 3, False)
    early = measure_set(data, segment, CAMVID, (8,), stop=lambda: True)
    assert (early.done, early.stopped) == (0, True)
    with pytest.raises(ValueError, match="these weights answer in"):
        measure_set(data, segment, VOC, (8,))
