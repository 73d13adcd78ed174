"""One step: gradients of passes add up, a mean is a mean, frozen layers stay, the paper's rates and masks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from tiny_runs import TINY, draw_pictures, tiny_settings

from fcn_core.training.loop.results import RunFailed
from fcn_core.training.loop.run_clock import RunClock
from fcn_core.training.loop.setup import prepare
from fcn_core.training.loop.step import Stepper
from fcn_core.training.loop.stream import sample_blocks

PLAIN = {**TINY, "backbone": "vgg16", "dropout": 0.0, "width": 1 / 8}


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return draw_pictures(tmp_path_factory.mktemp("data"))


def one_step(config):
    """The network after one step, and the step's record."""
    parts = prepare(config)
    for layer in (parts.model.head.score_fr, parts.model.head.score_pool4, parts.model.head.score_pool3):
        torch.nn.init.normal_(layer.weight, std=0.1)  # zero score layers would pass no gradient down
    before = {name: value.clone() for name, value in parts.model.state_dict().items()}
    stepper = Stepper(config, parts, RunClock(config, parts.draws.epoch_length))
    batches = stepper.batches()
    record = stepper.step([next(batches) for _ in range(config.accumulate)])
    moved = {name: value - before[name] for name, value in parts.model.state_dict().items()}
    return moved, record


def sgd(lr=0.1, **changes):
    return {"kind": "sgd", "lr": lr, "momentum": 0.0, "weight_decay": 0.0, **changes}


def test_passes_add_up_to_a_large_batch(root):
    shared = {"model": PLAIN, "optim": sgd(), "schedule": {"kind": "fixed"}}
    whole, one = one_step(tiny_settings(root, batch_size=6, accumulate=1, **shared))
    parts, other = one_step(tiny_settings(root, batch_size=2, accumulate=3, **shared))
    assert one["loss"] == pytest.approx(other["loss"], rel=1e-5)
    assert max(float(v.abs().max()) for v in whole.values()) > 1e-4
    for name, value in whole.items():
        assert torch.allclose(value, parts[name], atol=1e-6), name


def test_sum_and_mean_stand_side_by_side(root):
    shared = {"model": PLAIN, "schedule": {"kind": "fixed"}, "loss": {"class_weights": "none"}}
    mean, record = one_step(tiny_settings(root, optim=sgd(0.1), **shared))
    pixels = record["loss_sum"] / record["loss_mean"]
    assert 0 < pixels <= 3 * 32 * 32 and pixels == pytest.approx(round(pixels), abs=0.05)
    assert record["loss"] == record["loss_mean"]
    # The same step on the sum, with a rate that is smaller by the number of pixels.
    summed = {**shared, "loss": {"class_weights": "none", "reduction": "sum"}}
    other, its = one_step(tiny_settings(root, optim=sgd(0.1 / pixels), **summed))
    assert its["loss"] == its["loss_sum"] == pytest.approx(record["loss_sum"], rel=1e-5)
    for name, value in mean.items():
        assert torch.allclose(value, other[name], atol=1e-6), name


def test_biases_move_twice_as_fast_and_do_not_decay(root):
    shared = {"model": PLAIN, "schedule": {"kind": "fixed"}}
    once, record = one_step(tiny_settings(root, optim=sgd(), **shared))
    twice, its = one_step(tiny_settings(root, optim=sgd(bias_lr_factor=2.0, weight_decay=0.5), **shared))
    assert its["lr"] == {"kernels": 0.1, "biases": 0.2} and record["lr"] == {"kernels": 0.1, "biases": 0.1}
    name = "trunk.fc.fc7.bias"
    assert torch.allclose(twice[name], 2 * once[name], atol=1e-7) and once[name].abs().max() > 0
    assert not torch.allclose(twice["trunk.fc.fc7.weight"], once["trunk.fc.fc7.weight"], atol=1e-4)


def test_a_frozen_trunk_stays(root, tmp_path):
    from fcn_core.training.loop.engine import train

    first = train(tiny_settings(root, steps=1), tmp_path / "first").weights
    config = tiny_settings(root, start=str(first), start_parts="trunk", freeze_trunk=True)
    moved, _ = one_step(config)
    changed = {name for name, value in moved.items() if value.abs().max() > 0}
    assert changed and all(name.startswith("head.") for name in changed), "weights and statistics of the trunk stay"
    assert prepare(config).model.head.score_fr.weight.abs().max() == 0, "only the trunk was taken over"


def test_a_gradient_that_is_no_number_stops_before_the_weights_move(root):
    config = tiny_settings(root, optim=sgd(), schedule={"kind": "fixed"})
    parts = prepare(config)
    stepper = Stepper(config, parts, RunClock(config, parts.draws.epoch_length))
    images, target = next(stepper.batches())
    before = parts.model.head.score_fr.bias.clone()
    with pytest.raises(RunFailed, match=r"the loss became nan at step 1 with learning rate 0.1; try a smaller"):
        stepper.step([(images * float("nan"), target)])
    assert torch.equal(parts.model.head.score_fr.bias, before)


def test_patch_sampling_voids_whole_blocks(root):
    draws = prepare(tiny_settings(root, augment={"crop": [96, 128]}, loss={"sample_share": 0.25})).draws
    sample = draws.sample(0)
    again = draws.sample(0)
    assert np.array_equal(sample.mask, again.mask), "a draw is the same whenever it is asked for"
    full = np.zeros((96, 128), np.uint8)
    void = [
        sample_blocks(type(sample)(image=sample.image, mask=full, name="x"), 0.25, np.random.default_rng(n)).mask == 255
        for n in range(50)
    ]
    blocks = np.stack([v.reshape(3, 32, 4, 32).transpose(0, 2, 1, 3).reshape(12, -1) for v in void])
    assert set(blocks.mean(-1).ravel().tolist()) == {0.0, 1.0}, "a block counts as a whole or not at all"
    assert 1 - np.mean(void) == pytest.approx(0.25, abs=0.05)
