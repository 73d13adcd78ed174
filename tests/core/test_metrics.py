from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from fcn_core.metrics import ConfusionMatrix

# Two classes and one that only the prediction knows; counted by hand.
TRUTH = np.array([[0, 0, 0, 1], [0, 1, 1, 255]], dtype=np.uint8)
PREDICTION = np.array([[0, 0, 1, 1], [2, 1, 0, 0]], dtype=np.uint8)


def test_hand_counted():
    matrix = ConfusionMatrix(4)
    matrix.update(TRUTH, PREDICTION)
    assert matrix.counts.tolist() == [[2, 1, 1, 0], [1, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]
    scores = matrix.scores()
    assert scores.pa == pytest.approx(4 / 7)
    assert scores.accuracy[:2] == pytest.approx((2 / 4, 2 / 3))
    assert scores.mpa == pytest.approx((2 / 4 + 2 / 3) / 2)
    assert scores.iou[:3] == pytest.approx((2 / 5, 2 / 4, 0.0))
    assert math.isnan(scores.iou[3]) and math.isnan(scores.accuracy[2])
    assert scores.miou == pytest.approx((2 / 5 + 2 / 4 + 0) / 3)  # class 3 is absent from both, class 2 is not
    assert scores.fwiou == pytest.approx(4 / 7 * 2 / 5 + 3 / 7 * 2 / 4)


def test_agrees_with_counting_one_pixel_at_a_time():
    rng = np.random.default_rng(0)
    truth, prediction = rng.integers(0, 5, (2, 30, 20))
    truth[rng.random(truth.shape) < 0.1] = 255
    matrix = ConfusionMatrix(5)
    matrix.update(truth, prediction)
    for i in range(5):
        intersection = ((truth == i) & (prediction == i)).sum()
        union = ((truth != 255) & ((truth == i) | (prediction == i))).sum()
        assert matrix.scores().iou[i] == pytest.approx(intersection / union)


def test_parts_merge_to_the_whole_and_tensors_count_like_arrays():
    rng = np.random.default_rng(1)
    truth, prediction = rng.integers(0, 3, (2, 4, 8, 8)).astype(np.uint8)
    whole, first, second = ConfusionMatrix(3), ConfusionMatrix(3), ConfusionMatrix(3)
    whole.update(truth, prediction)
    first.update(truth[:2], prediction[:2])
    second.update(torch.from_numpy(truth[2:]).long(), torch.from_numpy(prediction[2:]))
    first.merge(second)
    assert (first.counts == whole.counts).all() and whole.counts.sum() == truth.size


def test_names_and_none_for_absent_classes():
    matrix = ConfusionMatrix(4)
    matrix.update(TRUTH, PREDICTION)
    values = matrix.scores().as_dict(["a", "b", "c", "d"])
    assert values["iou"] == {"a": pytest.approx(0.4), "b": 0.5, "c": 0.0, "d": None}
    assert ConfusionMatrix(2).scores().as_dict(["a", "b"])["miou"] is None
    with pytest.raises(ValueError, match="4 classes, but 2 names"):
        matrix.scores().as_dict(["a", "b"])


@pytest.mark.parametrize(
    ("truth", "prediction", "said"),
    [
        (np.zeros((2, 2), np.uint8), np.zeros((2, 3), np.uint8), "same size"),
        (np.full((2, 2), 7, np.uint8), np.zeros((2, 2), np.uint8), "truth contains class index 7"),
        (np.zeros((2, 2), np.uint8), np.full((2, 2), 255, np.uint8), "prediction contains class index 255"),
        (np.zeros((2, 2), np.uint8), np.full((2, 2), -1), "prediction contains class index -1"),
        (np.zeros((2, 2), np.float32), np.zeros((2, 2), np.uint8), "integer"),
    ],
)
def test_wrong_input_is_named(truth, prediction, said):
    matrix = ConfusionMatrix(3)
    with pytest.raises(ValueError, match=said):
        matrix.update(truth, prediction)
    assert matrix.counts.sum() == 0


def test_all_void_counts_nothing():
    matrix = ConfusionMatrix(3)
    matrix.update(np.full((2, 2), 255, np.uint8), np.zeros((2, 2), np.uint8))
    assert matrix.counts.sum() == 0 and math.isnan(matrix.scores().miou)
