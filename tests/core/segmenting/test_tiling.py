"""Tile geometry and blending, with a network that is known exactly."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from segmenters import tiny_model

from fcn_core.segmenting.scores import FullScores, GridScores
from fcn_core.segmenting.tiling import available_memory, blend_tiles, plan_axis, tile_side


@given(length=st.integers(1, 3000), tile=st.integers(160, 900), margin=st.integers(0, 32), ramp=st.integers(0, 32))
@settings(max_examples=200, deadline=None)
def test_weights_sum_to_one_everywhere(length: int, tile: int, margin: int, ramp: int) -> None:
    if tile < 2 * (2 * margin + ramp) + 32:
        with pytest.raises(ValueError, match="expected tiles of at least"):
            plan_axis(length, tile, margin=margin, ramp=ramp)
        return
    axis = plan_axis(length, tile, margin=margin, ramp=ramp)
    total, owned = torch.zeros(length), torch.zeros(length)
    for i, (start, stop) in enumerate(zip(axis.starts, axis.stops, strict=True)):
        assert start % 32 == 0 and 0 < stop - start <= tile
        total[start:stop] += axis.weights(i)
        owned[start : start + axis.done(i)] += 1
    assert torch.allclose(total, torch.ones(length)) and (owned == 1).all()


def test_blending_returns_the_field_it_was_cut_from() -> None:
    field = torch.randn(3, 500, 700, generator=torch.Generator().manual_seed(0))
    rows, columns = (plan_axis(n, 200, margin=16, ramp=32) for n in (500, 700))
    seen = torch.full_like(field, float("nan"))

    def finish(head: int, y: int, x: int, block: torch.Tensor) -> None:
        place = seen[:, y : y + block.shape[1], x : x + block.shape[2]]
        assert place.isnan().all()
        place.copy_(block)

    def run(r: slice, c: slice) -> dict[int, torch.Tensor]:
        # What a network with a context of 16 pixels does: nonsense at edges that are not the photo's own.
        tile = field[:, r, c].clone()
        if r.start > 0:
            tile[:, :16] = 1e3
        if c.stop < 700:
            tile[:, :, -16:] = -1e3
        return {8: tile}

    blend_tiles(rows, columns, run, finish)
    torch.testing.assert_close(seen, field, atol=1e-5, rtol=0)


def test_a_margin_that_covers_the_context_gives_the_untiled_logits() -> None:
    model = tiny_model(fc_channels=16)
    x = torch.rand(1, 3, 1100, 90, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        whole = {head: logits[0] for head, logits in model(x).logits.items()}
        blended = {head: torch.zeros_like(logits) for head, logits in whole.items()}

        def run(r: slice, c: slice) -> dict[int, torch.Tensor]:
            return {head: logits[0] for head, logits in model(x[:, :, r, c]).logits.items()}

        def finish(head: int, y: int, x: int, block: torch.Tensor) -> None:
            blended[head][:, y : y + block.shape[1], x : x + block.shape[2]] = block

        # Half of the receptive field (202 pixels), rounding to cells and the reach of the x32 upsampling: below 270.
        rows = plan_axis(1100, 96 + 2 * (2 * 270 + 32), margin=270, ramp=32)
        columns = plan_axis(90, 2000)
        assert len(rows.starts) == 1
        rows = type(rows)((0, 448), (1020, 1100), 270, 32)
        blend_tiles(rows, columns, run, finish)
    for head, logits in whole.items():
        torch.testing.assert_close(blended[head], logits, atol=1e-4 * float(logits.std()), rtol=0)


def test_grid_scores_answer_like_full_ones() -> None:
    # Logits as the 8s head makes them: bilinear from a stride-8 grid.
    coarse = 3 * torch.randn(1, 5, 8, 11, generator=torch.Generator().manual_seed(0))
    logits = torch.nn.functional.interpolate(coarse, scale_factor=8.0, mode="bilinear")[0]
    full = FullScores.from_logits(logits)
    grid = GridScores.empty(5, 64, 88)
    for y, x in ((0, 0), (0, 32), (32, 0), (32, 32)):
        grid.put(y, x, logits[:, y : y + 32, x : (x + 32 if x == 0 else 88)])
    np.testing.assert_array_equal(grid.label_map, full.label_map)
    np.testing.assert_allclose(grid.confidence, full.confidence, atol=1e-3)
    np.testing.assert_allclose(grid.entropy, full.entropy, atol=1e-3)
    np.testing.assert_allclose(grid.grid, coarse[0], atol=1e-5)
    np.testing.assert_allclose(grid.heatmap(2), full.heatmap(2), atol=1e-5)
    for x, y in ((0, 0), (87, 63), (40, 31)):
        np.testing.assert_allclose(grid.at(x, y), full.at(x, y), atol=1e-5)


@pytest.mark.parametrize("size", [(1, 1), (5, 13), (300, 9), (515, 8)])
def test_grid_scores_of_awkward_sizes(size: tuple[int, int]) -> None:
    logits = torch.randn(4, *size, generator=torch.Generator().manual_seed(0))
    grid = GridScores.empty(4, *size)
    grid.put(0, 0, logits)
    np.testing.assert_array_equal(grid.label_map, logits.argmax(0).numpy())
    assert grid.heatmap(1).shape == size
    np.testing.assert_allclose(sum(grid.heatmap(i) for i in range(4)), 1.0, atol=1e-5)
    assert grid.at(size[1] - 1, size[0] - 1).sum() == pytest.approx(1.0)


def test_tile_side() -> None:
    assert tile_side(760.0, 768 * 2**20) == 1024
    assert tile_side(1e9, 1) == 544 and tile_side(1.0, 2**40) == 2048


def test_available_memory_heeds_a_container(tmp_path: Path) -> None:
    free = available_memory(tmp_path)
    assert free > 0
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("2000\n")
    assert available_memory(tmp_path) == 3000
    (tmp_path / "memory.max").write_text("max\n")
    assert available_memory(tmp_path) > 3000
