"""The legend: every class with its colour, name and share of the picture, to be switched on and off."""

from __future__ import annotations

import re

import streamlit as st

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.parts.colours import hex_colour
from app.parts.words import covered
from app.visitor import session


def legend(case: Case, head: int) -> None:
    """Draw the legend with the shares that one head gives the classes."""
    free = session.control("off") == "free"
    shares = bench_kept.shares(case.result, head)
    classes = case.labels.classes
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.markdown(f"**Classes** :small[and their share of the picture, as {head}s sees it]", width="stretch")
        with st.container(horizontal=True, width="content", gap="medium"):  # on a phone both go to the next line
            if free:
                st.button("All", key="legend-all", type="tertiary", on_click=_switch_off, args=((),))
                st.button("None", key="legend-none", type="tertiary", on_click=_switch_off, args=(classes,))
    keys = [f"legend-{case.labels.name}-{index}" for index in range(len(classes))]
    # The colours stand before the names as style, not as text: a screen reader hears name and share only.
    rules = (
        f".st-key-{re.sub('[^a-zA-Z0-9_-]', '-', key)} [data-testid=stWidgetLabel]::before"
        f" {{ background: {hex_colour(colour)}; }}"
        for key, colour in zip(keys, case.colours, strict=True)
    )
    st.html(f"<style>{' '.join(rules)}</style>")
    with st.grid(columns="auto", min_column_width=190, gap="small", key="legend"):
        for index, (name, key) in enumerate(zip(classes, keys, strict=True)):
            st.session_state[key] = index not in case.hidden
            st.checkbox(
                f"{name} {covered(shares[index])}",
                key=key,
                wrap=True,
                disabled=not free,
                on_change=_toggle,
                args=(name,),
            )


def _toggle(name: str) -> None:
    off = session.setting("off")
    session.change_setting("off", tuple(n for n in off if n != name) if name in off else (*off, name))


def _switch_off(names: tuple[str, ...]) -> None:
    session.change_setting("off", tuple(names))
