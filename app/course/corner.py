"""The projector's corner: without a side bar, it leads to the course and back to the desk."""

from __future__ import annotations

import streamlit as st

from app import page_list
from app.visitor import session

STYLE = """
[data-testid=stLayoutWrapper]:has(> .st-key-corner) { position: fixed; right: 1rem; bottom: .6rem; z-index: 1000;
  width: auto; }
.st-key-corner { padding: 0 .7rem; border: 1px solid rgb(128 128 128 / 45%); border-radius: .5rem;
  background: rgb(128 128 128 / 15%); backdrop-filter: blur(14px); }
.st-key-corner p { font-size: 15px !important; white-space: nowrap; }
@media (max-width: 640px) {
  .st-key-corner { gap: 0 .3rem; padding: 0 .3rem; }
  .st-key-corner p { font-size: 12px !important; }
}
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
