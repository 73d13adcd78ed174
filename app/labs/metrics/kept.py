"""What the Metrics lab keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import streamlit as st

from app.bench import kept as bench_kept


@st.cache_resource(show_spinner=False, max_entries=48)
def disturbed(key: tuple, _disturb: Callable[[], np.ndarray]) -> np.ndarray:
    """A label map of the Metrics lab; `key` says which, and what was done to it."""
    return bench_kept._locked(_disturb())


@st.cache_resource(show_spinner=False, max_entries=96)
def kept_counts(key: tuple, _count: Callable[[], Any]) -> Any:
    """What a lab has counted; `key` says of what."""
    return _count()
