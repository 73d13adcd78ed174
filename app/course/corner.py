"""The projector's corner: without a side bar, it leads to the course and back to the desk."""

from __future__ import annotations

import streamlit as st

from app import page_list, session

STYLE = """
.st-key-corner { position: fixed; right: 1rem; bottom: .6rem; z-index: 1000; width: auto; padding: .1rem .7rem;
  background: var(--st-background-color); border: 1px solid var(--st-border-color); border-radius: .5rem;
  font-size: .8rem; opacity: .85; }
.st-key-corner p { font-size: .75rem !important; }
.st-key-corner:hover, .st-key-corner:focus-within { opacity: 1; }
"""


def show() -> None:
    """Draw it in projector mode; nothing otherwise."""
    if not session.setting("projector"):
        return
    st.html(f"<style>{STYLE}</style>")
    with st.container(horizontal=True, vertical_alignment="center", gap="small", key="corner", width="content"):
        home, course = page_list.find("home.py"), page_list.find("course.py")
        for record in (home, course):
            st.page_link(record.path, label=record.title, query_params=dict(st.query_params))
        st.button(
            "Leave projector mode", type="tertiary", key="leave-projector",
            on_click=session.change_setting, args=("projector", False),
        )  # fmt: skip
