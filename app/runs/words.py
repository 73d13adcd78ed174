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
    "queued": StateWords("gray", ":material/hourglass_empty:", "Waiting for its turn."),
    "preparing": StateWords("blue", ":material/hourglass_empty:", "Reading the data and trying one batch."),
    "running": StateWords("blue", ":material/play_arrow:", "Training."),
    "stopped": StateWords("gray", ":material/pause:", "Was asked to stop, saved its state, and can be resumed."),
    "finished": StateWords("green", ":material/check:", "Ran to its end."),
    "failed": StateWords("red", ":material/error:", "Ended with an error."),
    "crashed": StateWords("red", ":material/error:", "Its process disappeared without a word."),
}


def state_words(state: str) -> StateWords:
    """The words for a state; unknown ones are shown as they are."""
    return STATES.get(state, StateWords("gray", ":material/help:", ""))


def size(count: float | None, unit: str = "") -> str:
    """5 300 000 as 5.3 M."""
    if count is None or not isfinite(count):
        return "–"
    for limit, letter in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if count >= limit:
            return f"{count / limit:.3g}\u00a0{letter}{unit}"
    return f"{count:.3g}{unit}"
