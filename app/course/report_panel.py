"""The end of the course page: take a report along."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from app.course.report import MOST_NAME, report
from app.labs.shared import answers

NAME = "student-name"


def show() -> None:
    """Name (optional) and the download."""
    st.subheader("Take it along", anchor="report")
    st.markdown(
        "One HTML file with your progress and every question you answered, here and in the labs: to keep, to print, or "
        "to hand in. Your name is only written into the file."
    )
    st.session_state["course-name"] = st.session_state.get(NAME, "")
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            "Your name, if you like", max_chars=MOST_NAME, key="course-name", width=320, autocomplete="name",
            on_change=lambda: st.session_state.update({NAME: st.session_state["course-name"]}),
        )  # fmt: skip
        now = datetime.now()
        text = report(answers.answers_so_far(), answers.opened_stops(), name=st.session_state.get(NAME, ""), when=now)
        st.download_button(
            "Download the report", text, file_name=f"fcn-lab-course-{now:%Y-%m-%d}.html", mime="text/html",
            icon=":material/download:", key="course-report", on_click="ignore",
        )  # fmt: skip
