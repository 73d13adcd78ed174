"""The arithmetic of transposed convolutions and its three computations, against PyTorch and counted by hand."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from fcn_core.ops.transposed import Axis, output_sizes
from fcn_core.ops.transposed_inverse import gradient_of_convolution, shrink_and_enlarge, there_and_back
from fcn_core.ops.transposed_ways import (
    by_torch,
    connections,
    convolution_matrix,
    convolve,
    scatter,
    torch_settings,
    zero_insertion,
)

AXES = st.builds(
    Axis, kernel=st.integers(1, 5), stride=st.integers(1, 6), padding=st.integers(0, 5),
    output_padding=st.integers(0, 5), dilation=st.integers(1, 3),
)  # fmt: skip
# Maps with their settings, of one or two axes, that give an output or are refused.
ANY = st.integers(1, 2).flatmap(
    lambda dims: st.tuples(st.tuples(*[st.integers(1, 4)] * dims), st.tuples(*[AXES] * dims), st.integers(0, 2**31 - 1))
)


def numbers(seed: int, sizes: tuple[int, ...], axes: tuple[Axis, ...]) -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    x = torch.randn(sizes, generator=random, dtype=torch.float64)
    return x, torch.randn([axis.kernel for axis in axes], generator=random, dtype=torch.float64)


@settings(max_examples=150, deadline=None)
@given(ANY)
def test_three_ways_and_a_gradient_are_what_torch_computes_or_both_refuse(case) -> None:
    sizes, axes, seed = case
    x, weight = numbers(seed, sizes, axes)
    try:
        expected = by_torch(x, weight, axes)
        if 0 in expected.shape:  # PyTorch lets some empty outputs pass; a map of no pixels is no use
            raise RuntimeError
    except RuntimeError:
        with pytest.raises(ValueError, match="output padding .* too large|nothing is left"):
            output_sizes(sizes, axes)
        return
    assert output_sizes(sizes, axes) == tuple(expected.shape)
    matrix = convolution_matrix(sizes, weight, axes)
    found = {
        "scatter": scatter(x, weight, axes).sum(0),
        "zeros": zero_insertion(x, weight, axes).output,
        "matrix": (matrix.T @ x.flatten()).reshape(expected.shape),
    }
    for name, value in found.items():
        assert torch.allclose(value, expected, atol=1e-12), name
    assert torch.allclose(gradient_of_convolution(x, weight, axes), expected, atol=1e-12)


@settings(max_examples=80, deadline=None)
@given(ANY)
def test_the_matrix_is_the_convolution(case) -> None:
    sizes, axes, seed = case
    try:
        large = output_sizes(sizes, axes)
    except ValueError:
        return
    _, weight = numbers(seed, sizes, axes)
    y = torch.randn(large, dtype=torch.float64)
    expected = convolve(y, weight, axes)[tuple(slice(n) for n in sizes)]
    matrix = convolution_matrix(sizes, weight, axes)
    assert torch.allclose((matrix @ y.flatten()).reshape(sizes), expected, atol=1e-12)
    assert int((matrix != 0).sum()) <= len(connections(sizes, axes))


@settings(max_examples=200, deadline=None)
@given(AXES, st.integers(1, 30))
def test_sizes_down_and_the_way_back(axis: Axis, n: int) -> None:
    line, kernel = torch.zeros(1, 1, n), torch.zeros(1, 1, axis.kernel)
    try:
        m = F.conv1d(line, kernel, **torch_settings((axis,), transposed=False)).shape[-1]
    except RuntimeError:
        with pytest.raises(ValueError, match="does not fit"):
            axis.down(n)
        return
    assert axis.down(n) == m
    # Brute force over all sizes: those that share m are found, each with the output padding that gets it back.
    fits = [size for size in range(1, 60) if size + 2 * axis.padding >= axis.extent]
    assert axis.same_output(m) == tuple(size for size in fits if axis.down(size) == m)
    back = Axis(axis.kernel, axis.stride, axis.padding, axis.way_back(n), axis.dilation)
    assert back.up(m) == n


def test_padding_may_cut_off_the_only_input() -> None:
    axes, x = (Axis(1, stride=5, padding=2, output_padding=4),), torch.ones(1).double()
    assert by_torch(x, x, axes).tolist() == [0] == zero_insertion(x, x, axes).output.tolist()


def test_counted_by_hand() -> None:
    axis = (Axis(3, stride=2, padding=1),)
    x, weight = torch.tensor([1.0, 2, 3]).double(), torch.tensor([1.0, 10, 100]).double()
    assert scatter(x, weight, axis).tolist() == [[10, 100, 0, 0, 0], [0, 2, 20, 200, 0], [0, 0, 0, 3, 30]]
    assert zero_insertion(x, weight, axis).stretched.tolist() == [0, 1, 0, 2, 0, 3, 0]
    assert zero_insertion(x, weight, axis).flipped.tolist() == [100, 10, 1]
    assert convolution_matrix((3,), weight, axis).tolist() == [
        [10, 100, 0, 0, 0], [0, 1, 10, 100, 0], [0, 0, 0, 1, 10],
    ]  # fmt: skip
    assert connections((3,), axis) == [(0, 1, 0), (0, 2, 1), (1, 0, 1), (1, 1, 2), (1, 2, 3), (2, 0, 3), (2, 1, 4)]
    assert Axis(3, stride=2, padding=1).same_output(3) == (5, 6)
    assert Axis(64, stride=32).up(16) == 544  # FCN-32s: the uncropped score map of a 500 pixel wide photo


@pytest.mark.parametrize(
    ("axis", "n", "words"),
    [
        (Axis(3, stride=2, output_padding=2), 4, r"must be smaller than the stride \(2\) or the dilation \(1\)"),
        (Axis(3, padding=2), 1, "padding cuts 2 off each side, which leaves -1"),
        (Axis(3), 0, "at least one pixel"),
    ],
)
def test_invalid_settings_say_why(axis: Axis, n: int, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        axis.up(n)


def test_impossible_numbers_and_the_axis_at_fault_are_named() -> None:
    with pytest.raises(ValueError, match="stride must be at least 1, got 0"):
        Axis(3, stride=0)
    with pytest.raises(ValueError, match="columns: output padding 1 is too large"):
        output_sizes((2, 2), (Axis(3), Axis(3, output_padding=1)))
    with pytest.raises(ValueError, match="one or two axes"):
        output_sizes((2, 2, 2), (Axis(3),) * 3)


def test_not_an_inverse_two_maps_share_one_convolution() -> None:
    axes = (Axis(3, stride=2, padding=1),) * 2
    weight = torch.arange(1.0, 10).double().reshape(3, 3)
    y = torch.arange(25.0).double().reshape(5, 5)
    found = there_and_back(y, (3, 3), weight, axes)
    assert torch.equal(found.small, convolve(y, weight, axes))
    assert torch.allclose(found.back, by_torch(found.small, weight, axes))
    assert found.rank == 9 and found.unseen is not None
    assert found.unseen.abs().max() == 1
    assert torch.allclose(convolve(y + 7 * found.unseen, weight, axes), found.small)
    assert torch.allclose(convolve(found.closest, weight, axes), found.small)
    assert not torch.allclose(found.back, y, atol=1)
    with pytest.raises(ValueError, match="expected a map of"):
        there_and_back(y[:4], (3, 3), weight, axes)


def test_a_kernel_of_one_with_stride_one_loses_nothing() -> None:
    y = torch.tensor([3.0, -1, 2]).double()
    found = there_and_back(y, (3,), torch.tensor([2.0]).double(), (Axis(1),))
    assert found.unseen is None and found.rank == 3
    assert torch.allclose(found.closest, y)


@pytest.mark.parametrize("factor", range(1, 9))
def test_a_photo_keeps_its_size_and_its_grey(factor: int) -> None:
    side = 6 * factor
    grey = torch.full((3, side, side), 0.5, dtype=torch.float64)
    small, back = shrink_and_enlarge(grey, factor)
    assert small.shape == (3, 6, 6) and back.shape == grey.shape
    inside = slice(2 * factor, -2 * factor)  # at the rim the kernel meets zeros
    assert torch.allclose(back[:, inside, inside], grey[:, inside, inside])
    if factor == 1:
        assert torch.equal(back, grey)
        return
    stripes = grey * (torch.arange(side) % 2)  # finer than the small map can hold
    assert (shrink_and_enlarge(stripes, factor)[1] - stripes).abs().mean() > 0.05
    with pytest.raises(ValueError, match="multiples of the factor"):
        shrink_and_enlarge(grey[:, 1:], factor)
