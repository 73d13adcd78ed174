"""The numbers of the pixel in hand at the temperature that is set, and the questions of the Heatmaps page."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.labs.shared.question_panel import Question
from app.parts.colours import hex_colour
from app.parts.words import number, percent
from fcn_core.analysis.evidence.heatmaps import pixel_logits, temperature_softmax

ROWS = 6


def pixel_numbers(case: Case, temperature: float) -> None:
    """Logit and probability of the strongest classes at the pixel in hand."""
    pixel = case.pixel
    if pixel is None:
        st.markdown("**Pixel** :small[Click anywhere in a map to read logits and probabilities there.]")
        return
    logits = pixel_logits(case.result, case.head, *pixel)
    shares = temperature_softmax(logits, temperature)
    order = np.argsort(-logits, kind="stable")[:ROWS]
    rows = "".join(
        f"<tr><td>{escape(case.labels.classes[i])}</td><td class='number'>z = {number(float(logits[i]))}</td>"
        f"<td class='bar'><span style='width:{max(0.5, 100 * shares[i]):.1f}%;"
        f"background:{hex_colour(case.colours[i])}'></span></td><td class='number'>{percent(shares[i])}</td></tr>"
        for i in order
    )
    st.markdown(f"**Pixel** x {pixel[0]}, y {pixel[1]} · {case.head}s · softmax of z / {temperature:.2g}")
    with st.container(width=620):
        st.html(f"<table class='fcn-bars'>{rows}</table>")
    if case.result.tiled:
        st.caption("This photo was cut into tiles: these are the logits of the 8×8 pixels around the pixel.")


def score_questions(case: Case) -> list[Question]:
    """Questions about the heatmaps of this picture."""
    coarse = max(case.heads)
    grid = case.result.maps.get("score_fr")
    shares = bench_kept.shares(case.result, case.head)
    best = max(shares)
    labels = case.labels.classes
    asked = [
        Question(
            "You raise the temperature from 1 to 10. How much of the picture changes its class?",
            ("None of it", "About a tenth", "Most of it: all classes become alike"),
            0,
            "Dividing every logit by the same T keeps their order: the largest stays the largest. Only how sure the "
            f"softmax looks changes, so {labels[shares.index(best)]} still has {percent(best)} of the picture.",
        ),
        Question(
            "What does upsampling add to the coarse cells?",
            (
                "Detail that the trunk saw but the cells do not show",
                "Nothing: between cells it is a weighted mean of their logits",
                "A second look at the photo",
            ),
            1,
            "Bilinear upsampling is linear and looks at nothing but the cells. Finer detail comes from the skips, "
            "which have smaller cells.",
        ),
    ]
    if grid is not None and not case.result.tiled:
        rows, columns = grid.shape[1:]
        height, width = case.result.image.shape[:2]
        right = f"{columns}×{rows}"
        asked.append(
            Question(
                f"The photo has {width}×{height} pixels. How many scores of one class does the deepest map hold?",
                (f"{width}×{height}", right, "1×1, as a classifier has"),
                1,
                f"The trunk halves the size {'five' if coarse == 32 else 'three'} times: a cell for every {coarse} "
                f"pixels, {right} in all. A classifier is this network over a picture so small that one cell is left.",
            )
        )
    return asked
