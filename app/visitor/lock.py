"""Teacher mode's rule: which controls are free, and which are locked or hidden; one rule for every page.

Held are the bench and what the labs and Segment let a person set. Training, data and looks stay free, and so does
the step of an animation: a locked page can still be played.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from app.page_list import PAGES, PageRecord

Way = Literal["free", "lock", "hide"]

# Fields of app.visitor.session.Bench, and by which name `keep` in an address frees them.
BENCH_CONTROLS = {
    "sample": "picture",
    "upload": "picture",
    "truth": "truth",
    "weights": "weights",
    "head": "head",
    "cls": "class",
    "x": "pixel",
    "y": "pixel",
}
PLAYED = ("f_step", "t_step", "t_by", "a_i")
HELD_SECTIONS = ("Use", "Understand")


def settings_of(page: PageRecord) -> tuple[str, ...]:
    """Names of what a lab or Segment lets a person set; nothing for other pages."""
    return tuple(setting.name for setting in page.settings) if page.section in HELD_SECTIONS else ()


HELD = frozenset((*BENCH_CONTROLS.values(), *(name for page in PAGES for name in settings_of(page))))


def way(control: str, mode: str, keep: Collection[str]) -> Way:
    """How a control is shown. control: a setting's name, or one of BENCH_CONTROLS' values. mode, keep: the settings
    `teacher` and `keep`."""
    if control not in HELD or control in PLAYED or control in keep:
        return "free"
    return "lock" if mode == "lock" else "hide" if mode == "hide" else "free"
