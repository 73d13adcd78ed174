"""One pass of the network for the picture and weights on the bench, with its waiting and failed states."""

from __future__ import annotations

import streamlit as st

from app.bench import kept
from app.bench.case import HeldPicture
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.weights import WeightRecord

QUIET = 0.4  # seconds without a progress bar, so that a quick answer does not make the page jump
BEAT = 0.2


def run_segmenter(picture: HeldPicture, record: WeightRecord) -> SegmentationResult | None:
    """The result of all heads, from the store if anyone has asked before; None after a failure that was shown."""
    try:
        job = kept.segmentation(picture.digest, picture.network_input, record)
        if not job.finished.wait(QUIET):
            size = "{1}×{0}".format(*picture.image.shape)
            bar = st.progress(0.0, text=f"Segmenting {size} pixels …")
            while not job.finished.wait(BEAT):
                tile = f"Tile {job.done} of {job.total}" if job.total > 1 else f"Segmenting {size} pixels …"
                bar.progress(job.done / job.total, text=tile)
            bar.empty()
        return job.answer()
    except (ValueError, MemoryError) as problem:
        sentence = str(problem) or "There is not enough memory for this picture; make it smaller."
        st.error(sentence, icon=":material/error:")
        return None
