"""Words and numbers about runs, as the pages say them; no Streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite


@dataclass(frozen=True)
class StateWords:
    """How a state is shown: the colour and icon of its badge, and what it means."""

    colour: str
    icon: str
    meaning: str


STATES: dict[str, StateWords] = {
    "launching": StateWords("gray", ":material/hourglass_empty:", "The process is starting."),
    "queued": StateWords("gray", ":material/hourglass_empty:", "Waits until it is its turn."),
    "preparing": StateWords("blue", ":material/hourglass_empty:", "Reads the data and tries one batch."),
    "running": StateWords("blue", ":material/play_arrow:", "Trains."),
    "stopped": StateWords("gray", ":material/pause:", "Was asked to stop, saved, and can go on."),
    "finished": StateWords("green", ":material/check:", "Ran to its end."),
    "failed": StateWords("red", ":material/error:", "Ended with an error."),
    "crashed": StateWords("red", ":material/error:", "Its process is gone without having said goodbye."),
}


def state_words(state: str) -> StateWords:
    """The words for a state; unknown ones are shown as they are."""
    return STATES.get(state, StateWords("gray", ":material/help:", ""))


def duration(seconds: float | None) -> str:
    """42 s, 3:05 min, 2:03 h; a dash if unknown."""
    if seconds is None or not isfinite(seconds) or seconds < 0:
        return "–"
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole % 3600 // 60:02d} h"


def percent(share: float | None) -> str:
    """0.4213 as 42.1 %; a dash if unknown."""
    return "–" if share is None or not isfinite(share) else f"{100 * share:.1f}\u00a0%"


def size(count: float | None, unit: str = "") -> str:
    """5 300 000 as 5.3 M."""
    if count is None or not isfinite(count):
        return "–"
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= limit:
            return f"{count / limit:.3g}\u00a0{letter}{unit}"
    return f"{count:.3g}{unit}"
