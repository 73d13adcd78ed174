"""The course: ninety minutes in twelve stops, each with a lab in the right state and a question."""

from __future__ import annotations

import streamlit as st

from app.course import for_teachers, overview, report_panel, stop_card
from app.course.stops import STOPS, starts
from app.labs.shared import answer_keeper, answers
from app.visitor import widgets

st.title("Course")
widgets.show_notices()
st.html(f"<style>{stop_card.STYLE}</style>")
st.markdown(
    f"Fully convolutional networks in **{overview.TOTAL} minutes** and {len(STOPS)} stops. Each opens a lab as it is "
    "meant to be seen; try what it says there, then predict, and look. Your answers stay in this browser tab."
)
overview.show()
for_teachers.show()
for stop, begins in zip(STOPS, starts(), strict=True):
    stop_card.show(stop, begins)
report_panel.show()
answer_keeper.keep(answers.COURSE)
