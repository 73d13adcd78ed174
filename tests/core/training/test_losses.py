from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fcn_core.training.loop.losses import class_weights, faded_weights, heads_loss, pixel_loss


@pytest.fixture
def batch():
    torch.manual_seed(0)
    target = torch.randint(0, 4, (2, 5, 6))
    target[0, :2] = 255
    return torch.randn(2, 4, 5, 6, requires_grad=True), target


def by_hand(logits, target, weights):
    total, count = 0.0, 0.0
    for n, y, x in np.ndindex(*target.shape):
        label = int(target[n, y, x])
        if label != 255:
            scores = logits[n, :, y, x]
            total += weights[label] * (torch.logsumexp(scores, 0) - scores[label])
            count += weights[label]
    return total, count


@pytest.mark.parametrize("weights", [None, torch.tensor([1.0, 2.0, 0.5, 3.0])])
def test_equals_the_sum_over_pixels(batch, weights):
    logits, target = batch
    total, count = by_hand(logits, target, torch.ones(4) if weights is None else weights)
    assert torch.allclose(pixel_loss(logits, target, weights=weights), total / count)
    assert torch.allclose(pixel_loss(logits, target, weights=weights, reduction="sum"), total)
    expected = F.cross_entropy(logits, target, weight=weights, ignore_index=255, label_smoothing=0.1)
    assert torch.allclose(pixel_loss(logits, target, weights=weights, smoothing=0.1), expected)


def test_void_has_no_gradient_and_all_void_is_zero(batch):
    logits, target = batch
    pixel_loss(logits, target).backward()
    assert (logits.grad[0, :, :2] == 0).all() and (logits.grad[0, :, 2:] != 0).all()
    logits.grad = None
    loss = pixel_loss(logits, torch.full_like(target, 255))
    loss.backward()
    assert loss.item() == 0 and (logits.grad == 0).all()


def test_heads_are_weighted(batch):
    logits, target = batch
    heads = {32: logits, 16: 2 * logits, 8: -logits}
    loss = heads_loss(heads, target, head_weights={32: 0.3, 16: 0.0, 8: 1.0})
    assert torch.allclose(loss, 0.3 * pixel_loss(logits, target) + pixel_loss(-logits, target))


def test_class_weights():
    counts = np.array([70.0, 20.0, 10.0])
    assert class_weights(counts, "none") is None
    assert class_weights(counts, "median_frequency").tolist() == pytest.approx([20 / 70, 1.0, 2.0])
    enet = class_weights(counts, "enet")
    assert enet.tolist() == pytest.approx([1 / np.log(1.72), 1 / np.log(1.22), 1 / np.log(1.12)], rel=1e-5)
    assert torch.allclose(class_weights(counts, "sqrt_enet") ** 2, enet)
    assert torch.isfinite(class_weights(np.array([5.0, 0.0]), "median_frequency")).all()
    with pytest.raises(ValueError, match="no labelled pixels"):
        class_weights(np.zeros(3), "enet")


def test_median_frequency_counts_a_class_in_the_pictures_that_show_it():
    # Two pictures of 100 pixels: road 60 and sky 40 in the one; road 80, cat 10 and 10 void in the other.
    road, sky, cat, never = 140 / 200, 40 / 100, 10 / 100, 1.0
    counts, shown_in = np.array([140, 40, 10, 0]), np.array([200, 100, 100, 0])
    weights = class_weights(counts, "median_frequency", shown_in=shown_in)
    assert weights.tolist() == pytest.approx([0.4 / road, 0.4 / sky, 0.4 / cat, never])
    assert torch.equal(class_weights(counts, "enet", shown_in=shown_in), class_weights(counts, "enet"))


def test_weights_fade_to_equal_ones_at_the_end():
    weights = torch.tensor([1.0, 4.0, 9.0])
    assert torch.equal(faded_weights(weights, fraction=0.5, start=0.5), weights)
    assert torch.allclose(faded_weights(weights, fraction=0.75, start=0.5), torch.tensor([1.0, 2.0, 3.0]))
    assert torch.equal(faded_weights(weights, fraction=1.0, start=0.5), torch.ones(3))
    assert torch.equal(faded_weights(weights, fraction=1.0, start=1.0), weights)
    assert faded_weights(None, fraction=1.0, start=0.0) is None
