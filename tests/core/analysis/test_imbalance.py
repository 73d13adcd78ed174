"""Two classes by hand, and the gradient's shares in closed form against autograd."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from fcn_core.analysis.measuring.imbalance import dogs_and_cats, gradient_shares, rare_threshold, starting_shares
from fcn_core.labels import VOID
from fcn_core.training.loop.class_gradients import measured_gradient_shares
from fcn_core.training.loop.losses import class_weights

SEEDS = st.integers(0, 2**32 - 1)


def test_ninety_nine_dogs_and_one_cat() -> None:
    scores = dogs_and_cats(1, found=0, false=0).matrix.scores()
    assert (scores.pa, scores.mpa, scores.miou) == (0.99, 0.5, 0.495)
    assert scores.fwiou == pytest.approx(0.99**2)


def test_finding_the_cat_by_calling_dogs_cats() -> None:
    # 100 cat pixels all found, 99 of 9,900 dog pixels called cat.
    scene = dogs_and_cats(1, found=100, false=1)
    assert scene.matrix.counts.tolist() == [[9801, 99], [0, 100]]
    scores = scene.matrix.scores()
    assert scores.mpa == pytest.approx((0.99 + 1) / 2)
    assert scores.iou == pytest.approx((9801 / 9900, 100 / 199))


@given(st.integers(1, 99), st.integers(0, 100), st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_the_picture_holds_what_was_asked_for(cats: int, found: int, false: int) -> None:
    scene = dogs_and_cats(cats, found=found, false=false)
    assert (scene.truth == 1).sum() == 100 * cats
    (_, wrong), (_, right) = scene.matrix.counts.tolist()
    assert abs(right - cats * found) <= 1 and abs(wrong - (100 - cats) * false) <= 1


@pytest.mark.parametrize("wrong", [{"cats": 0}, {"cats": 100}, {"found": 101}, {"false": -1}])
def test_absurd_amounts_are_refused(wrong: dict) -> None:
    values = {"cats": 1, "found": 0, "false": 0, **wrong}
    with pytest.raises(ValueError, match="percent"):
        dogs_and_cats(values.pop("cats"), **values)


@given(SEEDS, st.integers(2, 12), st.booleans())
@settings(max_examples=30, deadline=None)
def test_gradient_shares_equal_autograd(seed: int, classes: int, weighted: bool) -> None:
    rng = np.random.default_rng(seed)
    logits = rng.normal(0, 4, (classes, 9, 13)).astype(np.float32)
    truth = rng.integers(0, classes, (9, 13))
    truth[rng.random(truth.shape) < 0.2] = VOID
    truth[0, 0] = 0
    weights = rng.uniform(0.1, 20, classes).astype(np.float32) if weighted else None
    given_weights = None if weights is None else torch.tensor(weights)
    measured = measured_gradient_shares(torch.tensor(logits), torch.tensor(truth), given_weights).numpy()
    assert np.abs(gradient_shares(logits, truth, weights) - measured).max() < 1e-5
    counts = np.bincount(truth[truth != VOID], minlength=classes)
    zero = measured_gradient_shares(torch.zeros(classes, 9, 13), torch.tensor(truth), given_weights).numpy()
    assert np.abs(starting_shares(counts, weights) - zero).max() < 1e-6


def test_shares_of_a_network_that_knows_everything_are_zero() -> None:
    truth = np.zeros((4, 4), np.int64)
    logits = np.stack([np.full((4, 4), 200.0), np.full((4, 4), -200.0)]).astype(np.float32)
    assert gradient_shares(logits, truth).tolist() == [0, 0]
    assert measured_gradient_shares(torch.tensor(logits), torch.tensor(truth)).tolist() == [0, 0]


def test_median_frequency_makes_every_class_pull_alike() -> None:
    shares = np.array([0.9, 0.07, 0.03])
    weights = class_weights(shares, "median_frequency")
    assert weights is not None
    assert starting_shares(shares, weights.numpy()) == pytest.approx([1 / 3] * 3, abs=1e-6)


def test_the_blind_network_ends_at_the_starting_shares() -> None:
    """Gradient descent on one logit a class, on the weighted loss, against the closed form."""
    shares, weights = np.array([0.8, 0.15, 0.05]), torch.tensor([0.5, 2.0, 6.0])
    truth = torch.repeat_interleave(torch.arange(3), torch.tensor([80, 15, 5]))
    logits = torch.zeros(3, requires_grad=True)
    for _ in range(600):
        loss = torch.nn.functional.cross_entropy(logits.expand(100, 3), truth, weight=weights)
        (gradient,) = torch.autograd.grad(loss, logits)
        logits = (logits - 2.0 * gradient).detach().requires_grad_()
    assert np.abs(logits.softmax(0).detach().numpy() - starting_shares(shares, weights.numpy())).max() < 1e-4


def test_the_threshold_is_where_the_weighted_sides_balance() -> None:
    assert rare_threshold(None) == 0.5
    threshold = rare_threshold(np.array([0.5, 4.5]))
    assert threshold == pytest.approx(0.1) and 4.5 * threshold == pytest.approx(0.5 * (1 - threshold))


def test_no_pixels_have_no_shares() -> None:
    with pytest.raises(ValueError, match="add up to 0"):
        starting_shares(np.zeros(3))
