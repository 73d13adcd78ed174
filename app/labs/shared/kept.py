"""What several labs keep: shared by all visitors, bounded, never changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st
import torch

from app.bench import kept as bench_kept
from app.bench.result_bytes import array_bytes
from app.parts.jobs import Jobs
from app.parts.pictures import Shown
from fcn_core.analysis.fields.receptive_field import ReceptiveFields, receptive_field
from fcn_core.analysis.measuring.trimap import boundary_distance

LAB_BYTES = 512 * 2**20


@st.cache_resource(show_spinner=False)
def lab_answers() -> Jobs:
    """Maps of layers, class grids and attributions that a lab has computed."""
    return Jobs(LAB_BYTES, size=array_bytes)


@st.cache_resource(show_spinner=False, max_entries=8)
def fields(name: str, stamp: float, _model: torch.nn.Module, size: tuple[int, int]) -> ReceptiveFields:
    """What every cell of every layer sees of a picture of this size."""
    return receptive_field(_model, size)


@st.cache_data(show_spinner=False, max_entries=60)
def drawn(key: tuple, _draw: Callable[[], Shown]) -> Shown:
    """A picture that a lab draws; `key` says all that it depends on."""
    return _draw()


@st.cache_resource(show_spinner=False, max_entries=16)
def distances(key: str, _truth: np.ndarray) -> np.ndarray:
    """Distance of every pixel of a ground truth to its boundaries."""
    return bench_kept._locked(boundary_distance(_truth))
