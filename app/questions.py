"""Predict, then reveal: questions that mark themselves. Answers are kept for the visit.

A question may be about the numbers of the moment. An answered one therefore stays as it was asked, and
can be asked again with the present numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import streamlit as st

from app import session


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

    @property
    def is_right(self) -> bool:
        return self.chosen == self.question.right


def answers_so_far() -> Mapping[str, Mapping[int, Answer]]:
    """Given answers by lab, then by the question's number from 0."""
    return {lab: dict(given) for lab, given in _kept().items() if given}


@st.fragment
def questions(lab: str, asked: Sequence[Question]) -> None:
    """Ask: nothing is chosen beforehand, and the answer shows only after the visitor has given one."""
    given = _lab(lab).given
    right = sum(answer.is_right for answer in given.values())
    st.subheader("Predict, then look")
    beside = min(len(asked), 2 if session.setting("large") else 3)
    columns = [column for _ in range(0, len(asked), beside) for column in st.columns(beside)]
    for number, (question, column) in enumerate(zip(asked, columns, strict=False)):
        with column, st.container(border=True, height="stretch", key=f"question-{lab}-{number}"):
            if number in given:
                _reveal(lab, number, given[number], question)
            else:
                _ask(lab, number, question)
    if given:
        st.caption(f"{right} of {len(asked)} right so far. Your answers stay in this visit.")


@dataclass
class _Lab:
    """The answers of one lab, and how often each question was tried."""

    given: dict[int, Answer] = field(default_factory=dict)
    tries: dict[int, int] = field(default_factory=dict)


def _kept() -> dict[str, dict[int, Answer]]:
    return st.session_state.setdefault("answers", {})


def _lab(lab: str) -> _Lab:
    return _Lab(_kept().setdefault(lab, {}), st.session_state.setdefault("answer-tries", {}).setdefault(lab, {}))


def _ask(lab: str, number: int, question: Question) -> None:
    key = f"predict-{lab}-{number}"
    if st.session_state.get(key) not in range(len(question.answers)):
        st.session_state[key] = None
    st.radio(
        f"**{number + 1}.** {question.text}",
        range(len(question.answers)),
        format_func=question.answers.__getitem__,
        key=key,
    )
    chosen = st.session_state[key]
    st.button(
        "Check my prediction",
        key=f"check-{lab}-{number}",
        disabled=chosen is None,
        on_click=_give,
        args=(lab, number, question, chosen),
    )


def _give(lab: str, number: int, question: Question, chosen: int) -> None:
    kept = _lab(lab)
    kept.tries[number] = kept.tries.get(number, 0) + 1
    kept.given[number] = Answer(question, chosen, kept.tries[number])


def _reveal(lab: str, number: int, answer: Answer, present: Question) -> None:
    question = answer.question
    st.markdown(f"**{number + 1}.** {question.text}")
    st.markdown(f"Your prediction: {question.answers[answer.chosen]}")
    if answer.is_right:
        st.success(f"**Right.** {question.why}", icon=":material/check_circle:")
    else:
        st.warning(f"**Not so: {question.answers[question.right]}.** {question.why}", icon=":material/lightbulb:")
    changed = present != question
    st.button(
        "Ask again with the present numbers" if changed else "Try again",
        key=f"again-{lab}-{number}",
        type="tertiary",
        on_click=lambda: _lab(lab).given.pop(number, None),
    )
