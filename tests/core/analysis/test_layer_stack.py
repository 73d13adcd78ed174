"""Stacks agree with the formula, with PyTorch's own sizes and counts, and explain what is wrong."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fcn_core.analysis.fields import layer_stack
from fcn_core.analysis.fields.layer_stack import COMPARISONS, StackLayer, read_stack, spell, walk_stack


@pytest.mark.parametrize("name", list(COMPARISONS))
def test_compared_stacks_see_equally_far(name: str) -> None:
    first, second = (walk_stack(read_stack(text)) for text in (COMPARISONS[name].first, COMPARISONS[name].second))
    assert not first.problem and not second.problem
    assert first.field == second.field > 3


def test_counted_by_hand() -> None:
    report = walk_stack(read_stack("c3s2p1x8 m2s2 c3d2"), size=33)
    assert [row.cells for row in report.rows] == [17, 8, 4]
    assert [row.field.size for row in report.rows] == [3, 5, 5 + 2 * 2 * 4]
    assert [row.field.stride for row in report.rows] == [2, 4, 4]
    assert [row.parameters for row in report.rows] == [3 * 8 * 9 + 8, 0, 8 * 64 * 9 + 64]
    assert [row.multiply_adds for row in report.rows] == [3 * 8 * 9 * 17**2, 0, 8 * 64 * 9 * 4**2]
    assert (report.field, report.stride, report.rows[0].field.padding) == (21, 4, 1)


stack_layers = st.builds(
    StackLayer, st.sampled_from(["convolution", "max pooling", "average pooling", "transposed"]), st.integers(0, 9),
    st.integers(0, 4), st.integers(0, 5), st.integers(0, 3), st.sampled_from([1, 4, 64]),
)  # fmt: skip


@settings(max_examples=80, deadline=None, derandomize=True)
@given(st.lists(stack_layers, max_size=6), st.integers(1, 40))
def test_any_settings_are_walked_or_explained(layers: list[StackLayer], size: int) -> None:
    report = walk_stack(layers, size=size)
    assert bool(report.problem) == (len(report.rows) < len(layers))
    assert read_stack(spell(layers)) == tuple(
        layer if not layer.pools else StackLayer(layer.kind, layer.kernel, layer.stride, layer.padding, layer.dilation)
        for layer in layers
    )
    x, before = torch.zeros(1, 3, size, size), 3
    for row in report.rows:
        layer = row.layer
        if layer.pools:
            extra = {"dilation": layer.dilation} if layer.kind == "max pooling" else {}
            pool = nn.MaxPool2d if layer.kind == "max pooling" else nn.AvgPool2d
            x = pool(layer.kernel, layer.stride, layer.padding, **extra)(x)
        else:
            kind = nn.ConvTranspose2d if layer.kind == "transposed" else nn.Conv2d
            module = kind(before, layer.channels, layer.kernel, layer.stride, layer.padding, dilation=layer.dilation)
            assert row.parameters == sum(p.numel() for p in module.parameters())
            x, before = x.new_zeros(1, layer.channels, *module(x).shape[2:]), layer.channels
        assert x.shape[-1] == row.cells


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("c3 c300", "Layer 2 (300×300 convolution): a kernel that spans 300 pixels does not fit"),
        ("m3p2", "Layer 1 (3×3 max pooling, padding 2): a pooling may be padded by at most half its kernel"),
        ("a3d2", "Layer 1 (3×3 average pooling, dilation 2): PyTorch's average pooling has no dilation"),
        ("c0", "its kernel is 0; it must be at least 1"),
        ("c3s0", "its stride is 0"),
        ("t1p200", "this transposed convolution of 224 pixels has size"),
    ],
)
def test_invalid_settings_are_explained(text: str, problem: str) -> None:
    report = walk_stack(read_stack(text))
    assert problem in report.problem


def test_words_that_are_no_layers() -> None:
    with pytest.raises(ValueError, match="'conv3' is no layer; write c3"):
        read_stack("c3 conv3")
    with pytest.raises(ValueError, match="at most 30 layers"):
        read_stack("c3 " * 31)
    assert layer_stack.spell(read_stack("c3s2p1d2x8 m2s2 t4s2p1 a7")) == "c3s2p1d2x8 m2s2 t4s2p1 a7"
