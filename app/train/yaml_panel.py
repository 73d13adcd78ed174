"""The same settings as YAML: look at them, take them along, bring them back."""

from __future__ import annotations

import re

import streamlit as st

from app.parts.words import megabytes
from app.train import draft_in_hand
from app.visitor import widgets

MOST_BYTES = 200_000


def yaml_panel() -> None:
    """Download and reading of the settings in hand, folded."""
    box = st.expander("The same settings as YAML", key="group-yaml", on_change="rerun")
    if not box.open:
        return
    with box:
        draft = draft_in_hand.draft()
        text = draft.to_yaml()
        name = re.sub(r"[^A-Za-z0-9._-]+", "-", str(draft.values["name"])).strip("-.") or "run"
        if draft.config is None:
            st.caption(":material/warning: Something in these settings does not fit yet; they are shown as they are.")
        st.code(text, language="yaml", height=320)
        st.download_button(
            "Download the settings",
            text,
            file_name=f"{name}.yaml",
            mime="application/yaml",
            icon=":material/download:",
            on_click="ignore",
        )
        st.caption("They start the same run from a terminal: `python -m fcn_core train FILE.yaml`")
        st.file_uploader("Read settings from a file", type=["yaml", "yml"], key="yaml-file", on_change=_from_file)
        st.text_area("… or paste them here", key="yaml-text", height=120, placeholder="name: my run\nepochs: 20\n…")
        st.button("Read the pasted settings", icon=":material/input:", on_click=_from_text)
        say_problem("yaml-problem")


def say_problem(key: str) -> None:
    """Say once why settings could not be used."""
    problem = st.session_state.pop(key, "")
    if problem:
        first, *rest = problem.splitlines()
        lines = [widgets.plain(first), *(f"- {widgets.plain(line.strip())}" for line in rest)]
        st.error("\n".join(lines), icon=":material/error:")


def _from_file() -> None:
    file = st.session_state.get("yaml-file")
    if file is None:
        return
    data = file.getvalue()
    if len(data) > MOST_BYTES:
        problem = f"{file.name} is too large for settings ({megabytes(len(data))})."
    else:
        try:
            problem = draft_in_hand.take_yaml(data.decode("utf-8-sig"), f"the settings of {file.name}")
        except UnicodeDecodeError:
            problem = f"{file.name} is not a text file; settings are YAML in UTF-8."
    st.session_state["yaml-problem"] = problem


def _from_text() -> None:
    text = st.session_state.get("yaml-text", "")
    if text.strip():
        problem = draft_in_hand.take_yaml(text, "pasted settings")
    else:
        problem = "There is nothing to read yet: paste the settings into the field first."
    st.session_state["yaml-problem"] = problem
