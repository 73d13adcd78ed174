"""The teacher's panel in the side bar: how controls are shown, which stay free, and the way out."""

from __future__ import annotations

import streamlit as st

from app import page_list
from app.visitor import session
from app.visitor.lock import BENCH_CONTROLS, settings_of

MODES = {"free": "Free", "lock": "Locked", "hide": "Hidden"}


def show(page: page_list.PageRecord) -> None:
    """Draw it in teacher mode; nothing otherwise, and nothing on the projector."""
    mode = session.setting("teacher")
    if mode == "off" or session.setting("projector"):
        return
    with st.sidebar, st.container(border=True, key="teacher-panel"):
        st.markdown("**Teacher mode** :small[:gray[answers are shown]]")
        st.session_state["teacher-mode"] = mode
        st.radio(
            "Controls of labs and bench", list(MODES), format_func=MODES.__getitem__, key="teacher-mode",
            on_change=lambda: session.change_setting("teacher", st.session_state["teacher-mode"]),
        )  # fmt: skip
        if mode != "free":
            _keep(page)
        st.button("End teacher mode", type="tertiary", on_click=session.change_setting, args=("teacher", "off"))


def _keep(page: page_list.PageRecord) -> None:
    """Choose what stays free: the bench, what this page lets a person set, and what was chosen on other pages."""
    chosen = session.setting("keep")
    names = list(dict.fromkeys((*BENCH_CONTROLS.values(), *settings_of(page), *chosen)))
    titles = st.session_state.get("control-titles", {})
    st.session_state["teacher-keep"] = list(chosen)
    st.multiselect(
        "Stay free", names, key="teacher-keep", placeholder="none",
        format_func=lambda name: f"{titles[name]} ({name})" if name in titles else name,
        on_change=lambda: session.change_setting("keep", tuple(st.session_state["teacher-keep"])),
    )  # fmt: skip
