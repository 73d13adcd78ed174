"""What the Alignment lab keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app.bench import kept as bench_kept
from fcn_core.analysis.aligning.other import in_other_alignment
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.weights import WeightRecord


@st.cache_resource(show_spinner=False, max_entries=2)
def other_alignment(name: str, stamp: float, _record: WeightRecord) -> Segmenter:
    """The same weights, padded and cropped in the other way; ValueError where they cannot be."""
    loaded = bench_kept.segmenter(_record).loaded
    other = replace(loaded, model=in_other_alignment(loaded.model), key=f"{loaded.key}:other-alignment")
    return Segmenter(other, device=bench_kept.device())
