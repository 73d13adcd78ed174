"""For teachers: how to show the course, and the address that shows it so."""

from __future__ import annotations

import streamlit as st

from app.visitor import session

MODES = {"off": "Students", "free": "Answers shown", "lock": "… and controls locked", "hide": "… and controls hidden"}


def show() -> None:
    """Draw it, folded."""
    with st.expander("For teachers", icon=":material/co_present:"):
        st.session_state["course-mode"] = session.setting("teacher")
        st.segmented_control(
            "Show labs for", list(MODES), format_func=MODES.__getitem__, required=True, wrap=True, key="course-mode",
            on_change=lambda: session.change_setting("teacher", st.session_state["course-mode"]),
        )  # fmt: skip
        st.session_state["course-projector"] = session.setting("projector")
        st.toggle(
            "Projector: large type, no side bar", key="course-projector",
            on_change=lambda: session.change_setting("projector", st.session_state["course-projector"]),
        )  # fmt: skip
        st.markdown(
            "Both go into the address, and with it to every page: add `teacher=free`, `teacher=lock` or "
            "`teacher=hide`, and `projector=1`. What must stay free in a locked lab is named in `keep`, for example "
            "`keep=pixel,f_p3`; in teacher mode the side bar lists the names. Animations can always be played. "
            "A lock is for a quiet lesson, not for an exam: whoever changes the address takes it off."
        )
