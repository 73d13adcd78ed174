"""What the Live and Runs pages let a person set."""

from __future__ import annotations

from app.settings.kinds import Setting, choice, flag, run_id, whole, words

_CURVES: tuple[Setting, ...] = (
    choice("axis", ("step", "epoch", "minutes"), "step"),  # x axis
    whole("smooth", 0, 99, 80),  # smoothing of loss and other curves of every step, percent
    flag("log", True),  # loss on a log scale
)
LIVE: tuple[Setting, ...] = (run_id("run"), *_CURVES)  # the run that is watched; empty takes the newest
RUNS: tuple[Setting, ...] = (words("runs"), *_CURVES)  # those that were chosen
