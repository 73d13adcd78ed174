"""What several labs keep: shared by all visitors, bounded, never changed."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.bench import kept as bench_kept
from app.bench.held import HeldTruth
from app.bench.result_bytes import array_bytes
from app.parts.identity import IDENTITY
from app.parts.jobs import Jobs
from fcn_core.analysis.fields.receptive_field import ReceptiveFields, receptive_field
from fcn_core.analysis.measuring.trimap import boundary_distance
from fcn_core.segmenting.segmenter import Segmenter

LAB_BYTES = 512 * 2**20


@st.cache_resource(show_spinner=False)
def lab_answers() -> Jobs:
    """Maps of layers, class grids and attributions that a lab has computed."""
    return Jobs(LAB_BYTES, size=array_bytes)


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs=IDENTITY)
def fields(segmenter: Segmenter, size: tuple[int, int]) -> ReceptiveFields:
    """What every cell of every layer sees of a picture of this size."""
    return receptive_field(segmenter.loaded.model, size)


@st.cache_resource(show_spinner=False, max_entries=16, hash_funcs=IDENTITY)
def distances(truth: HeldTruth) -> np.ndarray:
    """Distance of every pixel of a ground truth to its boundaries."""
    return bench_kept.locked(boundary_distance(truth.mask))
