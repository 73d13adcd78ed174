"""The look that the theme file cannot hold: large type, the projector's bare page, and a quiet page frame."""

from __future__ import annotations

import streamlit as st

from app import page_list
from app.visitor import session, teacher_look

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
.st-key-bench-strip [data-testid=stPopover] > div { display: flex; }
.st-key-bench-strip button { min-height: 2.1rem; padding: .15rem .6rem; }
.st-key-bench-strip button p { font-size: .88rem; }
@media (max-width: 640px) { .st-key-bench-strip button { padding: .15rem .45rem; }
  .st-key-bench-strip button [data-testid=stIconMaterial] { display: none; }
  :is(.st-key-bench-picture, .st-key-bench-class, .st-key-bench-class-after) button p > span:first-child
    { position: absolute; clip-path: inset(50%); } }
[class*=st-key-question-] [data-testid=stWidgetLabel] p { font-size: 1rem; }
body:has(.st-key-live) [data-testid=stStatusWidget] { visibility: hidden; }
.st-key-live [data-stale=true] { opacity: 1 !important; transition: none !important; }
.fcn-figures { display: grid; grid-template-columns: repeat(auto-fill, minmax(7rem, 1fr)); gap: .5rem 1rem; }
.fcn-figures span { display: block; font-size: .82rem; opacity: .75; }
.fcn-figures b { font-size: 1.15rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.fcn-differ { overflow-x: auto; }
.fcn-differ table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
.fcn-differ th, .fcn-differ td { padding: .3rem .8rem .3rem 0; text-align: left; white-space: nowrap;
  border-bottom: 1px solid rgb(128 128 128 / 30%); font-weight: 400; }
.fcn-differ tr:first-child th { font-weight: 600; }
.fcn-differ mark { background: rgb(61 143 209 / 22%); color: inherit; padding: .1rem .3rem; border-radius: 3px; }
.fcn-differ .mark { display: inline-block; width: 1.1rem; height: .7rem; margin-right: .4rem; border-radius: 2px; }
"""
LARGE = "html { font-size: 150% !important; }"
PROJECTOR = """
.stSidebar, .stAppHeader { display: none !important; }
.stMainBlockContainer { padding-top: 1.5rem; padding-bottom: 4.5rem; }
"""


def apply_appearance(page: page_list.PageRecord) -> None:
    """Draw the appearance switches in the side bar and apply them. Runs before every page."""
    projector = session.setting("projector")
    if not projector:
        with st.sidebar:
            _switch("large", "Large type", "Everything grows by half.")
            _switch("projector", "Projector", "Large type and no side bar; a button in the corner leads back.")
    large = LARGE if session.setting("large") else ""
    st.html(f"<style>{FRAME}{large}{PROJECTOR if projector else ''}{teacher_look.style(page)}</style>")


def _switch(name: str, label: str, help: str) -> None:
    key = f"{name}-switch"
    st.session_state[key] = session.setting(name)
    st.toggle(label, key=key, help=help, on_change=lambda: session.change_setting(name, st.session_state[key]))
