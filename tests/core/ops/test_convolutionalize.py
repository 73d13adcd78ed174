"""Classifiers in both forms: the same numbers at the native size, maps on larger inputs, and what is refused."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from segmenters import tiny_model
from torch import nn

from fcn_core.analysis.dense.window_classifier import drawn_alexnet, fcn_windows, patch_windows
from fcn_core.models.patch_classifier import PATCH_NETS, patch_classifier
from fcn_core.models.trunks.trunk import REFERENCE_PADDING
from fcn_core.ops.convolutionalize import as_convolution, as_fully_connected, convolutionalize, fully_connected


def count_weights(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@given(
    channels=st.integers(1, 4), rows=st.integers(1, 5), columns=st.integers(1, 5), outputs=st.integers(1, 6),
    bias=st.booleans(), seed=st.integers(0, 999),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_a_fully_connected_layer_is_a_convolution_that_covers_its_input(
    channels: int, rows: int, columns: int, outputs: int, bias: bool, seed: int
) -> None:
    torch.manual_seed(seed)
    linear = nn.Linear(channels * rows * columns, outputs, bias=bias)
    convolution = as_convolution(linear, (rows, columns))
    x = torch.randn(3, channels, rows, columns)
    assert convolution(x).shape == (3, outputs, 1, 1)
    torch.testing.assert_close(convolution(x)[..., 0, 0], linear(x.flatten(1)))
    assert convolution.weight.data_ptr() == linear.weight.data_ptr(), "a view, not a copy"
    back = as_fully_connected(convolution)
    assert torch.equal(back.weight, linear.weight) and (back.bias is None) == (not bias)


def test_by_hand() -> None:
    """Two channels of 1×2 cells: the kernel is the row of weights, channel after channel."""
    linear = nn.Linear(4, 1, bias=False)
    linear.weight.data = torch.tensor([[1.0, 2.0, 3.0, 4.0]])
    convolution = as_convolution(linear, (1, 2))
    assert convolution.weight.tolist() == [[[[1, 2]], [[3, 4]]]]
    x = torch.tensor([[[[1.0, 0.0, 1.0]], [[0.0, 1.0, 1.0]]]])  # 1×2×1×3: two windows
    assert convolution(x).flatten().tolist() == [1 + 4, 2 + 3 + 4]


@given(
    kernels=st.lists(st.sampled_from((1, 3)), min_size=1, max_size=3), side=st.integers(8, 15),
    pad=st.booleans(), pool=st.booleans(), hidden=st.integers(0, 2), seed=st.integers(0, 999),
)  # fmt: skip
@settings(max_examples=20, deadline=None)
def test_any_small_classifier_keeps_its_numbers_and_gives_maps(
    kernels: list[int], side: int, pad: bool, pool: bool, hidden: int, seed: int
) -> None:
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for kernel in kernels:
        layers += [nn.Conv2d(2, 2, kernel, padding=kernel // 2 if pad else 0), nn.ReLU()]
    layers += [nn.MaxPool2d(2)] * pool
    with torch.no_grad():
        cells = nn.Sequential(*layers)(torch.zeros(1, 2, side, side)).shape[-1]
    layers += [nn.Flatten(), nn.Linear(2 * cells**2, 5)]
    layers += [nn.ReLU(), nn.Dropout(), nn.Linear(5, 5)] * hidden
    classifier = nn.Sequential(*layers).eval()
    whole = convolutionalize(classifier, 2, (side, side))
    x = torch.randn(2, 2, side, side)
    with torch.no_grad():
        torch.testing.assert_close(whole(x)[..., 0, 0], classifier(x))
        stride = 2 if pool else 1
        larger = torch.randn(1, 2, side + 3 * stride, side + stride)
        found = whole(larger)
        assert found.shape[-2:] == (4, 2)
        if not pad:  # then every cell is its window's answer
            for row in range(4):
                for column in range(2):
                    top, left = row * stride, column * stride
                    window = larger[..., top : top + side, left : left + side]
                    torch.testing.assert_close(found[..., row, column], classifier(window), atol=1e-5, rtol=1e-4)
        again = fully_connected(whole, 2, (side, side))
        torch.testing.assert_close(again(x), classifier(x))


@pytest.mark.parametrize(("goal", "cells"), [(1, 5), (4, 2), (8, 1)])
def test_adaptive_pooling_becomes_an_ordinary_one(goal: int, cells: int) -> None:
    """8×8 cells pooled to goal×goal; four more cells of input give `cells` answers a side."""
    torch.manual_seed(0)
    classifier = nn.Sequential(nn.AdaptiveAvgPool2d(goal), nn.Flatten(), nn.Linear(goal**2 * 3, 2)).eval()
    whole = convolutionalize(classifier, 3, (8, 8))
    x = torch.randn(1, 3, 8, 8)
    torch.testing.assert_close(whole(x)[..., 0, 0], classifier(x))
    stride = {1: 1, 4: 2, 8: 1}[goal]
    assert whole(torch.randn(1, 3, 12, 12)).shape[-1] == 4 // stride + 1


def test_what_has_no_convolutional_form_is_refused() -> None:
    with pytest.raises(ValueError, match="whole channels of 2×2 cells, got 5 inputs"):
        as_convolution(nn.Linear(5, 1), (2, 2))
    with pytest.raises(ValueError, match="LayerNorm after Flatten"):
        convolutionalize(nn.Sequential(nn.Conv2d(1, 1, 1), nn.Flatten(), nn.LayerNorm(4)), 1, (2, 2))
    with pytest.raises(ValueError, match="expected a Flatten"):
        convolutionalize(nn.Sequential(nn.Linear(4, 4)), 1, (4, 4))
    with pytest.raises(ValueError, match="windows of different sizes"):
        convolutionalize(nn.Sequential(nn.Conv2d(1, 1, 1), nn.AdaptiveAvgPool2d(3), nn.Flatten()), 1, (8, 8))
    with pytest.raises(ValueError, match="leaves 5×5 cells"):
        fully_connected(nn.Sequential(nn.Conv2d(1, 1, 4)), 1, (8, 8))


@pytest.mark.parametrize("alignment", ["centered", "reference"])
def test_the_classifier_inside_an_fcn(alignment: str) -> None:
    model = tiny_model(alignment=alignment, fc_norm=True)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    pair = fcn_windows(model)
    assert (pair.side, pair.stride, pair.pads) == (224, 32, True)
    assert count_weights(pair.full) == count_weights(pair.whole)
    torch.manual_seed(1)
    x = torch.randn(1, 3, 256, 288)
    window = pair.window(x, 1, 2)
    assert window.shape == (1, 3, 224, 224) and torch.equal(window, x[..., 32:, 64:])
    with torch.inference_mode():
        answer = pair.full(window)
        torch.testing.assert_close(pair.whole(window)[..., 0, 0], answer, atol=1e-4, rtol=1e-4)
        assert pair.whole(x).shape == (1, 11, 2, 3) and pair.cells((256, 288)) == (2, 3)
        if alignment == "centered":  # in the middle of a window the network itself says the same
            maps = model(window).maps["score_fr"]
            torch.testing.assert_close(maps[..., 3, 3], answer, atol=1e-4, rtol=1e-4)
    changed = REFERENCE_PADDING if alignment == "reference" else 1
    assert model.trunk.features[0].padding == (changed, changed), "the shared model stays as it is"
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_networks_without_a_classifier_are_refused() -> None:
    with pytest.raises(ValueError, match="no fully connected layers to go back to"):
        fcn_windows(tiny_model(backbone="googlenet"))
    with pytest.raises(ValueError, match="no fully connected layers"):
        fcn_windows(nn.Conv2d(3, 2, 1))
    pair = patch_windows(patch_classifier(15, 3).eval(), 15)
    with pytest.raises(ValueError, match="10×20 pixels here and the classifier reads windows of 15×15"):
        pair.cells((20, 10))


@pytest.mark.parametrize("side", PATCH_NETS)
def test_patch_classifiers_agree_with_their_maps_at_every_place(side: int) -> None:
    torch.manual_seed(side)
    pair = patch_windows(patch_classifier(side, 4).eval(), side)
    assert pair.stride == PATCH_NETS[side].stride and not pair.pads and pair.centres(0) == side // 2
    x = torch.randn(1, 3, pair.picture_side(3), pair.picture_side(2))
    with torch.inference_mode():
        found = pair.whole(x)
        assert found.shape == (1, 4, 3, 2)
        for row in range(3):
            for column in range(2):
                answer = pair.full(pair.window(x, row, column))
                torch.testing.assert_close(found[..., row, column], answer, atol=1e-5, rtol=1e-5)


def test_drawn_alexnet_is_alexnet() -> None:
    pair = drawn_alexnet()
    assert count_weights(pair.full) == 61_100_840  # torchvision's count
    x = torch.randn(1, 3, 224, 224)
    with torch.inference_mode():
        full, whole = pair.full(x), pair.whole(x)
    assert full.shape == (1, 1000) and whole.shape == (1, 1000, 1, 1)
    assert ((full - whole[..., 0, 0]).abs().max() / full.abs().max()).item() < 1e-5
