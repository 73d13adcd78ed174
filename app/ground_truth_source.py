"""The ground truth on the bench: uploaded for this picture, or the exact one that a sample brings."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import cache, session
from app.case import HeldPicture
from fcn_core.labels import LabelSet

UPLOADER = "truth-upload"
SUFFIXES = ["png", "bmp", "tif", "tiff", "gif", "webp"]


def held_truth(picture: HeldPicture, labels: LabelSet) -> np.ndarray | None:
    """The label map H×W uint8 in the classes of `labels` and the picture's size, or None."""
    held = session.bench()
    shape = picture.image.shape[:2]
    if held.truth in session.uploads():
        upload = session.uploads()[held.truth]
        try:
            truth = cache.truth(upload.digest, upload.data, upload.name, labels.name, labels)
        except ValueError as problem:
            st.session_state["truth-problem"] = str(problem)
            return None
        if truth.shape != shape:
            st.session_state["truth-problem"] = (
                f"{upload.name} is {truth.shape[1]}×{truth.shape[0]} pixels and the picture is {shape[1]}×{shape[0]}; "
                "give a label map of the picture's size"
            )
            return None
        st.session_state.pop("truth-problem", None)
        return truth
    if held.upload is None and held.sample and labels.name == "camvid":
        truth = cache.sample_truth(held.sample)
        return truth if truth is not None and truth.shape == shape else None
    return None


def truth_uploader() -> None:
    """Draw the uploader, what is loaded, and what was wrong with the last file."""
    st.file_uploader(
        "Ground truth of this picture: a label map (one byte a pixel), a palette PNG, or a colour-coded mask",
        type=SUFFIXES,
        key=UPLOADER,
        on_change=_take,
    )
    if "truth-problem" in st.session_state:
        st.error(st.session_state["truth-problem"], icon=":material/error:")


def _take() -> None:
    file = st.session_state[UPLOADER]
    st.session_state.pop("truth-problem", None)
    if file is None:
        session.hold(truth=None)
        return
    session.hold(truth=session.keep_upload(file.name, file.getvalue(), use="truth").digest)
