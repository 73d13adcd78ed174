"""Heads side by side, or one at a time in the same place: the class colours over the photo."""

from __future__ import annotations

import streamlit as st

from app.bench.case import Case
from app.segment import overlays
from app.segment.legend import legend
from app.segment.pixel_panel import pixel_panel
from app.visitor import widgets
from app.visitor.pixel_picture import picture


def show(case: Case) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        shown = _heads(case)
    for place, (column, head) in enumerate(zip(st.columns(len(shown)), shown, strict=True)):
        with column:
            picture(
                overlays.overlay(case, head),
                key=f"overlay-{place}",
                title=f"{head}s",
                alt=f"The picture with the classes of head {head}s",
                pixel=case.pixel,
                on_pixel=widgets.hold_pixel,
            )
    legend(case, case.head if case.head in shown else shown[-1])
    pixel_panel(case, case.heads)


def _heads(case: Case) -> list[int]:
    """Controls for which heads are shown; one at a time they follow the bench, so that flipping keeps the place."""
    if len(case.heads) == 1:
        return list(case.heads)
    layout = widgets.pick_one("layout", "Show", {"side": "Side by side", "one": "One at a time"})
    if layout == "one":
        return [widgets.head_picker(case.heads)]
    chosen = widgets.pick_some("heads", "Heads", [f"{head}s" for head in case.heads])
    return [head for head in case.heads if f"{head}s" in chosen]
