"""Gradients stay inside the theoretical box, reach its edge, and their Gaussian is the one that was put in."""

from __future__ import annotations

import math
from itertools import islice

import numpy as np
import pytest
import torch
from torch import nn

from fcn_core.analysis.fields.effective_field import (
    FieldTarget,
    effective_field,
    fit_gaussian,
    judge,
    random_pictures,
    with_random_weights,
)
from fcn_core.analysis.fields.probe import probed_box
from fcn_core.analysis.fields.receptive_field import Box, receptive_field
from fcn_core.models.architectures import build
from fcn_core.models.fcn import FCN
from fcn_core.models.spec import FCNSpec
from fcn_core.models.torchvision_spec import FCNResNet50Spec

SIZE = (160, 200)


def positive(model: nn.Module) -> nn.Module:
    """Random positive weights: with a positive picture no ReLU falls asleep and nothing cancels out."""
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.rand_like(p) / max(p[0].numel(), 1) + 0.01)
    return model.eval()


def averaging(model: nn.Module) -> nn.Module:
    """Max poolings, whose gradient takes one way only, become average poolings with the same windows."""
    for name, part in list(model.named_modules()):
        if isinstance(part, nn.MaxPool2d):
            owner, _, key = name.rpartition(".")
            average = nn.AvgPool2d(part.kernel_size, part.stride, part.padding, ceil_mode=part.ceil_mode)
            setattr(model.get_submodule(owner), key, average)
    return model


@pytest.mark.parametrize("alignment", ["reference", "centered"])
@pytest.mark.parametrize("backbone", ["alexnet", "vgg16", "googlenet_published"])
def test_the_gradient_fills_the_theoretical_box_exactly(backbone: str, alignment: str) -> None:
    torch.manual_seed(0)
    spec = FCNSpec(backbone=backbone, width=1 / 32, fc_channels=4, num_classes=2, alignment=alignment)  # type: ignore[arg-type]
    model = positive(averaging(FCN(spec)))
    fields = receptive_field(model, SIZE)
    pictures = [picture.abs() for picture in islice(random_pictures((3, *SIZE)), 1)]
    for layer, row, column in (("logits.8", 80, 100), ("maps.score_pool3", 9, 12), ("logits.32", 3, 199)):
        box = fields.layer(layer).box(row, column)
        found = effective_field(model, FieldTarget(layer, row, column), box, pictures, count=1)
        assert found.outside == 0 and found.reached == box.inside


@pytest.mark.parametrize("backbone", ["vgg16_bn", "caffenet", "googlenet", "googlenet_pooled"])
def test_probing_finds_the_theoretical_box(backbone: str) -> None:
    model = FCN(FCNSpec(backbone=backbone, width=1 / 8, num_classes=5))
    fields = receptive_field(model, SIZE)
    for layer, row, column in (("logits.16", 20, 150), ("maps.score_pool4", 5, 6)):
        assert probed_box(model, FieldTarget(layer, row, column), SIZE) == fields.layer(layer).box(row, column).inside


def test_of_a_trained_like_network_none_falls_outside() -> None:
    torch.manual_seed(1)
    model = with_random_weights(FCN(FCNSpec(width=1 / 16, fc_channels=16, num_classes=3)), seed=1).eval()
    fields = receptive_field(model, SIZE)
    box = fields.layer("pool3").box(10, 12)
    seen: list[tuple[int, int]] = []
    found = effective_field(
        model, FieldTarget(fields.layer("pool3").name, 10, 12), box, random_pictures((3, *SIZE), seed=2), count=3,
        progress=lambda done, total: seen.append((done, total)),
    )  # fmt: skip
    assert seen == [(1, 3), (2, 3), (3, 3)] and found.pictures == 3
    assert found.outside == 0 and found.strength.sum() > 0
    assert 0 < found.share < 1 and found.within is not None
    top, left, bottom, right = found.within
    assert found.strength[top:bottom, left:right].sum() >= 0.95 * found.strength.sum()
    assert abs(found.centre[0] - (box.top + box.bottom - 1) / 2) < 6


def test_a_resnets_score_map() -> None:
    torch.manual_seed(0)
    model = with_random_weights(build(FCNResNet50Spec(num_classes=2))).eval()
    box = receptive_field(model, (64, 64)).layer("maps.score_fr").box(4, 4)
    found = effective_field(
        model, FieldTarget("maps.score_fr", 4, 4, channel=1), box, random_pictures((3, 64, 64)), count=1
    )
    assert found.outside == 0 and found.reached == (0, 0, 64, 64) == box.inside


def test_the_model_is_left_alone() -> None:
    model = FCN(FCNSpec(width=1 / 16, fc_channels=16, num_classes=3)).train()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    box = receptive_field(model, (64, 64)).layer("pool3").box(2, 2)
    effective_field(model, FieldTarget("trunk.features.23", 2, 2), box, random_pictures((3, 64, 64)), count=1)
    assert model.training and all(torch.equal(before[k], v) for k, v in model.state_dict().items())
    assert not any(m._forward_hooks for m in model.modules()) and all(p.requires_grad for p in model.parameters())
    assert not torch.equal(with_random_weights(model).head.score_fr.weight, model.head.score_fr.weight)  # type: ignore


def gaussian(centre: tuple[float, float], sigma: tuple[float, float], size: tuple[int, int] = (120, 160)) -> np.ndarray:
    y, x = (np.exp(-((np.arange(n) - c) ** 2) / (2 * s**2)) for n, c, s in zip(size, centre, sigma, strict=True))
    return y[:, None] * x[None]


@pytest.mark.parametrize(("centre", "sigma"), [((60, 80), (9, 14)), ((30.5, 120.25), (4, 20)), ((60, 5), (9, 14))])
def test_the_gaussian_that_was_put_in_comes_out(centre, sigma) -> None:
    found_centre, found_sigma, fit = fit_gaussian(gaussian(centre, sigma))
    assert found_centre == pytest.approx(centre, abs=1e-3) and found_sigma == pytest.approx(sigma, abs=1e-3)
    assert fit == pytest.approx(1, abs=1e-6)


def test_shares_counted_by_hand() -> None:
    box = Box(0, 0, 10, 10, (0, 0, 10, 10), (20, 20))
    flat = np.zeros((20, 20))
    flat[:10, :10] = 1
    whole = judge(flat, box)
    assert whole.share == 1 and whole.within == (0, 0, 10, 10) and whole.outside == 0
    middle = np.zeros((20, 20))
    middle[4:6, 4:6] = 1
    narrow = judge(middle, box)
    assert narrow.within == (4, 4, 6, 6) and narrow.share == pytest.approx(0.04)
    astray = middle.copy()
    astray[15, 15] = 4
    assert judge(astray, box).outside == pytest.approx(0.5)


def test_the_squared_measure_and_what_was_asked_wrongly() -> None:
    model = nn.Conv2d(1, 1, 3, bias=False)
    box = receptive_field(model, (8, 8)).layer("output").box(2, 3)
    picture = [torch.ones(1, 8, 8)]
    plain = effective_field(model, FieldTarget("output", 2, 3), box, picture, count=1).strength
    squared = effective_field(model, FieldTarget("output", 2, 3), box, picture, count=1, measure="squared").strength
    np.testing.assert_allclose(plain[2:5, 3:6], model.weight.detach().abs()[0, 0], rtol=1e-6)
    np.testing.assert_allclose(squared, plain**2, rtol=1e-6)
    with pytest.raises(ValueError, match="no cell"):
        effective_field(model, FieldTarget("output", 7, 0), box, picture, count=1)
    with pytest.raises(ValueError, match="no map called 'logits.8'"):
        effective_field(model, FieldTarget("logits.8", 0, 0), box, picture, count=1)
    with pytest.raises(ValueError, match="at least one picture"):
        effective_field(model, FieldTarget("output", 0, 0), box, [], count=1)


def test_a_cell_that_nothing_reaches() -> None:
    silent = FCN(FCNSpec(width=1 / 16, fc_channels=16, num_classes=3))  # score layers start at zero
    box = receptive_field(silent, (64, 64)).layer("logits.8").box(9, 9)
    found = effective_field(silent, FieldTarget("logits.8", 9, 9), box, random_pictures((3, 64, 64)), count=1)
    assert found.reached is None and found.within is None and math.isnan(found.sigma[0])
