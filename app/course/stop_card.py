"""One stop on the course page: goal, link and what to try on the left, its question on the right."""

from __future__ import annotations

import streamlit as st

from app.course import stop_line
from app.course.stop import Stop
from app.labs.shared import answers, question_panel
from app.visitor import session

STYLE = """
[class*=st-key-course-stop-] h3 { padding: 0; scroll-margin-top: 4.5rem; }
.course-progress { font-size: .9rem; }
.course-bar { height: .45rem; margin-top: .35rem; border-radius: .25rem; background: rgb(128 128 128 / 20%); }
.course-bar span { display: block; height: 100%; border-radius: inherit; background: rgb(61 143 209); }
[class*=st-key-course] [data-testid=stPageLink] a { border: 1px solid rgb(128 128 128 / 45%); padding: .3rem .8rem; }
"""


def show(stop: Stop, begins: int) -> None:
    """Draw one stop. begins: the minute of the course at which it starts."""
    with st.container(border=True, key=f"course-stop-{stop.number}"):
        about, asked = st.columns([1.15, 1], gap="large")
        with about:
            st.subheader(f"{stop.number} · {stop.title}", anchor=f"stop-{stop.number}")
            st.markdown(f":small[:gray[:material/schedule: {stop.minutes} min, from minute {begins}{_mark(stop)}]]")
            st.markdown(f"**Goal.** {stop.goal}")
            st.markdown(f"**Do.** {stop.task}")
            stop_line.link(stop, label=f"Open {stop.record.title}")
            st.caption(f"In the paper: {stop.paper}.")
        with asked, st.container(key=f"question-course-{stop.number}"):
            question_panel.ask(answers.COURSE, stop.number - 1, stop.question, heading="**Question.**")


def _mark(stop: Stop) -> str:
    opened = stop.number in answers.opened_stops()
    given = answers.of_lab(answers.COURSE).given.get(stop.number - 1)
    if session.reveals():
        return ""
    told = "" if given is None else ", answered right" if given.is_right else ", answered"
    return (", opened" if opened else "") + told
