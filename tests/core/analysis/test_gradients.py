"""Gradients: against a linear network, finite differences, and the sum that integrated gradients promise."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from segmenters import tiny_model
from test_occlusion import Linear

from fcn_core.analysis.evidence.gradients import METHODS, check_gradient, gradient_map
from fcn_core.analysis.evidence.target import Target


def one_pixel(height: int, width: int, x: int, y: int, index: int = 1) -> Target:
    mask = np.zeros((height, width), bool)
    mask[y, x] = True
    return Target(8, index, mask)


def picture(height: int = 48, width: int = 64) -> torch.Tensor:
    return torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(4))


def test_a_linear_network_is_known_exactly() -> None:
    x = picture(6, 5)
    target = Target(8, 1, np.ones((6, 5), bool))
    np.testing.assert_allclose(gradient_map(Linear(), x, target, "gradient").values, 6.0, rtol=1e-6)  # 2 a channel
    for method in ("input", "integrated"):
        found = gradient_map(Linear(), x, target, method)
        np.testing.assert_allclose(found.values, 2 * x[0].sum(0).numpy(), rtol=1e-4, atol=1e-5)
        assert found.incompleteness < 1e-4 and found.baseline == 0


@pytest.mark.parametrize("settings", [{}, {"alignment": "reference", "backbone": "vgg16"}, {"backbone": "alexnet"}])
def test_autograd_agrees_with_finite_differences(settings: dict) -> None:
    check = check_gradient(tiny_model(**settings), picture(), one_pixel(48, 64, 30, 20))
    assert check.double and check.difference < 1e-4
    assert max(map(abs, check.autograd)) > 0


def test_captums_gradient_is_autograds() -> None:
    model, target = tiny_model(), one_pixel(48, 64, 30, 20)
    leaf = picture().requires_grad_()
    (slope,) = torch.autograd.grad(target.of(model, leaf).sum(), leaf)
    found = gradient_map(model, picture(), target, "gradient")
    np.testing.assert_allclose(found.values, slope[0].sum(0).numpy(), atol=1e-5)
    assert all(p.grad is None for p in model.parameters()), "the shared model must not collect gradients"
    assert found.values.min() < 0 < found.values.max()


def test_integrated_gradients_add_up_and_input_times_gradient_need_not() -> None:
    model, target = tiny_model(), one_pixel(48, 64, 30, 20)
    steps: list[tuple[int, int]] = []
    found = gradient_map(
        model, picture(), target, "integrated", steps=64, progress=lambda done, total: steps.append((done, total))
    )
    assert found.incompleteness < 0.05
    assert steps[-1] == (64, 64)
    assert gradient_map(model, picture(), target, "input").incompleteness > found.incompleteness


def test_nothing_beyond_the_receptive_field_counts() -> None:
    model = tiny_model(backbone="alexnet", heads=(32, 16, 8))
    found = gradient_map(model, picture(64, 640), one_pixel(64, 640, 10, 10), "gradient")
    assert np.abs(found.values[:, :150]).max() > 0
    assert np.abs(found.values[:, 500:]).max() == 0


def test_unknown_methods_are_named() -> None:
    with pytest.raises(ValueError, match=", ".join(METHODS)):
        gradient_map(Linear(), picture(4, 4), one_pixel(4, 4, 0, 0), "lucky guess")
