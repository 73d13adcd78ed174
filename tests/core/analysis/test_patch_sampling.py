"""Sampling patches of the loss: same expected gradient, the variance of the formula, PyTorch's own gradients."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from segmenters import tiny_model
from torch.nn import functional as F

from fcn_core.analysis.dense.patch_sampling import PatchGradients, patch_gradients, sample_patches, sample_pictures


@pytest.fixture(scope="module")
def picture() -> PatchGradients:
    return _picture(0)


def _picture(seed: int, head: int = 8) -> PatchGradients:
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(1, 3, 80, 100, generator=generator)
    target = torch.randint(0, 11, (80, 100), generator=generator)
    target[:10] = 255
    return patch_gradients(tiny_model(), x, target, head)


@pytest.mark.parametrize("head", [32, 16, 8])
def test_patches_add_up_to_pytorchs_gradient(head: int) -> None:
    model = tiny_model()
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(1, 3, 80, 100, generator=generator)
    target = torch.randint(0, 11, (80, 100), generator=generator)
    target[:10] = 255
    before = {name: value.clone() for name, value in model.state_dict().items()}
    found = patch_gradients(model, x, target, head)
    assert found.grid == (3, 4) and found.sizes.shape == (3, 4) and found.difference < 1e-4
    model.requires_grad_(True)
    loss = F.cross_entropy(model(x, heads=(head,)).logits[head], target[None], ignore_index=255)
    layers = [model.head.score_fr, model.head.score_pool4, model.head.score_pool3][: {32: 1, 16: 2, 8: 3}[head]]
    wanted = torch.autograd.grad(loss, [p for layer in layers for p in (layer.weight, layer.bias)])
    by_torch = torch.cat([g.flatten() for g in wanted]).numpy()
    np.testing.assert_allclose(np.sort(found.gradients.sum(0)), np.sort(by_torch), atol=1e-6)
    assert found.losses.sum() == pytest.approx(float(loss.detach()), rel=1e-5)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize("keep", [0.5, 0.25, 0.1])
def test_the_mean_of_many_draws_is_the_whole_gradient(picture: PatchGradients, keep: float) -> None:
    found = sample_patches(picture, keep, draws=4000, seed=3)
    assert found.variance == pytest.approx(found.predicted, rel=0.15)
    assert found.mean_error[-1] < 4 * np.sqrt(found.predicted / 4000)
    assert found.mean_error[-1] < found.mean_error[0] / 10


def test_keeping_all_is_the_gradient_itself(picture: PatchGradients) -> None:
    found = sample_patches(picture, 1.0, draws=5)
    assert found.variance == found.predicted == 0 and found.cosine == pytest.approx(1)
    assert np.allclose(found.mean_error, 0)


def test_two_patches_by_hand() -> None:
    gradients = np.array([[3.0, 0.0], [0.0, 4.0]], np.float32)
    pair = PatchGradients((1, 2), np.zeros(2), gradients, gradients.sum(0), 0.0)
    assert pair.sizes.tolist() == [[3, 4]]
    found = sample_patches(pair, 0.5, draws=20000)
    # |g|² = 25, and the variance is (1 - p)/p · (9 + 16) = 25.
    assert found.predicted == pytest.approx(1) and found.variance == pytest.approx(1, rel=0.03)


def test_a_draw_is_the_sum_of_its_patches(picture: PatchGradients) -> None:
    keep, seed = 0.5, 11
    found = sample_patches(picture, keep, draws=1, seed=seed)
    kept = np.random.default_rng(seed).random((1, len(picture.gradients)))[0] < keep
    direct = picture.gradients[kept].sum(0, dtype=np.float64) / keep
    whole = picture.gradients.sum(0, dtype=np.float64)
    size = np.linalg.norm(whole)
    assert found.variance == pytest.approx(np.square(direct - whole).sum() / size**2, rel=1e-5)
    assert found.cosine == pytest.approx(direct @ whole / np.linalg.norm(direct) / size, rel=1e-5)


@pytest.mark.parametrize("keep", [1.0, 0.5, 0.25])
def test_batches_of_more_pictures(keep: float) -> None:
    pictures = [_picture(seed) for seed in range(3)]
    found = sample_pictures(pictures, keep, draws=6000, seed=1)
    assert found.pictures == round(1 / keep)
    assert found.variance == pytest.approx(found.predicted, rel=0.1)
    assert found.mean_error[-1] < 4 * np.sqrt(found.predicted / 6000)
    if keep == 1:
        whole = np.stack([p.gradients.sum(0) for p in pictures]).astype(np.float64)
        spread = np.square(whole - whole.mean(0)).sum(1).mean() / np.square(whole.mean(0)).sum()
        assert found.predicted == pytest.approx(spread, rel=1e-5)


def test_bad_input_is_explained(picture: PatchGradients) -> None:
    with pytest.raises(ValueError, match="above 0"):
        sample_patches(picture, 0)
    with pytest.raises(ValueError, match="whole number"):
        sample_pictures([picture], 0.3)
    with pytest.raises(ValueError, match="void everywhere"):
        patch_gradients(tiny_model(), torch.zeros(1, 3, 32, 32), torch.full((32, 32), 255), 8)
    with pytest.raises(ValueError, match="no score layers"):
        patch_gradients(torch.nn.Conv2d(3, 3, 1), torch.zeros(1, 3, 32, 32), torch.zeros(32, 32), 8)
