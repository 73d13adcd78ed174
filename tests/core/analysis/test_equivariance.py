"""Shifting the photo: exact at multiples of the stride, not between; stitched scores of a stream; what is refused."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from segmenters import tiny_model
from torch import nn

from fcn_core.analysis.dense.equivariance import MOST_SHIFT, ShiftedNetwork, one_shift, shift_study
from fcn_core.analysis.dense.stitching import dense_costs, dense_scores, field_size, score_stream, streams_of

EXACT = 1e-4


def picture(width: int = 96, height: int = 64) -> torch.Tensor:
    return torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize(
    "settings", [{}, {"alignment": "reference"}, {"learned_deconvs": "all"}, {"backbone": "alexnet"}]
)
def test_without_borders_multiples_of_the_stride_are_exact(settings: dict) -> None:
    network = ShiftedNetwork(tiny_model(**settings), "wrap")
    study = shift_study(network, picture(), shifts=(0, 8, 12, 16, 32, 64))
    strides = {"32s": 32, "16s": 32, "8s": 32, "pool4": 16, "pool3": 8}
    assert study.strides == strides
    for shift, outputs in study.shifts.items():
        for name, moved in outputs.outputs.items():
            if shift % strides[name] == 0:
                assert moved.largest < EXACT and moved.labels == 0, (name, shift)
            else:
                assert moved.along > 1e-3, (name, shift)
    assert study.shifts[32].classifier_change < EXACT < study.shifts[12].classifier_change
    assert study.shifts[0].classifier.sum() == pytest.approx(1)
    assert study.shifts[32].outputs["8s"].still > 0.03 > study.shifts[32].outputs["8s"].along


def test_with_zeros_the_inside_of_a_shallow_stream_is_exact() -> None:
    network = ShiftedNetwork(tiny_model(), "zero")
    x = picture(width=320)
    study = shift_study(network, x, margin=48, shifts=(0, 8, 16, 20))
    assert study.shifts[8].outputs["pool3"].largest < EXACT and study.shifts[16].outputs["pool3"].largest < EXACT
    assert study.shifts[20].outputs["pool3"].along > 1e-3
    assert shift_study(network, x, margin=0, shifts=(16,)).shifts[16].outputs["pool3"].largest > 1e-3


def test_the_network_as_it_is_is_used_with_zeros() -> None:
    model = tiny_model()
    x = picture(width=160)
    network = ShiftedNetwork(model, "zero")
    with torch.inference_mode():
        expected = model(x[..., 5 : 160 - MOST_SHIFT + 5]).logits
    found = network(x, 5)
    torch.testing.assert_close(found["8s"], expected[8][0], rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(found["32s"], expected[32][0], rtol=1e-4, atol=1e-4)
    assert not any(module._forward_hooks for module in model.modules())


def test_labels_are_moved_back() -> None:
    network, x = ShiftedNetwork(tiny_model(), "wrap"), picture()
    study = shift_study(network, x, shifts=(0, 24))
    assert np.array_equal(study.shifts[0].labels["pool3"], study.shifts[24].labels["pool3"])
    assert np.array_equal(study.before[list(study.strides).index("8s")].argmax(0), study.shifts[0].labels["8s"])
    again = one_shift(network, x, study, 24)
    assert again.outputs == study.shifts[24].outputs
    with pytest.raises(ValueError, match="from 0 to 64"):
        one_shift(network, x, study, 65)


def test_what_cannot_be_shifted_is_said() -> None:
    network = ShiftedNetwork(tiny_model(), "zero")
    with pytest.raises(ValueError, match="multiples of 32"):
        shift_study(network, torch.zeros(1, 3, 33, 320))
    with pytest.raises(ValueError, match="Leave out less"):
        shift_study(network, torch.zeros(1, 3, 64, 160), margin=100)
    with pytest.raises(ValueError, match="not a plain FCN"):
        ShiftedNetwork(nn.Conv2d(3, 3, 1), "wrap")


@pytest.mark.parametrize(("stream", "stride"), [("fc7", 32), ("pool4", 16), ("pool3", 8)])
def test_stitched_scores_of_a_stream(stream: str, stride: int) -> None:
    found = dense_scores(tiny_model(), stream, picture(), factor=4, edge="wrap")
    assert found.stride == stride and found.stitched.shape == (11, 64 * 4 // stride, 96 * 4 // stride)
    assert found.difference() < 1e-5
    assert np.abs(found.unspread - found.spread).max() > 1e-3 * np.abs(found.spread).max()
    np.testing.assert_allclose(found.stitched[:, ::4, ::4], found.coarse, atol=1e-5)
    assert set(found.seconds) == {"coarse", "stitched", "spread", "unspread"}


def test_the_stream_is_that_of_the_network() -> None:
    model = tiny_model(skip_scales={16: 0.01, 8: 0.0001})
    x = picture()
    with torch.inference_mode():
        maps = model(x).maps
        for stream, name in (("fc7", "score_fr"), ("pool4", "score_pool4"), ("pool3", "score_pool3")):
            torch.testing.assert_close(score_stream(model, stream)(x), maps[name], rtol=1e-4, atol=1e-4)
    assert streams_of(model) == ("fc7", "pool4", "pool3") and streams_of(tiny_model(heads=(32,))) == ("fc7",)
    assert streams_of(nn.Conv2d(1, 1, 1)) == ()
    with pytest.raises(ValueError, match="no scores of pool3"):
        score_stream(tiny_model(heads=(32, 16)), "pool3")


def test_zeros_disagree_only_near_borders() -> None:
    found = dense_scores(tiny_model(), "pool3", picture(width=160, height=128), factor=2, edge="zero")
    assert found.inside.any() and not found.inside.all()
    assert found.difference(inside=True) < 1e-5 < found.difference()


def test_costs_and_fields_of_the_published_trunk() -> None:
    model = tiny_model(backbone="vgg16", width=0.0625, heads=(32,))
    works = dense_scores(model, "fc7", picture(), factor=2, edge="wrap").works
    costs = dense_costs(works, 64 * 96)
    assert [cost.factor for cost in costs] == [1, 2, 4, 8, 16, 32]
    assert [cost.answers for cost in costs] == [6 * 4**n for n in range(6)]
    assert costs[0].stitched == costs[0].spread
    assert all(cost.stitched == cost.factor**2 * costs[0].stitched for cost in costs)
    assert all(cost.spread < cost.stitched for cost in costs[1:])
    assert field_size(works, 32, spread=True) == field_size(works, 1, spread=True) == 404
    # fifteen 3×3 and 7×7 kernels and five poolings at stride 1: 13·2 + 6 + 5 pixels more than one
    assert field_size(works, 1, spread=False) == 13 * 2 + 6 + 5 + 1
