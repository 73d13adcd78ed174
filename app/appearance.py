"""The look that the theme file cannot hold: the projector's large type, and a quiet page frame."""

from __future__ import annotations

import streamlit as st

from app import session

# Streamlit sizes everything in rem, so one number scales the page. The rest keeps pictures high on the
# page and the header from floating over them, and their size when a scroll bar comes or goes.
FRAME = """
.stMain { scrollbar-gutter: stable; }
.stMainBlockContainer { padding: 4.2rem 2.5rem 4rem; }
.stMainBlockContainer h1 { padding: 0 0 .25rem 0; }
@media (max-width: 640px) { .stMainBlockContainer { padding-left: 1rem; padding-right: 1rem; } }
.st-key-legend [data-testid=stWidgetLabel]::before { content: ""; flex: none; width: 1.6rem; height: 1.2rem;
  margin-right: .4rem; border-radius: 3px; }
.fcn-bars { width: 100%; border-collapse: collapse; font-size: .82rem; font-variant-numeric: tabular-nums; }
.fcn-bars td { padding: 1px 6px 1px 0; border: 0; white-space: nowrap; }
.fcn-bars .bar { width: 100%; }
.fcn-bars .bar span { display: block; height: .65rem; outline: 1px solid rgb(128 128 128 / 50%); }
.fcn-bars .number { text-align: right; }
"""
LARGE = "html { font-size: 150% !important; }"


def apply_appearance() -> None:
    """Draw the appearance switches in the side bar and apply them. Runs before every page."""
    with st.sidebar:
        st.session_state["large-type"] = session.setting("large")
        st.toggle(
            "Large type",
            key="large-type",
            help="For the projector: everything grows by half.",
            on_change=lambda: session.change_setting("large", st.session_state["large-type"]),
        )
    st.html(f"<style>{FRAME}{LARGE if session.setting('large') else ''}</style>")
