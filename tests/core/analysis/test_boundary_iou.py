"""Boundary IoU: against repeated erosions as in the authors' code, PyTorch, and by hand."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fcn_core.analysis.measuring.boundary_iou import boundary_iou, inner_band, torch_boundary_iou
from fcn_core.labels import VOID

PAIRS = arrays(np.uint8, st.tuples(st.just(2), st.integers(1, 16), st.integers(1, 16)), elements=st.integers(0, 2))


def band_by_repeated_erosion(mask: np.ndarray, d: int) -> np.ndarray:
    """A frame of background, then d times a 3×3 erosion."""
    framed = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    core = cv2.erode(framed, np.ones((3, 3), np.uint8), iterations=d)[1:-1, 1:-1]
    return mask & (core == 0)


@settings(max_examples=80, deadline=None)
@given(PAIRS, st.integers(1, 6))
def test_bands_are_those_of_repeated_erosion(pair: np.ndarray, d: int) -> None:
    for labels in pair:
        for cls in range(3):
            assert np.array_equal(inner_band(labels == cls, d), band_by_repeated_erosion(labels == cls, d))


@settings(max_examples=80, deadline=None)
@given(PAIRS, st.integers(1, 6))
def test_equals_pytorch_with_void_left_out(pair: np.ndarray, d: int) -> None:
    truth, said = pair[0].copy(), pair[1]
    truth[truth == 2] = VOID
    found = boundary_iou(truth, said, 3, d)
    for cls in range(3):
        assert found.iou[cls] == pytest.approx(torch_boundary_iou(truth, said, cls, d), nan_ok=True)


def test_by_hand() -> None:
    truth = np.zeros((6, 8), np.uint8)
    truth[:, 4:] = 1
    said = np.zeros_like(truth)
    said[:, 5:] = 1
    # Band of class 1, one pixel: the rim of 6×4 (16 pixels) and of 6×3 (14); both share the right column and two rows.
    found = boundary_iou(truth, said, 3, 1)
    assert (found.both[1], found.either[1]) == (6 + 2 * 2, 16 + 14 - 10)
    assert found.iou[1] == 0.5 and math.isnan(found.iou[2]) and found.either[2] == 0
    assert found.mean == pytest.approx((found.iou[0] + 0.5) / 2)


def test_a_wide_band_is_plain_iou_and_a_right_map_has_1() -> None:
    truth, said = np.random.default_rng(0).integers(0, 2, (2, 12, 12)).astype(np.uint8)
    wide = boundary_iou(truth, said, 2, 40)
    assert wide.iou[1] == pytest.approx(((truth == 1) & (said == 1)).sum() / ((truth == 1) | (said == 1)).sum())
    assert boundary_iou(truth, truth, 2, 3).mean == 1.0


def test_a_right_map_has_1_where_void_lies_between_the_classes() -> None:
    truth = np.zeros((20, 30), np.uint8)
    truth[:, 15:] = 1
    right = truth.copy()
    truth[:, 12:18] = VOID
    assert boundary_iou(truth, right, 2, 3).mean == 1.0


def test_nothing_to_count_is_nan() -> None:
    void = np.full((4, 4), VOID, np.uint8)
    assert math.isnan(boundary_iou(void, np.zeros((4, 4), np.uint8), 2, 1).mean)


def test_a_shift_costs_a_large_region_more_of_its_band_than_of_its_area() -> None:
    truth = np.zeros((60, 80), np.uint8)
    truth[20:50, 10:70] = 1
    said = np.roll(truth, 3, axis=1)
    plain = ((truth == 1) & (said == 1)).sum() / ((truth == 1) | (said == 1)).sum()
    assert boundary_iou(truth, said, 2, 3).iou[1] < 0.8 < plain


@pytest.mark.parametrize(
    ("said", "d", "message"), [(np.zeros((3, 4), np.uint8), 1, "one size"), (np.zeros((3, 3), np.uint8), 0, "1 pixel")]
)
def test_bad_input_is_explained(said: np.ndarray, d: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        boundary_iou(np.zeros((3, 3), np.uint8), said, 2, d)
