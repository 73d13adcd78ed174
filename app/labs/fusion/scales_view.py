"""Scale a skip by -1 to 2, or turn it off, and watch labels, boundaries and measures follow at once."""

from __future__ import annotations

import math
from time import perf_counter

import numpy as np
import streamlit as st

from app.labs.fusion import parts
from app.labs.fusion.figures import FEW_CLASSES
from app.labs.shared import kept as labs_kept
from app.labs.shared import lab
from app.labs.shared.fusion_case import FusionCase, nothing_to_fuse
from app.labs.shared.streams import STREAM_COLOURS
from app.parts.colours import hex_colour
from app.parts.pictures import encode, view, view_photo
from app.parts.tables import table
from app.parts.words import hundredths, percent
from app.settings.fusion import SCALES
from app.visitor import session, widgets
from fcn_core import draw
from fcn_core.analysis.fusing.enlarged_labels import enlarged_labels
from fcn_core.analysis.fusing.fusion import Fusion
from fcn_core.metrics import ConfusionMatrix, Scores


def show(found: FusionCase) -> None:
    """The sliders and what follows from them."""
    if nothing_to_fuse(found):
        return
    _live(found)
    fusion, head = found.fusion, skip_head(found)
    assert fusion is not None
    different = float((fusion.label_map(head) != found.case.result.label_maps[head]).mean())
    lab.check(
        f"label map fused from the score maps alone and that of head {head}s, share of pixels that differ",
        different, 1e-4,
    )  # fmt: skip
    st.caption(
        "A factor scales all that a score layer adds, its bias included. The network was trained with factor 1. (The "
        "scales of at-once training are another thing: they shrink a skip's features before its score layer.)"
    )
    lab.show_code(Fusion.fused, Fusion.label_map, enlarged_labels)


def skip_head(found: FusionCase) -> int:
    """The head in hand if it has a skip, or the finest."""
    assert found.fusion is not None
    return found.head if len(found.fusion.streams(found.head)) > 1 else min(found.fusion.heads)


@st.fragment
def _live(found: FusionCase) -> None:
    """Only this is drawn again while a slider moves."""
    fusion, case = found.fusion, found.case
    assert fusion is not None
    head = skip_head(found)
    skips = fusion.streams(head)[1:]
    percents = {stream: session.setting(SCALES[stream]) for stream in skips}
    began = perf_counter()
    labels = fusion.label_map(head, {stream: value / 100 for stream, value in percents.items()})
    took = 1e3 * (perf_counter() - began)
    drawn = draw.overlay(
        view_photo(case.result.image), view(labels), case.colours, session.setting("opacity") / 100, case.hidden
    )
    if session.setting("f_lines"):
        drawn = draw.contours(drawn, view(labels))
    shown = encode(drawn, full_size=labels.shape, photo=True)
    left, right = st.columns([1.6, 1], gap="large")
    with left:
        parts.scaling(
            shown, [(s, hex_colour(STREAM_COLOURS[s]), percents[s], session.control(SCALES[s])) for s in skips],
            key="fusion-scaling",
            alt=f"Label map of head {head}s with scaled skips", milliseconds=took, on_scales=_hold,
        )  # fmt: skip
        widgets.switch("f_lines", "Boundaries")
    with right:
        trained = case.result.label_maps[head]
        st.markdown(f"**Head {head}s** {_formula(percents)}")
        st.markdown(f"{percent(float((labels != trained).mean()))} of the labels differ from those of the trained sum.")
        if found.truth is None:
            st.caption("With a ground truth, the measures would appear here. Add one under Truth above.")
            st.html(_shares(labels, trained, case.labels.classes))
        else:
            st.html(_measures(found, labels, trained))
            st.caption(
                f"In percent, on this picture. Band: pixels within {session.setting('f_k')} of a true boundary; its "
                "width is set under Boundaries."
            )


def _hold(values: dict[str, int]) -> None:
    for stream, value in values.items():
        if stream in SCALES:
            session.change_setting(SCALES[stream], value)


def _formula(percents: dict[str, int]) -> str:
    terms = ["fc7"]
    for stream, value in percents.items():
        sign = "−" if value < 0 else "+"
        terms.append(f"{sign} {abs(value) / 100:.2f} · {stream}")
    return ":small[= " + " ".join(terms) + "]"


def _shares(labels: np.ndarray, trained: np.ndarray, classes: tuple[str, ...]) -> str:
    now, before = (np.bincount(m.ravel(), minlength=len(classes)) / m.size for m in (labels, trained))
    order = np.argsort(-np.maximum(now, before), kind="stable")[:FEW_CLASSES]
    rows = [(classes[i], percent(now[i]), percent(before[i])) for i in order]
    return table(("share of the pixels", "now", "as trained"), rows)


def _measures(found: FusionCase, labels: np.ndarray, trained: np.ndarray) -> str:
    assert found.case.truth is not None
    truth = found.case.truth.mask
    near = labs_kept.distances(found.case.truth) <= session.setting("f_k")
    whole = [_scores(truth, m, found) for m in (labels, trained)]
    band = [_scores(truth[near], m[near], found) for m in (labels, trained)]
    rows = [
        _row("pixel accuracy", [s.pa for s in whole]),
        _row("mean IoU", [s.miou for s in whole]),
        _row("mean IoU in the band", [s.miou for s in band]),
    ]
    for i, name in enumerate(found.case.labels.classes):
        values = [s.iou[i] for s in whole]
        if not all(math.isnan(v) for v in values):
            rows.append(_row(f"IoU {name}", values))
    return table(("", "now", "as trained", "change"), rows)


def _scores(truth: np.ndarray, labels: np.ndarray, found: FusionCase) -> Scores:
    matrix = ConfusionMatrix(len(found.case.labels))
    matrix.update(truth, labels)
    return matrix.scores()


def _row(title: str, values: list[float]) -> tuple[str, ...]:
    now, before = values
    change = now - before
    shown = "" if math.isnan(change) or abs(change) < 5e-4 else f"{100 * change:+.1f}".replace("-", "−")
    return title, hundredths(now), hundredths(before), shown
