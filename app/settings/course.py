"""What the course, teacher mode and projector mode let a person set."""

from __future__ import annotations

from app.settings.kinds import Setting, choice, flag, whole, words

STOPS = 12
TEACHER_MODES = ("off", "free", "lock", "hide")

SETTINGS: tuple[Setting, ...] = (
    whole("stop", 0, STOPS, 0),  # the course's stop that one is at; 0 before the first
    choice("teacher", TEACHER_MODES, "off"),  # answers revealed; and controls left free, locked or hidden
    words("keep"),  # controls that stay free all the same, by their name in the address
    flag("projector"),  # large type, no side bar
)
