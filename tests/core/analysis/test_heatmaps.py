"""Score heatmaps: temperature softmax and the coarse grid against PyTorch and the network's own logits."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from segmenters import tiny_model, tiny_weights

from fcn_core.analysis.evidence.heatmaps import (
    check_upsampling,
    class_heatmap,
    coarse_grid,
    every_nth,
    full_logits,
    pixel_logits,
    temperature_softmax,
)
from fcn_core.labels import VOC
from fcn_core.models.architectures import build
from fcn_core.models.torchvision_spec import FCNResNet50Spec
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.weights import LoadedModel, WeightRecord


def photo(height: int = 96, width: int = 128) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 255, (height, width, 3), np.uint8)


@settings(max_examples=40, deadline=None)
@given(st.integers(2, 12), st.floats(0.1, 10), st.integers(0, 999))
def test_temperature_softmax_is_torchs(classes: int, temperature: float, seed: int) -> None:
    logits = np.random.default_rng(seed).normal(0, 30, (classes, 5, 4)).astype(np.float32)
    theirs = torch.softmax(torch.from_numpy(logits) / temperature, 0).numpy()
    ours = temperature_softmax(logits, temperature)
    np.testing.assert_allclose(ours, theirs, atol=2e-6)
    np.testing.assert_allclose(class_heatmap(logits, 1, temperature), theirs[1], atol=2e-6)
    assert (ours.argmax(0) == logits.argmax(0)).all() or np.isclose(ours.max(0), np.sort(ours, 0)[-2]).any()


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_must_be_above_zero(temperature: float) -> None:
    with pytest.raises(ValueError, match="above 0"):
        temperature_softmax(np.zeros((3, 2, 2)), temperature)


@pytest.mark.parametrize("settings", [{}, {"alignment": "reference"}, {"backbone": "alexnet"}])
@pytest.mark.parametrize("head", [32, 16, 8])
def test_upsampling_the_grid_gives_the_networks_logits(settings: dict, head: int) -> None:
    loaded = tiny_weights(**settings)
    result = Segmenter(loaded).segment(photo(101, 135))
    found = check_upsampling(result, head, loaded.model, 4)
    assert found.everywhere is not None and found.everywhere < 1e-4
    assert found.inside is None or found.inside < 1e-4
    if not settings:
        assert found.rim is not None and found.rim > 1e-3  # zeros beyond the rim are no repetition of the cell


def test_cells_lie_where_the_network_puts_them() -> None:
    loaded = tiny_weights()
    grid = coarse_grid(Segmenter(loaded).segment(photo()), 32, loaded.model)
    assert grid.logits.shape[1:] == (3, 4)
    assert grid.extent == (0, 0, 128, 96)
    reference = tiny_weights(alignment="reference")
    grid = coarse_grid(Segmenter(reference).segment(photo()), 32, reference.model)
    left, top, right, bottom = grid.extent
    # Cells of the padded network reach beyond the picture on every side.
    assert left < 0 and top < 0 and right > 128 and bottom > 96


def test_learned_upsampling_is_not_called_bilinear() -> None:
    loaded = tiny_weights(learned_deconvs="all")
    result = Segmenter(loaded).segment(photo())
    found = check_upsampling(result, 8, loaded.model, 0)
    assert (found.everywhere, found.inside, found.rim) == (None, None, None)


def test_photos_in_tiles_have_the_grid_that_is_kept() -> None:
    loaded = tiny_weights()
    result = Segmenter(loaded).segment(photo(640, 704), tile=544)
    assert result.tiled
    grid = coarse_grid(result, 32, loaded.model)
    assert not grid.kept and grid.logits.shape[1:] == (80, 88) and grid.extent == (0, 0, 704, 640)
    assert full_logits(result, 32, most_side=44).shape[1:] == (40, 44)
    np.testing.assert_array_equal(pixel_logits(result, 32, 17, 9), grid.logits[:, 1, 2])
    with pytest.raises(ValueError, match="tiles"):
        check_upsampling(result, 32, loaded.model, 0)


def test_fewer_cells_stay_in_their_places() -> None:
    loaded = tiny_weights()
    grid = coarse_grid(Segmenter(loaded).segment(photo()), 8, loaded.model)
    fewer, step = every_nth(grid, grid.logits.size // 4)
    assert step == 2 and fewer.logits.shape == (11, 6, 8)
    assert fewer.rows(3) == grid.rows(6) and fewer.columns(1) == grid.columns(2)
    np.testing.assert_array_equal(fewer.logits[:, 3, 1], grid.logits[:, 6, 2])
    assert every_nth(grid, 10**6)[1] == 1


def test_logits_at_viewing_size_are_every_nth_pixel() -> None:
    result = Segmenter(tiny_weights()).segment(photo())
    logits = full_logits(result, 8, most_side=50)
    np.testing.assert_array_equal(logits, result.scores[8].logits[:, ::3, ::3])
    np.testing.assert_array_equal(pixel_logits(result, 8, 6, 9), logits[:, 3, 2])


def test_one_head_is_enough() -> None:
    loaded = tiny_weights(tiny_model(heads=(32,)))
    result = Segmenter(loaded).segment(photo())
    assert coarse_grid(result, 32, loaded.model).logits.shape[0] == 11


def test_torchvisions_network_interpolates_its_only_map() -> None:
    torch.manual_seed(7)
    model = build(FCNResNet50Spec()).eval()
    record = WeightRecord(name="t", title="t", spec=model.spec, label_set=VOC)
    result = Segmenter(LoadedModel(record, model, VOC, (8,))).segment(photo(61, 83))
    grid = coarse_grid(result, 8, model)
    assert grid.logits.shape == (21, 8, 11) and grid.extent == pytest.approx((0, 0, 83, 61))
    found = check_upsampling(result, 8, model, 3)
    assert found.everywhere is None and found.inside is not None and found.inside < 1e-4
