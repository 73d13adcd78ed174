"""Controls for how curves of runs are drawn, shared by the pages that draw them."""

from __future__ import annotations

import streamlit as st

from app.runs.charts import AXES, View
from app.visitor import session, widgets


def held_view(kept: str) -> View:
    """How curves are drawn now; `kept` names what is shown, so that a zoom belongs to it."""
    smoothing = session.setting("smooth") / 100
    return View(axis=session.setting("axis"), smoothing=smoothing, log=session.setting("log"), kept=kept)


def view_controls(*, colours: bool = False) -> None:
    """The x axis, smoothing, the scale of the loss, and with `colours` the palette of the classes."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        widgets.pick_one("axis", "Along", AXES)
        with st.container(width=260):
            widgets.slide(
                "smooth", "Smoothing", 0, 99, format="%d %%", help="How much of the course so far each step keeps"
            )
        widgets.switch("log", "Log scale", help="For loss and gradient")
        if colours:
            widgets.switch("safe", "Colour-blind safe", help="Class colours that stay apart for everyone")
