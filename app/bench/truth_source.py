"""The ground truth on the bench: uploaded for this picture, or the exact one that a sample brings."""

from __future__ import annotations

import streamlit as st

from app.bench import kept
from app.bench.case import Case
from app.bench.held import HeldPicture, HeldTruth
from app.visitor import session, widgets
from fcn_core.labels import LabelSet

UPLOADER = "truth-upload"
SUFFIXES = ["png", "bmp", "tif", "tiff", "gif", "webp", "jpg", "jpeg"]


def held_truth(picture: HeldPicture, labels: LabelSet) -> HeldTruth | None:
    """The ground truth in the classes of `labels`, or None; what is wrong with an upload is told by the uploader."""
    held = session.bench()
    st.session_state["truth-problem"] = None
    if held.truth in session.uploads():
        upload = session.uploads()[held.truth]
        try:
            return kept.truth(upload, labels, picture.image.shape[:2])
        except ValueError as problem:
            sentence = str(problem)
            named = sentence if sentence.startswith(upload.name) else f"{upload.name}: {sentence}"
            st.session_state["truth-problem"] = named
            return None
    if held.upload is None and held.sample and labels.name == "camvid":
        return kept.sample_truth(held.sample)
    return None


def truth_uploader(case: Case) -> None:
    """`truth_source` for what a case holds."""
    truth_source(case.truth, case.labels)


def truth_source(truth: HeldTruth | None, labels: LabelSet) -> None:
    """Say what the ground truth is, take another one, and tell what was wrong with it."""
    problem = st.session_state.get("truth-problem")
    if truth is not None:
        note = f" ({truth.note})" if truth.note else ""
        st.markdown(f"**Ground truth:** {widgets.plain(truth.title)}{note}")
    elif problem is None:
        st.markdown(
            f"**No ground truth yet.** Add a label map of this picture in the classes of these weights "
            f"({labels.title}) to see where each head is wrong."
        )
    if problem is not None:
        st.error(widgets.plain(problem), icon=":material/error:")
    with st.expander("Upload a ground truth", expanded=truth is None):
        st.file_uploader(
            "A label map with one class index per pixel, a palette PNG, or a mask in the class colours",
            type=SUFFIXES,
            key=UPLOADER,
            on_change=_take,
        )


def _take() -> None:
    file = st.session_state[UPLOADER]
    session.hold(truth=None if file is None else session.keep_upload(file.name, file.getvalue(), use="truth").digest)
