"""Enlarging by a transposed convolution: against F.interpolate and cv2, at every factor; kernels of networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from segmenters import tiny_model
from torch import nn
from torch.nn import functional as F

from fcn_core.analysis.upsampling.enlarging import (
    KINDS,
    REFERENCES,
    EnlargingKernel,
    bilinear_size,
    difference,
    enlarge,
    enlarging_kernel,
    network_upsamplings,
    reference,
)
from fcn_core.analysis.upsampling.overlap import stamp_by_torch
from fcn_core.ops.bilinear import bilinear_weight


def planes(h: int = 5, w: int = 7) -> np.ndarray:
    return np.random.default_rng(3).standard_normal((3, h, w))


@pytest.mark.parametrize("factor", range(1, 33))
def test_the_weights_sum_to_the_square_of_the_factor(factor: int) -> None:
    for kind in KINDS:
        assert enlarging_kernel(kind, factor).total == pytest.approx(factor**2)
    np.testing.assert_allclose(enlarging_kernel("bilinear", factor).phases, 1)
    np.testing.assert_allclose(enlarging_kernel("nearest", factor).phases, 1)
    assert enlarging_kernel("bilinear", factor).size == bilinear_size(factor) == 2 * factor - factor % 2


@settings(max_examples=30, deadline=None)
@given(factor=st.integers(1, 9), h=st.integers(1, 6), w=st.integers(1, 6))
def test_bilinear_and_nearest_are_interpolation(factor: int, h: int, w: int) -> None:
    x = planes(h, w)
    smooth, blocks = (enlarging_kernel(kind, factor) for kind in ("bilinear", "nearest"))
    for name in REFERENCES[:2]:  # everywhere, once the outermost cells are repeated; cv2's weights are float32
        np.testing.assert_allclose(enlarge(x, smooth, edges="repeat"), reference(x, factor, name), atol=1e-5)
    for name in REFERENCES[2:]:
        np.testing.assert_array_equal(enlarge(x, blocks), reference(x, factor, name))
    apart = difference(enlarge(x, smooth), reference(x, factor, REFERENCES[0]), factor)
    assert np.isnan(apart.inside) or apart.inside < 1e-9
    assert apart.largest > 1e-6 or factor == 1, "the border fades"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("edges", ["zero", "repeat"])
def test_enlarging_is_torchs_padded_transposed_convolution(kind: str, edges: str) -> None:
    for factor in (2, 3, 8):
        kernel, x = enlarging_kernel(kind, factor, seed=4), planes()
        mine = enlarge(x, kernel, edges=edges)
        assert mine.shape == (3, 5 * factor, 7 * factor)
        np.testing.assert_allclose(mine, enlarge(x, kernel, edges=edges, by=stamp_by_torch), atol=1e-12)
        if edges == "zero":
            torchs = F.conv_transpose2d(
                torch.tensor(x)[:, None], torch.tensor(kernel.weights)[None, None], stride=factor,
                padding=(kernel.size - factor) // 2,
            )  # fmt: skip
            np.testing.assert_allclose(mine, torchs[:, 0].numpy(), atol=1e-12)


def test_counted_by_hand() -> None:
    row = np.array([[0.0, 4.0]])
    assert enlarge(row, enlarging_kernel("nearest", 2)).tolist() == [[0, 0, 4, 4]] * 2
    assert enlarge(row, enlarging_kernel("bilinear", 2), edges="repeat").tolist() == [[0, 1, 3, 4]] * 2
    faded = enlarge(row, enlarging_kernel("bilinear", 2))
    assert faded.tolist() == [[0, 0.75, 2.25, 2.25]] * 2, "zeros beyond the border take a quarter, along each axis"
    assert difference(np.array([[1.0, 2, 3]] * 3), np.array([[1.0, 2, 5]] * 3), 1).largest == 2
    assert difference(np.array([[1.0, 2, 3]] * 3), np.array([[1.0, 2, 5]] * 3), 1).inside == 0


def test_the_kernels_of_a_network() -> None:
    frozen = network_upsamplings(tiny_model())
    assert {layer.name: layer.placement.factor for layer in frozen} == {
        "upscore32": 32, "upscore2": 2, "upscore16": 16, "upscore_pool4": 2, "upscore8": 8,
    }  # fmt: skip
    assert all(layer.weights is None and layer.moved == 0 and layer.crosstalk == 0 for layer in frozen)
    for layer in frozen:
        same = enlarging_kernel("bilinear", layer.placement.factor)
        np.testing.assert_allclose(layer.kernel(0).weights, same.weights)

    model = tiny_model(learned_deconvs="intermediate")
    with torch.no_grad():
        model.head.upscore2.weight.copy_(bilinear_weight(11, 4))
        model.head.upscore2.weight[3, 3, 0, 0] += 0.25
        model.head.upscore2.weight[3, 4] += 1
    learned = {layer.name: layer for layer in network_upsamplings(model)}
    assert learned["upscore8"].weights is None
    layer = learned["upscore2"]
    assert layer.moved == pytest.approx(0.25)
    assert layer.crosstalk == pytest.approx(16 / (11 * 4 + 0.25 + 16))
    assert layer.kernel(3).weights[0, 0] == pytest.approx(0.0625 + 0.25) and layer.kernel(4).total == pytest.approx(4)
    assert layer.weights is not None
    layer.weights[:] = 0
    assert float(model.head.upscore2.weight.detach().abs().sum()) > 1, "the network kept its own"


def test_refusals() -> None:
    with pytest.raises(ValueError, match="bilinear, nearest, random"):
        enlarging_kernel("cubic", 2)
    with pytest.raises(ValueError, match="at least 1"):
        enlarging_kernel("bilinear", 0)
    with pytest.raises(ValueError, match="leaves holes"):
        enlarge(planes(), EnlargingKernel(np.ones((2, 2)), 3))
    with pytest.raises(ValueError, match="zero or repeat"):
        enlarge(planes(), enlarging_kernel("nearest", 2), edges="wrap")
    with pytest.raises(ValueError, match="cv2.resize, linear"):
        reference(planes(), 2, "bicubic")
    with pytest.raises(ValueError, match="one size"):
        difference(np.ones((2, 2)), np.ones((2, 3)), 1)
    with pytest.raises(ValueError, match="one stream only"):
        network_upsamplings(nn.Conv2d(1, 1, 1))
