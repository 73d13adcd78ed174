"""Heads side by side, or one at a time in the same place: the class colours over the photo."""

from __future__ import annotations

import streamlit as st

from app import browser_parts, overlays, widgets
from app.case import Case
from app.legend import legend
from app.pixel_panel import pixel_panel


def show(case: Case) -> None:
    names = [f"{head}s" for head in case.heads]
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        chosen = widgets.pick_some("heads", "Heads", names) if len(names) > 1 else tuple(names)
        overlays.overlay_controls()
    shown = [head for head in case.heads if f"{head}s" in chosen]
    for column, head in zip(st.columns(len(shown)), shown, strict=True):
        with column:
            browser_parts.picture(
                overlays.overlay(case, head),
                key=f"head-{head}",
                title=f"{head}s",
                alt=f"The picture with the classes of head {head}s",
                pixel=case.pixel,
                on_pixel=widgets.hold_pixel,
            )
    legend(case)
    pixel_panel(case, shown)
