"""The top of the course page: progress, the way on, and the stops as a short list of jumps."""

from __future__ import annotations

import streamlit as st

from app.course import stop_line
from app.course.standing import standing
from app.course.stops import STOPS, find
from app.labs.shared import answers
from app.visitor import session

TOTAL = sum(stop.minutes for stop in STOPS)


def show() -> None:
    """Draw it."""
    given = answers.of_lab(answers.COURSE).given
    found = standing(given, answers.opened_stops())
    if not session.reveals():
        opened = "1 lab" if found.opened == 1 else f"{found.opened} labs"
        st.html(
            f"<div class=course-progress><div>{found.done} of {len(STOPS)} questions answered, {found.right} right · "
            f"{opened} opened · {found.minutes} of {TOTAL} minutes</div>"
            f"<div class=course-bar><span style='width: {100 * found.share:.1f}%'></span></div></div>"
        )
    following = find(found.next or 0)
    if following is not None:
        with st.container(key="course-next"):
            word = "Continue with" if found.done or found.opened else "Begin:"
            stop_line.link(following, label=f"{word} stop {following.number}, {following.title}")
    marks = {stop.number: _mark(given.get(stop.number - 1)) for stop in STOPS}
    with st.container(key="course-list"), st.grid(columns="auto", min_column_width=_width(), gap="xsmall"):
        for stop in STOPS:
            jump = f"[{stop.number} · {stop.title}](#stop-{stop.number})"
            st.markdown(f"{jump} :small[:gray[{stop.minutes}\u00a0min]]{marks[stop.number]}")


def _width() -> int:
    return 345 if session.setting("large") else 235


def _mark(answer: answers.Answer | None) -> str:
    if answer is None or session.reveals():
        return ""
    return " :green[:material/check_circle:]" if answer.is_right else " :orange[:material/lightbulb:]"
