"""What the Transposed convolution lab keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st


@st.cache_resource(show_spinner=False, max_entries=12)
def enlarged(key: tuple, _enlarge: Callable[[], Any]) -> Any:
    """What the upsample view enlarged; `key` says from what and how."""
    return _enlarge()
