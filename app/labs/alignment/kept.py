"""What the Alignment lab keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from app.bench.identity import IDENTITY
from fcn_core.analysis.aligning.other import in_other_alignment
from fcn_core.segmenting.segmenter import Segmenter


@st.cache_resource(show_spinner=False, max_entries=2, hash_funcs=IDENTITY)
def other_alignment(segmenter: Segmenter) -> Segmenter:
    """The same weights, padded and cropped in the other way; ValueError where they cannot be."""
    loaded = segmenter.loaded
    other = replace(loaded, model=in_other_alignment(loaded.model), key=f"{loaded.key}:other-alignment")
    return Segmenter(other, device=segmenter.device)
