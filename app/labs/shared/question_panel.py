"""Predict, then reveal: questions that mark themselves. Answers are kept for the visit.

A question may be about the numbers of the moment. An answered one therefore stays as it was asked, and
can be asked again with the present numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from app.labs.shared import answer_keeper
from app.labs.shared.answers import Answer, Question, answers_so_far, of_lab
from app.visitor import session

__all__ = ["Answer", "Question", "answers_so_far", "ask", "questions"]


@st.fragment
def questions(lab: str, asked: Sequence[Question]) -> None:
    """Ask: nothing is chosen beforehand, and the answer shows only after the visitor has given one."""
    given = of_lab(lab).given
    st.subheader("Questions and their answers" if session.reveals() else "Predict, then look")
    beside = min(len(asked), 2 if session.setting("large") else 3)
    columns = [column for _ in range(0, len(asked), beside) for column in st.columns(beside)]
    for number, (question, column) in enumerate(zip(asked, columns, strict=False)):
        with column, st.container(border=True, height="stretch", key=f"question-{lab}-{number}"):
            ask(lab, number, question)
    if given and not session.reveals():
        right = sum(answer.is_right for answer in given.values())
        st.caption(f"{right} of {len(asked)} right so far. Your answers stay in this visit.")
    answer_keeper.keep(lab)


def ask(lab: str, number: int, question: Question, *, heading: str = "") -> None:
    """One question, number from 0: asked, marked, or told at once in teacher mode. heading: before its text."""
    given = of_lab(lab).given
    heading = heading or f"**{number + 1}.**"
    if session.reveals():
        _tell(question, heading)
    elif number in given:
        _reveal(lab, number, given[number], question, heading)
    else:
        _ask(lab, number, question, heading)


def _tell(question: Question, heading: str) -> None:
    st.markdown(f"{heading} {question.text}")
    marked = (
        f"- :green[:material/check_circle: **{answer}**]" if index == question.right else f"- {answer}"
        for index, answer in enumerate(question.answers)
    )
    st.markdown("\n".join(marked))
    st.success(question.why, icon=":material/lightbulb:")


def _ask(lab: str, number: int, question: Question, heading: str) -> None:
    key = f"predict-{lab}-{number}"
    if st.session_state.get(key) not in range(len(question.answers)):
        st.session_state[key] = None
    st.radio(
        f"{heading} {question.text}",
        range(len(question.answers)),
        format_func=question.answers.__getitem__,
        key=key,
    )
    chosen = st.session_state[key]
    st.button(
        "Check my prediction",
        key=f"check-{lab}-{number}",
        disabled=chosen is None,
        on_click=of_lab(lab).give,
        args=(number, question, chosen),
    )


def _reveal(lab: str, number: int, answer: Answer, present: Question, heading: str) -> None:
    question = answer.question
    st.markdown(f"{heading} {question.text}")
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
        on_click=lambda: of_lab(lab).given.pop(number, None),
    )
