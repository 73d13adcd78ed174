"""Sizes against PyTorch, coordinate maps against where a gradient really lands."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from fcn_core.ops.conv_arithmetic import (
    CoordinateMap,
    convolution_map,
    convolution_size,
    place_upsampling,
    transposed_map,
    transposed_size,
)

small = st.integers(1, 5)


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 40), kernel=small, stride=small, padding=st.integers(0, 4), dilation=st.integers(1, 3))
def test_convolution_size_is_torchs(n: int, kernel: int, stride: int, padding: int, dilation: int) -> None:
    x, w = torch.zeros(1, 1, n), torch.zeros(1, 1, kernel)
    if n + 2 * padding < dilation * (kernel - 1) + 1:
        with pytest.raises(ValueError, match="does not fit"):
            convolution_size(n, kernel, stride=stride, padding=padding, dilation=dilation)
        return
    expected = F.conv1d(x, w, stride=stride, padding=padding, dilation=dilation).shape[-1]
    assert convolution_size(n, kernel, stride=stride, padding=padding, dilation=dilation) == expected


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 40), kernel=st.integers(2, 5), stride=small, padding=st.integers(0, 2))
def test_ceil_pooling_size_is_torchs(n: int, kernel: int, stride: int, padding: int) -> None:
    padding = min(padding, kernel // 2)
    try:
        expected = F.max_pool1d(torch.zeros(1, 1, n), kernel, stride, padding, ceil_mode=True).shape[-1]
    except RuntimeError:
        return
    assert convolution_size(n, kernel, stride=stride, padding=padding, ceil=True) == expected


@settings(max_examples=60, deadline=None)
@given(n=st.integers(1, 20), kernel=small, stride=small, padding=st.integers(0, 3), op=st.integers(0, 3))
def test_transposed_size_is_torchs(n: int, kernel: int, stride: int, padding: int, op: int) -> None:
    op = min(op, stride - 1)
    size = (n - 1) * stride - 2 * padding + kernel + op
    if size < 1:
        with pytest.raises(ValueError, match="less padding"):
            transposed_size(n, kernel, stride=stride, padding=padding, output_padding=op)
        return
    out = F.conv_transpose1d(
        torch.zeros(1, 1, n), torch.zeros(1, 1, kernel), stride=stride, padding=padding, output_padding=op
    )
    assert transposed_size(n, kernel, stride=stride, padding=padding, output_padding=op) == out.shape[-1]


@pytest.mark.parametrize(
    "layers", [[(3, 1, 1)], [(3, 1, 1), (2, 2, 0)], [(11, 4, 5), (3, 2, 1), (5, 1, 2)], [(7, 2, 0)]]
)
def test_coordinate_map_is_the_middle_of_the_receptive_field(layers: list[tuple[int, int, int]]) -> None:
    x = torch.zeros(1, 1, 200, requires_grad=True)
    y, here = x, CoordinateMap()
    for kernel, stride, padding in layers:
        y = F.conv1d(y, torch.ones(1, 1, kernel), stride=stride, padding=padding)
        here = here.then(convolution_map(kernel, stride=stride, padding=padding))
    index = y.shape[-1] // 2
    y[0, 0, index].backward()
    touched = x.grad[0, 0].nonzero().flatten()
    assert here(index) == Fraction(int(touched[0] + touched[-1]), 2)


def test_transposed_map_undoes_the_convolution_map() -> None:
    down = convolution_map(5, stride=3, padding=1)
    assert down.then(transposed_map(5, stride=3, padding=1)) == CoordinateMap()


def reference_grid(stride: int, *, first: tuple[int, int] = (3, 1), pool: int = 2) -> CoordinateMap:
    """VGG16's grid of stride 8, 16 or (behind fc6) 32 when the first convolution is padded by 100."""
    here = convolution_map(first[0], stride=first[1], padding=100)
    while here.scale < stride:
        here = here.then(convolution_map(pool, stride=2))
    return here.then(convolution_map(7)) if stride == 32 else here


def test_published_crop_offsets_follow_from_the_layers() -> None:
    image = CoordinateMap()
    fc7, pool4, pool3 = (reference_grid(stride) for stride in (32, 16, 8))
    assert (place_upsampling(fc7, image).kernel, place_upsampling(fc7, image).shift) == (64, -19)
    assert place_upsampling(fc7, pool4).shift == 5
    fused4 = CoordinateMap(pool4.scale, pool4(5))
    assert place_upsampling(fused4, image).shift == -27
    assert place_upsampling(fused4, pool3).shift == 9
    fused3 = CoordinateMap(pool3.scale, pool3(9))
    assert place_upsampling(fused3, image).shift == -31


def test_an_impossible_placement_says_so() -> None:
    with pytest.raises(ValueError, match="whole crop"):
        place_upsampling(CoordinateMap(Fraction(4), Fraction(1, 3)), CoordinateMap())
    with pytest.raises(ValueError, match="whole factor"):
        place_upsampling(CoordinateMap(Fraction(3)), CoordinateMap(Fraction(2)))
