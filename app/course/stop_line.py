"""The line above a lab that was opened from the course: which stop it is, what to do, its question, and the way on."""

from __future__ import annotations

import streamlit as st

from app import page_list
from app.course import stops
from app.course.stop import Stop
from app.labs.shared import answer_keeper, answers, question_panel
from app.visitor import session

STYLE = """
.st-key-course-line { border-left: 3px solid rgb(61 143 209); padding-left: .9rem; margin-bottom: .8rem; }
.st-key-course-line [data-testid=stExpander] { max-width: 52rem; }
"""


def show(page: page_list.PageRecord) -> None:
    """Draw it if this page is the one that the stop in hand opens."""
    stop = stops.find(session.setting("stop"))
    if stop is None or stop.record != page:
        return
    answers.opened_stops().add(stop.number)
    st.html(f"<style>{STYLE}</style>")
    with st.container(key="course-line", gap="small"):
        place = f"Stop {stop.number} of {len(stops.STOPS)}"
        st.markdown(f"**{place}: {stop.title}** :gray[· {stop.minutes} min]  \n{stop.task}")
        with st.container(horizontal=True, gap="medium"):
            course = page_list.find("course.py")
            st.page_link(course.path, label="Course", icon=course.icon, query_params=_to_course(stop))
            for number, word in ((stop.number - 1, "Back"), (stop.number + 1, "Next")):
                other = stops.find(number)
                if other is not None:
                    link(other, label=f"{word}: {other.title}", back=word == "Back")
        with st.expander("The question of this stop", icon=":material/quiz:"):
            _question(stop)


def link(stop: Stop, *, label: str, back: bool = False) -> None:
    """A link that opens a stop's lab as it is meant to be seen."""
    icon = ":material/arrow_back:" if back else ":material/arrow_forward:"
    st.page_link(stop.record.path, label=label, icon=icon, query_params={**kept_params(), **stop.params})


def kept_params() -> dict[str, str]:
    """What of the address goes along to a stop: how it is shown, and teacher mode."""
    kept = ("large", "safe", "projector", "teacher", "keep")
    return {name: value for name, value in st.query_params.items() if name in kept}


def _to_course(stop: Stop) -> dict[str, str]:
    return {**dict(st.query_params), "stop": str(stop.number)}


@st.fragment
def _question(stop: Stop) -> None:
    """Only this is drawn again when the question is answered."""
    question_panel.ask(answers.COURSE, stop.number - 1, stop.question, heading="**Question.**")
    answer_keeper.keep("stop")
