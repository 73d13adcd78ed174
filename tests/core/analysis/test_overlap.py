"""Overlap counts, stamping and phase sums: hand-counted cases, and torch over random sizes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from fcn_core.analysis.upsampling.overlap import FILLS, fill_kernel, overlap, phase_sums, ripple, stamp, stamp_by_torch

SIZES = {"n": st.integers(1, 9), "kernel": st.integers(1, 9), "stride": st.integers(1, 6)}


def test_counted_by_hand() -> None:
    assert overlap(3, 3, 2).writes.tolist() == [1, 1, 2, 1, 2, 1, 1]
    assert overlap(3, 4, 2).writes.tolist() == [1, 1, 2, 2, 2, 2, 1, 1]
    assert overlap(2, 2, 3).writes.tolist() == [1, 1, 0, 1, 1]
    assert overlap(9, 3, 2).phases == (2, 1) and overlap(9, 3, 2).plane_phases == (1, 2, 4)
    assert overlap(9, 5, 2).plane_phases == (4, 6, 9)


@settings(max_examples=60, deadline=None)
@given(**SIZES)
def test_writes_are_torchs_and_even_when_the_stride_divides(n: int, kernel: int, stride: int) -> None:
    found = overlap(n, kernel, stride)
    ones = F.conv_transpose2d(torch.ones(1, 1, n, n), torch.ones(1, 1, kernel, kernel), stride=stride)[0, 0]
    assert np.array_equal(found.plane, ones.numpy())
    writers = [sum(0 <= pixel - cell * stride < kernel for cell in range(n)) for pixel in range(len(found.writes))]
    assert writers == found.writes.tolist()
    first, last = found.inside
    inner = found.writes[first:last]
    assert all(count == found.phases[j % stride] for j, count in enumerate(inner.tolist(), start=first))
    assert found.even == (len(set(found.phases)) == 1)


@settings(max_examples=40, deadline=None)
@given(**SIZES, fill=st.sampled_from(FILLS), h=st.integers(1, 5))
def test_stamping_is_torchs_transposed_convolution(n: int, kernel: int, stride: int, fill: str, h: int) -> None:
    planes = np.random.default_rng(n).standard_normal((2, h, n))
    weights = fill_kernel(fill, kernel, seed=kernel)
    torchs = F.conv_transpose2d(torch.tensor(planes)[:, None], torch.tensor(weights)[None, None], stride=stride)
    np.testing.assert_allclose(stamp(planes, weights, stride), torchs[:, 0].numpy(), atol=1e-12)
    np.testing.assert_allclose(stamp_by_torch(planes, weights, stride), torchs[:, 0].numpy(), atol=1e-12)


def test_phase_sums_say_what_an_even_map_becomes() -> None:
    for kernel, stride in ((3, 2), (4, 2), (5, 3), (2, 3)):
        weights = fill_kernel("random", kernel, seed=1)
        level = stamp(np.ones((8, 8)), weights, stride)
        start = 3 * stride  # a place inside, at phase 0
        np.testing.assert_allclose(level[start : start + stride, start : start + stride], phase_sums(weights, stride))
    assert ripple(fill_kernel("bilinear", 4), 2) < 1e-12 and ripple(fill_kernel("bilinear", 3), 2) < 1e-12
    assert ripple(fill_kernel("ones", 3), 2) == pytest.approx((4 - 1) / 2.25)
    assert ripple(fill_kernel("random", 4), 2) > 0.05, "an even overlap alone keeps no map even"


def test_refusals() -> None:
    for sizes in ((0, 3, 2), (3, 0, 2), (3, 3, 0)):
        with pytest.raises(ValueError, match="at least 1"):
            overlap(*sizes)
    with pytest.raises(ValueError, match="ones, bilinear, random"):
        fill_kernel("cubic", 3)
    with pytest.raises(ValueError, match="square"):
        stamp(np.ones((2, 2)), np.ones((2, 3)), 2)
    with pytest.raises(ValueError, match="sum to zero"):
        ripple(np.array([[1.0, -1], [-1, 1]]), 2)
