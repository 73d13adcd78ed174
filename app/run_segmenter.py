"""One pass of the network for the picture and weights on the bench, with its waiting and failed states."""

from __future__ import annotations

import streamlit as st

from app import cache
from app.case import HeldPicture
from fcn_core.result import SegmentationResult
from fcn_core.weights import WeightRecord


def run_segmenter(picture: HeldPicture, record: WeightRecord) -> SegmentationResult | None:
    """The result of all heads, from the store if anyone has asked before; None after a failure that was shown."""
    kept = cache.results().peek(cache.result_key(picture.digest, record))
    if kept is not None:
        return kept
    place = st.empty()
    height, width = picture.image.shape[:2]
    bar = place.progress(0.0, text=f"Segmenting {width}×{height} pixels …")

    def progress(done: int, total: int) -> None:
        text = f"Tile {done} of {total}" if total > 1 else f"Segmenting {width}×{height} pixels …"
        bar.progress(done / total, text=text)

    try:
        return cache.segment(picture.digest, picture.image, record, progress)
    except (ValueError, MemoryError) as problem:
        st.error(
            str(problem) or "There is not enough memory for this picture; make it smaller.", icon=":material/error:"
        )
        return None
    finally:
        place.empty()
