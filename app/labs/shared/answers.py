"""The questions that a visitor answered, as they were asked, and the stops of the course that were opened.

Kept for the visit; `pack` and `unpack` carry them through the browser's own storage, so that a reload loses nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import streamlit as st

MOST_TEXT = 200_000  # characters that are read back; a whole course takes about a tenth of that
COURSE = "course"


@dataclass(frozen=True)
class Question:
    """text and answers: Markdown. right: index of the right answer. why: shown once one has been given."""

    text: str
    answers: tuple[str, ...]
    right: int
    why: str

    def __post_init__(self) -> None:
        if len(set(self.answers)) != len(self.answers) or len(self.answers) < 2:
            raise ValueError(f"expected two or more different answers to {self.text!r}, got {self.answers}")
        if not 0 <= self.right < len(self.answers):
            raise ValueError(f"right must be an index of the {len(self.answers)} answers, got {self.right}")


@dataclass(frozen=True)
class Answer:
    """What a visitor answered: the question as it was asked then, the index chosen, and how often it was tried."""

    question: Question
    chosen: int
    tries: int = 1

    def __post_init__(self) -> None:
        if not 0 <= self.chosen < len(self.question.answers) or self.tries < 1:
            raise ValueError(f"expected one of {len(self.question.answers)} answers after a try, got {self.chosen}")

    @property
    def is_right(self) -> bool:
        return self.chosen == self.question.right


@dataclass
class LabAnswers:
    """The answers of one lab by the question's number from 0, and how often each question was tried."""

    given: dict[int, Answer] = field(default_factory=dict)
    tries: dict[int, int] = field(default_factory=dict)

    def give(self, number: int, question: Question, chosen: int) -> None:
        """Keep an answer, in place of an earlier one to the same question."""
        self.tries[number] = self.tries.get(number, 0) + 1
        self.given[number] = Answer(question, chosen, self.tries[number])


def of_lab(lab: str) -> LabAnswers:
    """The answers of one lab; the course's own questions count as the lab `course`."""
    return LabAnswers(_kept().setdefault(lab, {}), st.session_state.setdefault("answer-tries", {}).setdefault(lab, {}))


def answers_so_far() -> Mapping[str, Mapping[int, Answer]]:
    """Given answers by lab, then by the question's number from 0."""
    return {lab: dict(given) for lab, given in _kept().items() if given}


def opened_stops() -> set[int]:
    """Numbers of the stops whose lab was opened."""
    return st.session_state.setdefault("opened-stops", set())


def _kept() -> dict[str, dict[int, Answer]]:
    return st.session_state.setdefault("answers", {})


def pack() -> str:
    """Everything as JSON."""
    given = [
        {"lab": lab, "number": number, **asdict(answer)}
        for lab, answers in answers_so_far().items()
        for number, answer in answers.items()
    ]
    return json.dumps({"given": given, "opened": sorted(opened_stops())})


def unpack(text: str) -> None:
    """Take back what `pack` wrote. Answers of this visit go before; what cannot be read is left out.

    text comes from a browser and may be anything: it only ever reaches this visitor's own page and report.
    """
    try:
        found = json.loads(text) if len(text) <= MOST_TEXT else {}
    except (ValueError, RecursionError):
        return
    if not isinstance(found, dict):
        return
    for entry in _list(found.get("given"))[:500]:
        try:
            lab, number, answer = _answer(entry)
        except (KeyError, TypeError, ValueError):
            continue
        kept = of_lab(lab)
        if number not in kept.given:
            kept.given[number] = answer
            kept.tries[number] = max(answer.tries, kept.tries.get(number, 0))
    opened_stops().update(n for n in _list(found.get("opened")) if type(n) is int and 1 <= n <= 99)


def _list(value: Any) -> list:
    return value if isinstance(value, list) else []


def _answer(entry: Any) -> tuple[str, int, Answer]:
    asked = entry["question"]
    texts = (entry["lab"], asked["text"], asked["why"], *asked["answers"])
    numbers = (entry["number"], entry["chosen"], entry["tries"], asked["right"])
    if not all(isinstance(text, str) for text in texts) or not all(type(number) is int for number in numbers):
        raise TypeError("expected texts and whole numbers")
    if not 0 <= entry["number"] < 100:
        raise ValueError(f"expected a question's number under 100, got {entry['number']}")
    question = Question(asked["text"], tuple(asked["answers"]), asked["right"], asked["why"])
    return entry["lab"], entry["number"], Answer(question, entry["chosen"], min(entry["tries"], 1000))
