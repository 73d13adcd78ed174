"""Who pulls at the weights: the share of the gradient that each class sends, for each kind of class weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from app.bench.case import Case
from app.bench.truth_source import truth_uploader
from app.labs.metrics import kept
from app.labs.metrics.bars import BarRow, bar_table
from app.labs.metrics.pull import Pull, pixel_shares
from app.labs.metrics.stored_runs import runs_on
from app.labs.metrics.weighting import FORMULAS, KINDS, weights_of
from app.labs.shared import lab
from app.parts.colours import hex_colour
from app.parts.words import percent
from app.visitor import widgets
from fcn_core.labels import VOID
from fcn_core.segmenting.scores import FullScores

SERIES = ("pixels of this picture", "gradient at the start", "gradient now, these weights")
IN_THOSE = "A class's frequency is its share of the pictures that show it. "
SMALL = 0.02  # share of the pixels under which a class counts as rare here


@dataclass(frozen=True)
class TrainingCounts:
    """Shares of the labelled pixels of each class, K; the pictures that show it, in the same unit, K, or None for one
    picture; and which pictures these are."""

    shares: np.ndarray
    shown_in: np.ndarray | None
    where: str


@st.fragment
def gradient_panel(case: Case) -> None:
    """The choice of weights, the bars, and the check."""
    st.subheader("Who pulls at the network", anchor=False)
    if case.truth is None:
        truth_uploader(case)
        return
    if not isinstance(case.result.scores[case.head], FullScores):
        st.info("This photo was cut into tiles, and its scores are kept only in parts. Choose a smaller one.")
        return
    if not (case.truth.mask != VOID).any():
        st.info("Every pixel of the ground truth is void: no class pulls at anything.")
        return
    kind = widgets.pick_one("m_w", "Class weights", KINDS)
    counted = training_counts(case)
    pull = kept.pull(case.result, case.truth, case.head, weights_of(counted.shares, kind, counted.shown_in))
    order = np.argsort(-pull.pixels, kind="stable")
    rows = [
        BarRow(
            case.labels.classes[i],
            hex_colour(case.colours[i]),
            ("1" if pull.weights is None else f"{pull.weights[i]:.2f}",),
            (float(pull.pixels[i]), float(pull.start[i]), float(pull.now[i])),
        )
        for i in order
        if pull.pixels[i] > 0
    ]
    left, right = st.columns([1.5, 1], gap="large")
    with left:
        st.html(bar_table(("class", "weight", "percent"), SERIES, rows))
    with right:
        st.markdown(_story(case, pull, kind))
        st.caption(
            f"Weight: {FORMULAS[kind]}, counted on {counted.where}. {IN_THOSE if kind == 'median_frequency' else ''}"
            "At the start the score layers are zero, every class has the same probability, and a class pulls with its "
            "pixels times its weight. Now each pixel pulls with weight × (1 − probability of the true class): what the "
            "network knows pulls no more."
        )
    lab.check("shares of the gradient at the start, from autograd of the training loss", pull.differences[0], 1e-5)
    lab.check(f"the same for the logits of head {case.head}s", pull.differences[1], 1e-5)


def training_counts(case: Case) -> TrainingCounts:
    """What weights are computed from: the training pictures where they were counted, else the one in hand."""
    data = case.record.name if runs_on(case.record.name) else "streets"
    for run in runs_on(data).values():
        if run.classes == case.labels.classes:
            where = f"the training pictures of {'CamVid' if data == 'camvid' else 'the drawn streets'}"
            return TrainingCounts(run.shares, run.shown_in, where)
    assert case.truth is not None
    return TrainingCounts(pixel_shares(case.truth.mask, len(case.labels)), None, "this picture")


def _story(case: Case, pull: Pull, kind: str) -> str:
    rare = (pull.pixels > 0) & (pull.pixels < SMALL)
    top = int(pull.now.argmax())
    parts = []
    if rare.any():
        parts.append(
            f"The {int(rare.sum())} classes under {100 * SMALL:.0f} % of the pixels cover "
            f"**{percent(pull.pixels[rare].sum())}** of this picture. With weights **{KINDS[kind]}** they send "
            f"**{percent(pull.start[rare].sum())}** of the gradient at the start, and "
            f"**{percent(pull.now[rare].sum())}** now."
        )
    parts.append(
        f"Most of the gradient now comes from {case.labels.classes[top]} ({percent(pull.now[top])}), which covers "
        f"{percent(pull.pixels[top])}."
    )
    return " ".join(parts)
