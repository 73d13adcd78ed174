"""Patch by patch and one pass: the same labels; multiply-adds and memory counted by hand; grids timed."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from fcn_core.analysis.dense.pass_cost import GridCost, counted, grid_costs, seconds
from fcn_core.analysis.dense.patchwise import (
    load_patch_classifier,
    mirrored,
    normalised,
    one_pass,
    patch_facts,
    sliding_window,
)
from fcn_core.analysis.dense.window_classifier import patch_windows
from fcn_core.data.streets.scenes import scene
from fcn_core.labels import CAMVID
from fcn_core.models.patch_classifier import PATCH_NETS, patch_classifier


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@given(
    side=st.sampled_from((15, 33)), step=st.sampled_from((1, 2, 4, 8, 16, 24)),
    height=st.integers(1, 40), width=st.integers(1, 40),
)  # fmt: skip
@settings(max_examples=25, deadline=None)
def test_both_ways_give_the_same_numbers(side: int, step: int, height: int, width: int) -> None:
    torch.manual_seed(side)
    classifier, image = patch_classifier(side, 3).eval(), photo(height, width)
    slow = sliding_window(classifier, image, side, step, batch=100)
    quick = one_pass(classifier, image, side, step)
    rows, columns = -(-height // step), -(-width // step)
    assert slow.scores.shape == quick.scores.shape == (3, rows, columns)
    assert slow.patches == rows * columns and quick.patches == 0
    np.testing.assert_allclose(slow.scores, quick.scores, atol=1e-5)
    assert slow.label_map(height, width).shape == (height, width)
    assert (slow.label_map(height, width)[::step, ::step] == slow.labels).all()


def test_a_patch_lies_around_its_pixel() -> None:
    """Inside the photo patch (i, j) is the plain cut-out; at the corner the photo goes on mirrored."""
    net, step, image = PATCH_NETS[15], 4, photo(40, 48)
    x = mirrored(image, net, step)
    assert x.shape == (1, 3, 9 * 4 + 15, 11 * 4 + 15)
    i, j = 4, 5
    y, z = 2 + 4 * i, 2 + 4 * j  # the middle
    cut = normalised(image[y - 7 : y + 8, z - 7 : z + 8])
    assert torch.equal(x[0, :, 4 * i : 4 * i + 15, 4 * j : 4 * j + 15], cut)
    wide = np.pad(image, ((5, 0), (5, 0), (0, 0)), mode="reflect")
    assert torch.equal(x[0, :, :15, :15], normalised(wide[:15, :15]))
    assert normalised(np.full((1, 1, 3), 255, np.uint8)).tolist() == [[[2.0]]] * 3


def test_progress_counts_patches() -> None:
    seen: list[tuple[int, int]] = []
    classifier = patch_classifier(15, 2).eval()
    sliding_window(classifier, photo(20, 20), 15, 4, batch=10, progress=lambda *now: seen.append(now))
    assert seen == [(10, 25), (20, 25), (25, 25)]


def test_bad_requests_are_refused() -> None:
    classifier = patch_classifier(15, 2).eval()
    with pytest.raises(ValueError, match="expected an H×W×3 uint8 RGB photo, got float64"):
        sliding_window(classifier, np.zeros((4, 4, 3)), 15, 4)
    with pytest.raises(ValueError, match="a step of at least 1"):
        sliding_window(classifier, photo(4, 4), 15, 0)
    with pytest.raises(ValueError, match="every 4 pixels"):
        one_pass(classifier, photo(8, 8), 15, 3)
    with pytest.raises(ValueError, match="no patch classifier of 16 pixels"):
        patch_classifier(16, 2)
    with pytest.raises(ValueError, match="15, 33, 65 pixels, got 9"):
        sliding_window(classifier, photo(4, 4), 9, 1)


def test_a_missing_classifier_says_what_to_do(tmp_path) -> None:
    with pytest.raises(ValueError, match="python -m benchmarks.patch_classifiers"):
        load_patch_classifier(33, tmp_path)


@pytest.mark.parametrize("side", PATCH_NETS)
def test_the_bundled_classifiers_know_streets(side: int) -> None:
    """About as well as their cards say, on a scene that they never saw; far better than one class everywhere."""
    facts = patch_facts(side)
    assert facts["side"] == side and tuple(facts["classes"]) == CAMVID.classes
    sample = scene(1, 3)
    found = one_pass(load_patch_classifier(side), sample.image, side, 8).label_map(*sample.mask.shape)
    asked = sample.mask != 255
    share = 100 * (found == sample.mask)[asked].mean()
    largest = 100 * np.bincount(sample.mask[asked]).max() / asked.sum()
    assert share > largest + 10 and abs(share - facts["pixel accuracy"]) < 20


def test_more_context_helps() -> None:
    accuracies = [patch_facts(side)["pixel accuracy"] for side in sorted(PATCH_NETS)]
    assert accuracies == sorted(accuracies)


def test_counts_by_hand() -> None:
    """A 3×3 convolution 2 -> 4 on 10×10: 8·8·4·2·9 multiply-adds; input and output live at once, float32."""
    network = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 64, 5))
    found = counted(network, (1, 2, 10, 10))
    assert found.multiply_adds == 8 * 8 * 4 * 2 * 9 + 4 * 64 * 5
    # input, the convolution's map and the ReLU's: the input stays in the caller's hands
    assert found.peak_bytes == 4 * (2 * 100 + 4 * 64 + 4 * 64)
    inplace = nn.Sequential(nn.Conv2d(2, 4, 3), nn.ReLU(inplace=True))
    assert counted(inplace, (1, 2, 10, 10)).peak_bytes == 4 * (2 * 100 + 4 * 64)
    assert all(parameter.device.type == "cpu" for parameter in network.parameters()), "the network stays as it is"


def test_a_grid_costs_its_windows_or_its_area() -> None:
    pair = patch_windows(patch_classifier(33, 3).eval(), 33)
    one = counted(pair.full, (1, 3, 33, 33)).multiply_adds
    for n in (1, 2, 5):
        side = pair.picture_side(n)
        assert side == 33 + 8 * (n - 1)
        whole = counted(pair.whole, (1, 3, side, side)).multiply_adds
        assert whole == one if n == 1 else whole < n * n * one
    assert counted(pair.full, (7, 3, 33, 33)).multiply_adds == 7 * one


def test_grids_are_timed_three_ways() -> None:
    pair = patch_windows(patch_classifier(15, 3).eval(), 15)
    seen: list[tuple[int, int]] = []
    costs = grid_costs(pair, (1, 3), "cpu", progress=lambda *now: seen.append(now))
    assert [cost.n for cost in costs] == [1, 3] and seen == [(0, 2), (1, 2)]
    for cost in costs:
        assert isinstance(cost, GridCost) and min(cost.one_by_one, cost.batched, cost.whole) > 0
        assert cost.timed == (cost.n**2, cost.n**2)


def test_an_impatient_timing_says_how_many_windows_it_took() -> None:
    pair = patch_windows(patch_classifier(15, 3).eval(), 15)
    (cost,) = grid_costs(pair, (6,), "cpu", patience=0.0)
    assert cost.timed == (1, min(cost.batch, 36)) and cost.one_by_one > 0


def test_seconds_is_the_median() -> None:
    ran: list[int] = []
    assert seconds(lambda: ran.append(1), "cpu", repeats=4) >= 0 and len(ran) == 4
