"""How sure each head is: confidence or entropy at every pixel, and what passes a threshold."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.bench.case import Case
from app.parts.pictures import SHARE_BAR, colour_bar
from app.parts.words import percent
from app.segment import kept
from app.segment.pixel_panel import pixel_panel
from app.visitor import widgets
from app.visitor.pixel_picture import picture

KINDS = {"confidence": "Confidence", "entropy": "Entropy"}
MEANING = {
    "confidence": "Confidence is the probability of the most likely class: 1 is certain.",
    "entropy": "Entropy is divided by the logarithm of the number of classes: 0 is certain, 1 wholly undecided.",
}


def show(case: Case) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        kind = widgets.pick_one("map", "Show", KINDS)
        with st.container(width=300):
            threshold = widgets.slide("threshold", "Threshold", 0, 100, format="%d %%") / 100
    for column, head in zip(st.columns(len(case.heads)), case.heads, strict=True):
        values = kept.certainty(case.result, kind, head)
        with column:
            picture(
                kept.certainty_picture(case.result, kind, head),
                key=f"{kind}-{head}",
                title=f"{head}s · mean {float(np.mean(values, dtype=np.float64)):.2f}",
                alt=f"{KINDS[kind]} of head {head}s at every pixel",
                pixel=case.pixel,
                on_pixel=widgets.hold_pixel,
                bar=colour_bar("cividis", SHARE_BAR, kind),
            )
            passing = values >= threshold
            picture(
                kept.passing_picture(case.result, kind, head, threshold),
                key=f"{kind}-passing-{head}",
                title=f"{kind} at least {threshold:.2f}: {percent(float(passing.mean()))} of the pixels",
                alt=f"The photo where the {kind} of head {head}s is at least {threshold:.2f}",
                pixel=case.pixel,
                on_pixel=widgets.hold_pixel,
            )
    st.caption(MEANING[kind] + " Pixels below the threshold are greyed.")
    pixel_panel(case, case.heads)
