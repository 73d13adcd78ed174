"""The line above a lab that was opened from the course: which stop it is, what to do, and the way on."""

from __future__ import annotations

import streamlit as st

from app import page_list, session
from app.answers import opened_stops
from app.course import stops
from app.course.stop import Stop

STYLE = """
.st-key-course-line { border-left: 3px solid var(--st-primary-color); padding: .1rem 0 .1rem .9rem;
  margin-bottom: .6rem; }
.st-key-course-line p { font-size: .92rem; margin: 0; }
"""


def show(page: page_list.PageRecord) -> None:
    """Draw it if this page is the one that the stop in hand opens."""
    stop = stops.find(session.setting("stop"))
    if stop is None or stop.record != page:
        return
    opened_stops().add(stop.number)
    st.html(f"<style>{STYLE}</style>")
    with st.container(key="course-line", gap="xsmall"):
        place = f"Stop {stop.number} of {len(stops.STOPS)}"
        st.markdown(f"**{place}: {stop.title}** :gray[· {stop.minutes} min]  \n{stop.task}")
        with st.container(horizontal=True, gap="medium"):
            st.page_link(
                page_list.find("course.py").path, label="Answer its question in the course",
                icon=":material/school:", query_params={**kept_params(), "stop": str(stop.number)},
            )  # fmt: skip
            following = stops.find(stop.number + 1)
            if following is not None:
                link(following, label=f"Next: {following.title}")


def link(stop: Stop, *, label: str) -> None:
    """A link that opens a stop's lab as it is meant to be seen."""
    st.page_link(
        stop.record.path, label=label, icon=":material/arrow_forward:", query_params={**kept_params(), **stop.params}
    )


def kept_params() -> dict[str, str]:
    """What of the address goes along to a stop: how it is shown, and teacher mode."""
    kept = ("large", "safe", "projector", "teacher", "keep")
    return {name: value for name, value in st.query_params.items() if name in kept}
