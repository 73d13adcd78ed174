"""Before and after: two pictures of one size under a movable edge."""

from __future__ import annotations

import streamlit as st

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.parts import browser_parts
from app.parts.pictures import Shown
from app.segment import overlays
from app.segment.legend import legend
from app.visitor import widgets


def show(case: Case) -> None:
    heads = {f"{head}s": f"{head}s" for head in case.heads}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        left = widgets.pick_one("left", "Left", {"photo": "Photo", **heads})
        right = widgets.pick_one("right", "Right", heads, fallback=f"{min(case.heads)}s")
    browser_parts.before_after(
        (_name(left), _shown(case, left)), (_name(right), _shown(case, right)), key="before-after"
    )
    st.caption("Drag the edge, or focus the picture and use the arrow keys.")
    legend(case, int(right[:-1]))


def _name(choice: str) -> str:
    return "Photo" if choice == "photo" else choice


def _shown(case: Case, choice: str) -> Shown:
    if choice == "photo":
        return bench_kept.photo(case.picture)
    return overlays.overlay(case, int(choice[:-1]))
