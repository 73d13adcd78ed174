"""The recipes as cards, one plain sentence each."""

from __future__ import annotations

import streamlit as st

from app.train import draft_in_hand
from app.visitor import widgets
from fcn_core.training.settings.presets import PRESETS

# A group of radio buttons that looks like cards: arrow keys and screen readers know it as what it is.
CARDS = """
.st-key-presets [role=radiogroup] { display: grid; grid-template-columns: repeat(auto-fill, minmax(215px, 1fr));
  align-items: stretch; gap: .6rem; width: 100%; }
.st-key-presets [role=radiogroup] > div { position: relative; padding: .55rem .7rem .6rem; border-radius: .375rem;
  border: 1px solid rgb(128 128 128 / 32%); }
.st-key-presets [role=radiogroup] > div:hover { border-color: rgb(128 128 128 / 70%); }
.st-key-presets [role=radiogroup] > div:has(input:checked) { border-color: var(--fcn-accent);
  box-shadow: inset 0 0 0 1px var(--fcn-accent); }
.st-key-presets [role=radiogroup] > div:has(input:focus-visible) { outline: 2px solid var(--fcn-accent);
  outline-offset: 2px; }
.st-key-presets [data-testid=stRadioOption]::after { content: ""; position: absolute; inset: 0; }
.st-key-presets [data-testid=stRadioOption] > div { position: relative; z-index: 1; }
"""


def preset_picker() -> None:
    """Draw the cards. Choosing one begins anew; the settings before can be brought back."""
    draft = draft_in_hand.draft()
    accent = st.get_option(f"theme.{st.context.theme.type or 'light'}.primaryColor")
    st.html(f"<style>:root {{ --fcn-accent: {accent}; }}{CARDS}</style>")
    with st.container(key="presets"):
        st.session_state["preset"] = draft.preset or None
        st.radio(
            "Recipe",
            list(PRESETS),
            format_func=lambda name: f"**{PRESETS[name].title}**",
            captions=[PRESETS[name].about for name in PRESETS],
            key="preset",
            label_visibility="collapsed",
            on_change=_chosen,
            width="stretch",
        )
    if not draft.preset:
        st.caption(f":material/content_copy: These are {widgets.plain(draft.origin)}; choose a recipe to start afresh.")
    before = st.session_state.get("draft-before")
    if before is not None:
        st.button(
            f"Bring back the changed settings of {before.origin}",
            icon=":material/undo:",
            type="tertiary",
            on_click=_bring_back,
        )


def _chosen() -> None:
    before = draft_in_hand.draft()
    st.session_state.pop("draft-before", None)
    if before.base != before.values or before.typed:
        st.session_state["draft-before"] = before
    draft_in_hand.choose_preset(st.session_state["preset"])


def _bring_back() -> None:
    draft_in_hand.keep(st.session_state.pop("draft-before"))
