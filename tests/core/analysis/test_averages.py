"""Global, per-picture and per-batch mean IoU by hand and against torchmetrics; the measures once more in PyTorch."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fcn_core.analysis.measuring.averages import absent_classes, batch_mean, batches, mean_iou, spreads
from fcn_core.analysis.measuring.torch_measures import largest_difference, torch_measures
from fcn_core.labels import VOID
from fcn_core.metrics import ConfusionMatrix

# Two pictures, two classes and one that only the second has; counted by hand.
FIRST = np.array([[8, 2, 0], [0, 0, 0], [0, 0, 0]])  # IoU 8/10 and 0/2
SECOND = np.array([[5, 0, 0], [0, 4, 0], [0, 1, 0]])  # IoU 1, 4/5 and 0/1


def counted(truth: np.ndarray, said: np.ndarray, classes: int) -> np.ndarray:
    matrix = ConfusionMatrix(classes)
    matrix.update(truth, said)
    return matrix.counts


def test_three_averages_by_hand() -> None:
    both = np.stack([FIRST, SECOND])
    assert mean_iou(both).tolist() == pytest.approx([0.4, 0.6])
    assert batch_mean(both, 1) == pytest.approx(0.5)
    assert mean_iou(both.sum(0)) == pytest.approx((13 / 15 + 4 / 7 + 0) / 3) == batch_mean(both, 2)
    assert mean_iou(FIRST, "zero") == pytest.approx(0.8 / 3) and mean_iou(FIRST, "one") == pytest.approx(1.8 / 3)
    assert absent_classes([FIRST, SECOND]) == [1, 0]
    assert math.isnan(mean_iou(np.zeros((3, 3)))) and mean_iou(np.zeros((3, 3)), "zero") == 0


def test_batches_are_consecutive_and_the_last_may_be_small() -> None:
    five = np.arange(5)[:, None, None] * np.ones((5, 2, 2), int)
    assert batches(five, 2)[:, 0, 0].tolist() == [1, 5, 4] and batches(five, 9)[:, 0, 0].tolist() == [10]
    with pytest.raises(ValueError, match="at least 1"):
        batches(five, 0)
    with pytest.raises(ValueError, match="K×K"):
        mean_iou(np.zeros((2, 3)))


def test_spreads_end_where_order_no_longer_matters() -> None:
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 50, (5, 4, 4)) + 60 * np.eye(4, dtype=int)
    found = spreads(counts, orders=40)
    assert [s.size for s in found] == [1, 2, 3, 4, 5]
    for end in (found[0], found[-1]):
        assert end.low == pytest.approx(end.high) == pytest.approx(end.in_order)
    assert found[1].low < found[1].high and found[-1].mean == pytest.approx(float(mean_iou(counts.sum(0))))


@settings(max_examples=40, deadline=None)
@given(arrays(np.uint8, st.tuples(st.just(2), st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 3)))
def test_the_measures_in_pytorch_agree_with_the_matrix(pair: np.ndarray) -> None:
    truth, said = pair[0].copy(), pair[1]
    truth[truth == 3] = VOID
    matrix = ConfusionMatrix(4)
    matrix.update(truth, said)
    scores, wanted = matrix.scores(), torch_measures(truth, said, 4)
    assert largest_difference({name: getattr(scores, name) for name in wanted}, wanted) < 1e-12
    assert float(mean_iou(matrix.counts)) == pytest.approx(scores.miou, nan_ok=True)


def test_a_missing_number_is_no_agreement() -> None:
    assert math.isnan(largest_difference({"a": float("nan")}, {"a": 0.5}))
    assert largest_difference({"a": float("nan"), "b": 1.0}, {"a": float("nan"), "b": 0.75}) == 0.25


@pytest.mark.parametrize("seed", range(4))
def test_torchmetrics_agrees(seed: int) -> None:
    from torchmetrics.functional.classification import multiclass_accuracy, multiclass_confusion_matrix
    from torchmetrics.functional.classification import multiclass_jaccard_index as jaccard

    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 5, (3, 20, 24)).astype(np.uint8)
    said = np.where(rng.random(truth.shape) < 0.6, truth, rng.integers(0, 5, truth.shape)).astype(np.uint8)
    truth[rng.random(truth.shape) < 0.1] = VOID
    target, preds = torch.tensor(truth).long(), torch.tensor(said).long()
    matrix = ConfusionMatrix(5)
    matrix.update(truth, said)
    scores = matrix.scores()
    options = {"num_classes": 5, "ignore_index": VOID}
    assert np.array_equal(multiclass_confusion_matrix(preds, target, **options).numpy(), matrix.counts)
    assert float(jaccard(preds, target, average="macro", **options)) == pytest.approx(scores.miou, abs=1e-6)
    assert jaccard(preds, target, average="none", **options).tolist() == pytest.approx(scores.iou, abs=1e-6)
    assert float(jaccard(preds, target, average="weighted", **options)) == pytest.approx(scores.fwiou, abs=1e-6)
    for average, value in (("micro", scores.pa), ("macro", scores.mpa)):
        assert float(multiclass_accuracy(preds, target, average=average, **options)) == pytest.approx(value, abs=1e-6)
    each = [jaccard(p, t, average="macro", **options) for p, t in zip(preds, target, strict=True)]
    counts = np.stack([counted(t, p, 5) for t, p in zip(truth, said, strict=True)])
    assert float(torch.stack(each).mean()) == pytest.approx(batch_mean(counts, 1), abs=1e-6)
