"""Keeps the answers in the browser's session storage too: a reloaded page, or one whose server restarted, has them.

The storage is the tab's own and ends with it, so the next student at a shared machine starts with nothing.
"""

from __future__ import annotations

import secrets

import streamlit as st

from app.labs.shared import answers
from app.parts import browser_parts

_keeper = browser_parts.register("answers", html=False)


def keep(place: str) -> None:
    """Write this visit's answers into the browser; first take over those that another visit of the tab left there.

    place: tells the pages apart.
    """
    key = f"answer-keeper-{place}"

    def found() -> None:
        left = (st.session_state.get(key) or {}).get("found")
        st.session_state["answers-taken"] = True
        if isinstance(left, str):
            answers.unpack(left)

    visit = st.session_state.setdefault("visit", secrets.token_hex(8))
    taken = bool(st.session_state.get("answers-taken"))
    _keeper(key=key, data={"visit": visit, "taken": taken, "held": answers.pack()}, on_found_change=found)
