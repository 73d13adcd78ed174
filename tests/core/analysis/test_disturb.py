"""Disturbed label maps: against plain search for the nearest label, by hand, and what must not change."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fcn_core.analysis.measuring.disturb import Disturbance, dilate, disturb, drop, erode, salt, shift, without_void
from fcn_core.labels import VOID

CLASSES = 4
MAPS = arrays(np.uint8, st.tuples(st.integers(1, 12), st.integers(1, 12)), elements=st.sampled_from([0, 0, 1, 1, 2, 3]))
WITH_VOID = arrays(
    np.uint8, st.tuples(st.integers(2, 12), st.integers(2, 12)), elements=st.sampled_from([0, 1, 2, VOID])
)


def squared_distances(mask: np.ndarray) -> np.ndarray:
    """H×W×M: squared distance of every pixel to every pixel of the mask."""
    height, width = mask.shape
    places = np.argwhere(mask)
    rows, columns = np.mgrid[:height, :width]
    return (rows[:, :, None] - places[:, 0]) ** 2 + (columns[:, :, None] - places[:, 1]) ** 2


@settings(max_examples=60, deadline=None)
@given(MAPS, st.integers(0, 6))
def test_dilation_reaches_exactly_as_far_as_said(labels: np.ndarray, radius: int) -> None:
    mine = labels == 1
    wanted = labels.copy()
    if mine.any():
        wanted[squared_distances(mine).min(-1) <= radius**2] = 1
    assert np.array_equal(dilate(labels, 1, radius), wanted)


@settings(max_examples=60, deadline=None)
@given(MAPS, st.integers(0, 6))
def test_erosion_takes_exactly_the_rim_and_gives_it_to_a_near_class(labels: np.ndarray, radius: int) -> None:
    mine, done = labels == 1, erode(labels, 1, radius)
    if not mine.any() or mine.all() or radius == 0:
        assert np.array_equal(done, labels)
        return
    near = squared_distances(~mine).min(-1)
    assert np.array_equal(done == 1, mine & (near > radius**2))
    assert np.array_equal(done[~mine], labels[~mine])


@settings(max_examples=60, deadline=None)
@given(MAPS)
def test_a_dropped_class_gets_the_nearest_other_label(labels: np.ndarray) -> None:
    mine, done = labels == 1, drop(labels, 1)
    if mine.all():
        assert np.array_equal(done, labels)
        return
    assert not (done == 1).any() and np.array_equal(done[~mine], labels[~mine])
    if not mine.any():
        return
    squares, others = squared_distances(~mine), labels[~mine]
    for y, x in np.argwhere(mine):
        distance = np.sqrt(squares[y, x])
        # The numbering of nearest pixels follows a 5×5 chamfer distance: at worst 2.5 % farther than the nearest.
        assert done[y, x] in others[distance <= distance.min() * 1.025 + 1e-6]


def test_by_hand() -> None:
    labels = np.array([[0, 0, 0, 1, 1, 1, 2]], np.uint8)
    assert dilate(labels, 1, 1).tolist() == [[0, 0, 1, 1, 1, 1, 1]]
    assert erode(labels, 1, 1).tolist() == [[0, 0, 0, 0, 1, 2, 2]]
    assert drop(labels, 1).tolist()[0][:4] == [0, 0, 0, 0] and drop(labels, 1).tolist()[0][5:] == [2, 2]
    assert shift(labels, 2, 0).tolist() == [[0, 0, 0, 0, 0, 1, 1]]
    assert shift(labels, -2, 5).tolist() == [[0, 1, 1, 1, 2, 2, 2]]
    assert shift(labels.T, 0, 1).ravel().tolist() == [0, 0, 0, 0, 1, 1, 1]


@settings(max_examples=40, deadline=None)
@given(WITH_VOID)
def test_void_gets_a_label_and_the_rest_stays(labels: np.ndarray) -> None:
    if (labels == VOID).all():
        with pytest.raises(ValueError, match="every pixel"):
            without_void(labels)
        return
    done = without_void(labels)
    assert not (done == VOID).any() and np.array_equal(done[labels != VOID], labels[labels != VOID])
    assert set(np.unique(done)) <= set(np.unique(labels))


def test_nothing_asked_for_changes_nothing() -> None:
    labels = np.random.default_rng(0).integers(0, CLASSES, (20, 30)).astype(np.uint8)
    assert np.array_equal(disturb(labels, Disturbance(1), CLASSES), labels)


def test_everything_in_one_and_floods() -> None:
    labels = np.zeros((20, 30), np.uint8)
    labels[5:15, 5:15] = 1
    done = disturb(labels, Disturbance(1, right=3, grow=-2), CLASSES)
    assert (done == 1).sum() == 36 and (done[7:13, 10:16] == 1).all()
    assert (disturb(labels, Disturbance(1, drop=True), CLASSES) == 0).all()
    assert (disturb(labels, Disturbance(1, right=9, salt=0.5, flood=2), CLASSES) == 2).all()


def test_salt_hits_its_share_and_grows_on_the_same_pixels() -> None:
    labels = np.zeros((200, 200), np.uint8)
    few, many = (salt(labels, share, CLASSES, seed=7) for share in (0.1, 0.4))
    changed = (few != 0).mean()
    assert changed == pytest.approx(0.1 * 3 / 4, abs=0.01), "a random class is the right one once in four"
    assert ((few != 0) <= (many != 0)).all() and np.array_equal(few, salt(labels, 0.1, CLASSES, seed=7))
    assert set(np.unique(salt(labels, 1.0, CLASSES))) == {0, 1, 2, 3}
    with pytest.raises(ValueError, match="from 0 to 1"):
        salt(labels, 1.5, CLASSES)


@pytest.mark.parametrize("wrong", [np.zeros((3, 3), np.int64), np.zeros((3, 3, 3), np.uint8)])
def test_only_label_maps_are_taken(wrong: np.ndarray) -> None:
    with pytest.raises(ValueError, match="H×W of uint8"):
        disturb(wrong, Disturbance(0), CLASSES)
