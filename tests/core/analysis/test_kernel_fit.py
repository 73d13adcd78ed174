"""The fit of an upsampling kernel: it ends at bilinear, in chunks as in one go; the exact optimum is one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from fcn_core.analysis.upsampling.kernel_fit import CELLS, KernelFit, best_kernel, draw_examples, fit_loss

RNG = np.random.default_rng(0)
PICTURES = [RNG.integers(0, 256, (90, 120, 3), dtype=np.uint8) for _ in range(2)]


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize("factor", [2, 3, 4])
def test_the_fit_ends_at_the_bilinear_kernel(factor: int) -> None:
    fit = KernelFit(draw_examples(PICTURES, factor, "interpolated", count=64), seed=1)
    assert np.abs(fit.start - fit.bilinear).max() > 0.2 and fit.start.sum() == pytest.approx(factor**2, rel=1e-5)
    state = fit.run(fit.steps)
    assert fit.done and state.step == len(state.losses) == 200
    assert state.from_bilinear < 0.01 and state.from_best < 0.01
    assert state.losses[-1] < 1e-3 * state.losses[0]
    np.testing.assert_allclose(fit.best, fit.bilinear, atol=1e-5)


def test_chunks_and_stops_change_nothing() -> None:
    examples = draw_examples(PICTURES, 2, "photos", count=32)
    whole, chunked = (KernelFit(examples, steps=30, seed=7) for _ in range(2))
    whole.run(100)
    asked = iter([False, False, True])
    assert chunked.run(20, stop=lambda: next(asked)).step == 2 and not chunked.done
    while not chunked.done:
        chunked.run(7)
    assert chunked.losses == whole.losses
    assert np.array_equal(chunked.state().kernel, whole.state().kernel)
    assert chunked.run(5).step == 30, "a fit that is done stays as it is"


@pytest.mark.parametrize("factor", [2, 3])
def test_no_kernel_is_better_than_the_best(factor: int) -> None:
    examples = draw_examples(PICTURES, factor, "photos", count=48)
    best = torch.tensor(best_kernel(examples), dtype=torch.float64, requires_grad=True)
    loss = fit_loss(best, examples.small.double(), examples.large.double())
    loss.backward()
    assert best.grad is not None and float(best.grad.abs().max()) < 1e-9, "its gradient vanishes"
    fit = KernelFit(examples)
    assert float(loss.detach()) == pytest.approx(fit.best_loss, rel=1e-4)
    assert fit.best_loss < fit.bilinear_loss


def test_the_examples_are_what_they_say() -> None:
    flat = [np.full((60, 60, 3), 90, np.uint8)]
    examples = draw_examples(flat, 3, "photos", count=2)
    assert examples.small.shape == (2, 1, CELLS, CELLS) and examples.large.shape == (2, 1, 3 * CELLS, 3 * CELLS)
    assert float(examples.large.abs().max()) < 1e-6, "the mean is taken out"
    photos = draw_examples(PICTURES, 2, "photos", count=3, seed=5)
    blocks = photos.large.reshape(3, 1, CELLS, 2, CELLS, 2).mean((3, 5))
    assert torch.allclose(blocks, photos.small, atol=1e-6), "a small map's cell is the mean of its pixels"


def test_refusals() -> None:
    with pytest.raises(ValueError, match="interpolated, photos"):
        draw_examples(PICTURES, 2, "bicubic")
    with pytest.raises(ValueError, match="64×64 pixels"):
        draw_examples([np.zeros((60, 200, 3), np.uint8)], 8, "photos")
    with pytest.raises(ValueError, match="at least one step"):
        KernelFit(draw_examples(PICTURES, 2, "photos", count=2), steps=0)
