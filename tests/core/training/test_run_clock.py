from __future__ import annotations

import pytest

from fcn_core.training.loop.run_clock import RunClock
from fcn_core.training.settings.config import TrainConfig
from fcn_core.training.settings.stages import expand


def test_lengths_in_steps_epochs_and_minutes():
    by_steps = RunClock(TrainConfig(steps=40, batch_size=4, accumulate=2), epoch_pictures=16, step=10, elapsed=30.0)
    assert by_steps.step_pictures == 8 and by_steps.epoch == 5 and by_steps.fraction == 0.25 and by_steps.eta == 90
    by_epochs = RunClock(TrainConfig(epochs=2.5, batch_size=8), epoch_pictures=30)
    assert by_epochs.total_steps == 10 and by_epochs.eta is None and not by_epochs.done
    by_minutes = RunClock(TrainConfig(minutes=2), epoch_pictures=30, step=7, elapsed=60.0)
    assert by_minutes.total_steps is None and by_minutes.fraction == 0.5
    by_minutes.ended = True
    assert by_minutes.done


@pytest.mark.parametrize(("every", "due"), [(1.0, [4, 8, 12]), (0.5, [2, 4, 6, 8, 10, 12]), (2.5, [10])])
def test_validations_are_due_at_the_ends_of_their_epochs(every, due):
    clock = RunClock(TrainConfig(steps=12, batch_size=4, evaluate_every=every), epoch_pictures=16)
    seen = []
    for clock.step in range(1, 13):
        if clock.evaluation_is_due:
            seen.append(clock.step)
    assert seen == due
    clock.step = 8
    assert clock.epoch_is_over
    clock.step = 9
    assert not clock.epoch_is_over


def test_a_staged_recipe_is_three_runs():
    config = TrainConfig(
        name="paper", steps=100, staged=(1.0, 1e-2, 1e-4), start="imagenet", start_parts="trunk",
        optim={"lr": 1e-10, "kind": "sgd"},
    )  # fmt: skip
    coarse, middle, fine = expand(config)
    assert [c.name for c in (coarse, middle, fine)] == ["paper-32s", "paper-16s", "paper-8s"]
    assert [c.optim.lr for c in (coarse, middle, fine)] == [1e-10, 1e-12, 1e-14]
    assert [c.model.heads for c in (coarse, middle, fine)] == [(32,), (32, 16), (32, 16, 8)]
    assert [c.loss.head_weights for c in (coarse, middle, fine)] == [{32: 1.0}, {16: 1.0}, {8: 1.0}]
    assert coarse.start == "imagenet" and coarse.start_parts == "trunk"
    assert middle.start is None and middle.start_parts == "all"
    assert all(c.staged is None and c.steps == 100 for c in (coarse, middle, fine))
    plain = TrainConfig(steps=3)
    assert expand(plain) == (plain,)
    with pytest.raises(ValueError, match="staged gives 2 factors"):
        TrainConfig(steps=3, staged=(1.0, 0.1))
