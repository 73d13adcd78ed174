"""Segment a photo with FCN-32s, 16s and 8s: choose a picture and weights on the left, look on the right."""

from __future__ import annotations

import streamlit as st

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.bench.picture_source import picture_source
from app.bench.run_segmenter import run_segmenter
from app.bench.truth_source import held_truth
from app.bench.weights_picker import download_panel, weights_picker
from app.segment import certainty, compare, differences, export, heads, heatmaps, truth
from app.segment.doubt import doubt_notice
from app.segment.overlays import overlay_controls
from app.visitor import session, widgets

VIEWS = {
    "heads": ("Heads", heads.show),
    "compare": ("Before / after", compare.show),
    "heatmaps": ("Heatmaps", heatmaps.show),
    "certainty": ("Certainty", certainty.show),
    "differences": ("Differences", differences.show),
    "truth": ("Ground truth", truth.show),
    "export": ("Export", export.show),
}

st.title("Segment")
widgets.show_notices()
controls, board = st.columns([1, 2.4 if session.setting("large") else 3.2], gap="large")
with controls:
    picture = picture_source()
    record = weights_picker()
    overlay_controls()

with board:
    if record is None:
        st.subheader("No weights found")
        st.markdown(
            "Weights trained by this project lie in `assets/weights/`, and that folder is empty. Choose weights to "
            "download on the left, import a file of your own, or train some: `python -m fcn_core train --help`."
        )
        st.stop()
    if not bench_kept.is_here(record):
        download_panel(record)
        st.stop()
    if picture is None:
        st.subheader("No picture yet")
        st.markdown("Upload a photo on the left: drop a file, paste from the clipboard, or use the camera.")
        st.stop()
    view = widgets.pick_one("view", "View", {name: text for name, (text, _) in VIEWS.items()}, hide_label=True)
    result = run_segmenter(picture, record)
    if result is None:
        st.stop()
    case = Case(picture, record, result, held_truth(picture, result.labels))
    if session.bench().pixel and case.pixel is None:
        height, width = result.image.shape[:2]
        st.caption(
            f":material/info: The pixel in the address lies outside this {width}×{height} picture and was ignored."
        )
    doubt_notice(case)
    VIEWS[view][1](case)
