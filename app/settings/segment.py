"""What the Segment page lets a person set."""

from __future__ import annotations

from itertools import combinations

from app.settings.kinds import HEAD_NAMES, Setting, choice, flag, whole, words

VIEWS = ("heads", "compare", "heatmaps", "certainty", "differences", "truth", "export")

SETTINGS: tuple[Setting, ...] = (
    choice("view", VIEWS, "heads"),
    choice("layout", ("side", "one"), "side"),  # heads side by side, or one at a time in one place
    words("heads", HEAD_NAMES, HEAD_NAMES),
    whole("opacity", 0, 100, 65),
    flag("contours"),
    words("off"),  # classes switched off in the overlay
    choice("left", ("photo", *HEAD_NAMES), "photo"),
    choice("right", HEAD_NAMES, "8s"),
    choice("map", ("confidence", "entropy"), "confidence"),
    whole("threshold", 0, 100, 50),
    choice("against", tuple("-".join(pair) for pair in combinations(HEAD_NAMES, 2)), "32s-8s"),
)
