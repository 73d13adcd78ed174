"""Mean IoU near the true boundaries, for every head over the width of the band: this picture, and a whole data set."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import streamlit as st

from app.bench.truth_source import truth_uploader
from app.labs.fusion import kept
from app.labs.fusion.figures import trimap_figure
from app.labs.fusion.set_panel import set_panel
from app.labs.shared import kept as labs_kept
from app.labs.shared import lab
from app.labs.shared.chart_json import chart_json
from app.labs.shared.fusion_case import FusionCase
from app.parts.browser_figures import figure, plotly_library
from app.parts.pictures import Shown, encode, view, view_photo
from app.parts.words import hundredths, percent
from app.visitor import widgets
from app.visitor.pixel_picture import picture
from fcn_core import draw
from fcn_core.analysis.measuring.trimap import THIN, Trimap, boundary_distance, searched_distance
from fcn_core.labels import VOID
from fcn_core.metrics import ConfusionMatrix

MEASURES = {
    "all": (("miou", "mean IoU"),),
    "split": (("thin", "mean IoU of thin classes"), ("large", "mean IoU of large classes")),
}


def show(found: FusionCase) -> None:
    """This picture first, then the set."""
    plotly_library()
    st.subheader("This picture", anchor=False)
    if found.case.truth is None:
        truth_uploader(found.case)
    else:
        _this_picture(found)
    set_panel(found, chart)
    lab.show_code(boundary_distance, searched_distance, Trimap)


def _this_picture(found: FusionCase) -> None:
    assert found.case.truth is not None
    counted = kept.trimap(found.case.result, found.case.truth)
    left, right = st.columns([1, 1.5], gap="large")
    with left:
        _band_picture(found)
    with right:
        chart(counted, found.case.labels.classes, key="picture")
    difference = kept.distance_check(found.case.truth)
    lab.check("distances of 16 pixels to the boundary, found by looking at every other pixel", difference, 1e-3)


@st.fragment
def _band_picture(found: FusionCase) -> None:
    """The band over the errors; its width is a slider."""
    case = found.case
    assert case.truth is not None
    truth = case.truth.mask
    k = widgets.slide("f_k", "Half width k of the band, pixels", 1, 48)
    head = found.head
    near = labs_kept.distances(case.truth) <= k
    shown = band_picture(case.result.image, truth, case.result.label_maps[head], near)
    title = f"Within {k} px of a true boundary, head {head}s"
    picture(shown, key="fusion-band", title=title, alt=title, pixel=case.pixel)
    matrix = ConfusionMatrix(len(case.labels))
    matrix.update(truth[near], case.result.label_maps[head][near])
    scores, counted = matrix.scores(), truth != VOID
    share = float((near & counted).sum() / max(1, counted.sum()))
    st.markdown(
        f"The band holds **{percent(share)}** of the counted pixels; there {head}s reaches "
        f"**{hundredths(scores.miou)}** mean IoU and {hundredths(scores.pa)} pixel accuracy."
    )
    st.caption("In the band: pale is right, orange wrong, dark void. The rest of the photo is greyed.")


def band_picture(image: np.ndarray, truth: np.ndarray, labels: np.ndarray, near: np.ndarray) -> Shown:
    """Right and wrong pixels of the band over the greyed photo, at viewing size."""
    photo, band = view_photo(image), view(near)
    grey = draw.threshold_map(photo, np.zeros(photo.shape[:2], np.float32), 1.0, fade=0.55)
    errors = draw.error_map(view(truth), view(labels))
    return encode(np.where(band[:, :, None], errors, grey), full_size=truth.shape, photo=True)


def chart(counted: Trimap, classes: Sequence[str], *, key: str) -> None:
    """The curves, which classes are thin, and the numbers."""
    kind = widgets.pick_one("f_iou", "Mean over", {"all": "All classes", "split": "Thin and large apart"}, place=key)
    points = counted.points()
    columns = st.columns(len(MEASURES[kind]))
    for column, (measure, title) in zip(columns, MEASURES[kind], strict=True):
        with column:
            drawn = chart_json(trimap_figure(points, measure, title))
            figure(drawn, key=f"fusion-trimap-{key}-{measure}", alt=f"{title} over the width of the band")
    thickness = counted.thickness
    order = sorted((i for i, t in enumerate(thickness) if not math.isnan(t)), key=lambda i: thickness[i])
    thin, large = counted.thin_classes(), counted.large_classes()
    listed = [
        ", ".join(f"{classes[i]} {thickness[i]:.0f}" for i in order if i in group) or "none" for group in (thin, large)
    ]
    st.caption(
        f"Thin, below {THIN:.0f} px in this truth: {listed[0]}. Large: {listed[1]}. Dotted levels: the whole picture. "
        "Thickness is 4 · mean distance to the nearest other label − 2, exact for a long strip."
    )
    with st.expander("The numbers, and how a band is defined"):
        st.markdown(_table(counted))
        st.markdown(
            "The band of k holds the pixels whose centre is at most k pixels from the nearest pixel with another true "
            "label. Void counts as another label but is never counted itself; the picture's edge is no boundary. The "
            "trimap is due to Kohli, Ladicky and Torr (IJCV 2009) and Krähenbühl and Koltun (NIPS 2011), who count "
            "wrong pixels; mean IoU inside it is used since Chen et al. (ICLR 2015)."
        )


def _table(counted: Trimap) -> str:
    lines = ["| head | k | mean IoU | thin | large | pixel accuracy | pixels |", "|---" * 7 + "|"]
    for p in counted.points():
        k = "whole" if p.k is None else str(p.k)
        values = " | ".join(hundredths(v) for v in (p.miou, p.thin, p.large, p.pa))
        lines.append(f"| {p.head}s | {k} | {values} | {p.pixels:,} |")
    return "\n".join(lines)
