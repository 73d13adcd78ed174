"""Occlusion: Captum's values against the definition, and against a network whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from segmenters import tiny_model
from torch import nn

from fcn_core.analysis.evidence.occlusion import occlusion_at, occlusion_map, window_count, windows_along
from fcn_core.analysis.evidence.target import Target, region_mask
from fcn_core.models.network import NetworkOutput


class Linear(nn.Module):
    """Logit of class k = (k + 1) * the sum of the channels; every pixel for itself."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor([1.0, 2.0]))

    def forward(self, x: torch.Tensor, heads: tuple[int, ...] = (8,)) -> NetworkOutput:
        return NetworkOutput({8: x.sum(1, keepdim=True) * self.weight[None, :, None, None]})


def target(mask: np.ndarray, index: int = 1, head: int = 8) -> Target:
    return Target(head, index, mask)


def test_windows_that_do_not_overlap_take_off_what_they_cover() -> None:
    x = torch.arange(3 * 8 * 12, dtype=torch.float32).view(1, 3, 8, 12)
    found = occlusion_map(Linear(), x, target(np.ones((8, 12), bool)), window=4, stride=4)
    blocks = 2 * x[0].sum(0).view(2, 4, 3, 4).sum((1, 3))
    np.testing.assert_allclose(found.values, blocks.repeat_interleave(4, 0).repeat_interleave(4, 1).numpy(), rtol=1e-6)
    assert found.score == pytest.approx(2 * float(x.sum())) and found.check == 0
    assert found.passes == 6 + 1


def test_where_windows_overlap_captum_takes_the_mean() -> None:
    model, x = tiny_model(), torch.randn(1, 3, 40, 52, generator=torch.Generator().manual_seed(3))
    mask = np.zeros((40, 52), bool)
    mask[20, 30] = True
    steps: list[tuple[int, int]] = []
    found = occlusion_map(
        model, x, target(mask), window=16, stride=10, progress=lambda done, total: steps.append((done, total))
    )
    assert found.check < 1e-4
    for pixel in ((0, 0), (33, 17), (51, 39)):
        by_hand = occlusion_at(model, x, target(mask), pixel, window=16, stride=10)
        assert found.values[pixel[1], pixel[0]] == pytest.approx(by_hand, abs=1e-4)
    assert steps[-1][0] == steps[-1][1] == window_count(40, 52, 16, 10) + 1
    assert all(not module._forward_hooks for module in model.modules())


@given(st.integers(1, 200), st.integers(1, 64), st.integers(1, 64))
def test_windows_cover_a_side_without_a_gap(length: int, window: int, stride: int) -> None:
    stride = min(stride, window)
    spans = windows_along(length, window, stride)
    covered = np.zeros(length, bool)
    for start, stop in spans:
        assert 0 <= start < stop <= length
        covered[start:stop] = True
    assert covered.all()
    assert len(spans) == 1 or spans[-2][1] < length  # no window too many


def test_a_stride_that_leaves_gaps_is_refused() -> None:
    with pytest.raises(ValueError, match="stride from 1 to the window"):
        window_count(40, 40, 8, 9)


def test_regions() -> None:
    labels = np.array([[1, 1, 0, 1], [0, 0, 0, 1]], np.uint8)
    assert region_mask(labels, 1, "pixel", (2, 0)).sum() == 1
    assert region_mask(labels, 1, "piece", (0, 0)).tolist() == [[True, True, False, False], [False] * 4]
    assert region_mask(labels, 1, "class", (2, 0)).sum() == 4
    with pytest.raises(ValueError, match="otherwise"):
        region_mask(labels, 1, "piece", (2, 0))
    with pytest.raises(ValueError, match="no pixel"):
        region_mask(labels, 5, "class", (2, 0))
    with pytest.raises(ValueError, match="outside"):
        region_mask(labels, 1, "pixel", (4, 0))
    with pytest.raises(ValueError, match="at least one pixel"):
        Target(8, 0, np.zeros((2, 2), bool))
