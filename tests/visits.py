"""Visits to the app's pages without a browser: open one at an address, change the address, read it, find a control."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import streamlit as st
from app_bench import HOME, TINY
from streamlit.testing.v1 import AppTest

WORDS = ("title", "subheader", "markdown", "caption", "error", "warning", "info", "success", "html", "progress")
CONTROLS = (
    "button", "button_group", "checkbox", "multiselect", "number_input", "radio", "select_slider", "selectbox",
    "slider", "text_input", "toggle",
)  # fmt: skip


def open_page(file: str, address: Mapping[str, str], *, state: Mapping[str, object] | None = None) -> AppTest:
    """A new visitor, with this session state, opens pages/`file` at an address; nothing may be raised."""
    test = AppTest.from_file(HOME, default_timeout=120)
    for name, value in (state or {}).items():
        test.session_state[name] = value
    if file != "home.py":
        test.switch_page(f"../pages/{file}")
    for name, value in address.items():
        test.query_params[name] = value
    return settled(test.run())


def open_lab(file: str, state: Mapping[str, object] | None = None, **address: str) -> AppTest:
    """A new visitor opens the lab in pages/`file`: a sample, and tiny weights."""
    return open_page(file, {"weights": TINY, "sample": "streets-1", **address}, state=state)


def change(test: AppTest, **address: str) -> str:
    """What the page says after its address has changed in these parts."""
    for name, value in address.items():
        test.query_params[name] = value
    return text(settled(test.run()))


def settled(test: AppTest) -> AppTest:
    """The visit, when its last run raised nothing."""
    assert not test.exception, [problem.value for problem in test.exception]
    return test


def text(test: AppTest) -> str:
    """Everything that the page says in words; no style sheets, and every space is a plain one."""
    said = [_words(element) for kind in WORDS for element in test.get(kind)]
    return "\n".join(words for words in said if words)


def _words(element: Any) -> str:
    """What an element says, whether AppTest knows its kind or only passes its message on."""
    message = element.proto
    said = (getattr(element, "value", ""), getattr(message, "body", ""), getattr(message, "text", ""))
    words = next((words for words in said if isinstance(words, str) and words), "")
    return re.sub("<style>.*?</style>", "", words, flags=re.DOTALL).replace("\u00a0", " ")


def control(test: AppTest, key: str):
    """The widget with this key; it must be there."""
    found = [widget for kind in CONTROLS for widget in test.get(kind) if widget.key == key]
    assert found, f"no control {key}"
    return found[0]


def forget() -> None:
    """Nothing is kept any more of what pages have computed and read."""
    st.cache_data.clear()
    st.cache_resource.clear()
