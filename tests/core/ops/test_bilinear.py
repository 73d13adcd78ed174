"""The fast upsampling is the transposed convolution that it stands for."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from fcn_core.ops.bilinear import bilinear_kernel, bilinear_weight, upsample_bilinear


@pytest.mark.parametrize("factor", [1, 2, 4, 8, 16, 32])
@pytest.mark.parametrize("odd", [False, True])
def test_kernel_sums_to_factor_squared(factor: int, odd: bool) -> None:
    assert bilinear_kernel(2 * factor - odd).sum().item() == pytest.approx(factor**2)


def test_kernel_of_four_is_the_published_one() -> None:
    line = torch.tensor([0.25, 0.75, 0.75, 0.25])
    assert torch.equal(bilinear_kernel(4), line[:, None] * line[None, :])


@settings(max_examples=60, deadline=None)
@given(
    factor=st.sampled_from([2, 4, 8, 16]), odd=st.booleans(), h=st.integers(1, 6), w=st.integers(1, 6), data=st.data()
)
def test_equals_the_transposed_convolution(factor: int, odd: bool, h: int, w: int, data: st.DataObject) -> None:
    kernel = 2 * factor - odd
    x = torch.randn(2, 3, h, w, dtype=torch.float64, generator=torch.Generator().manual_seed(h * 7 + w))
    full = F.conv_transpose2d(x, bilinear_weight(3, kernel, dtype=torch.float64), stride=factor)
    start = [data.draw(st.integers(0, n - 1)) for n in full.shape[-2:]]
    size = [data.draw(st.integers(1, n - s)) for n, s in zip(full.shape[-2:], start, strict=True)]
    part = upsample_bilinear(x, factor=factor, kernel=kernel, start=(start[0], start[1]), size=(size[0], size[1]))
    expected = full[..., start[0] : start[0] + size[0], start[1] : start[1] + size[1]]
    assert torch.allclose(part, expected, atol=1e-12)


def test_wrong_kernel_is_refused() -> None:
    with pytest.raises(ValueError, match="expected a kernel of 8"):
        upsample_bilinear(torch.zeros(1, 1, 2, 2), factor=4, kernel=5, start=(0, 0), size=(2, 2))


@pytest.mark.parametrize("size", range(1, 33))
def test_caffes_filler_is_the_same_for_one_size_a_factor(size: int) -> None:
    """Caffe decides by the factor, not by the size, whether the middle lies on a pixel (its filler.hpp)."""
    factor = -(-size // 2)
    middle = (2 * factor - 1 - factor % 2) / (2 * factor)
    line = 1 - (torch.arange(size, dtype=torch.float64) / factor - middle).abs()
    caffe = line[:, None] * line[None, :]
    same = torch.allclose(bilinear_kernel(size, dtype=torch.float64), caffe)
    assert same == (size == 2 * factor - factor % 2)
