"""What every head says about the pixel on the bench, in words and bars."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import streamlit as st

from app.bench.case import Case
from app.parts.colours import hex_colour
from app.parts.words import percent

MOST_LIKELY = 5


def pixel_panel(case: Case, heads: Sequence[int]) -> None:
    """Draw the panel; without a pixel, say how to choose one."""
    pixel = case.pixel
    if pixel is None:
        st.markdown("**Pixel** :small[Click anywhere in a picture to read what each head says there.]")
        return
    x, y = pixel
    truth = f" · ground truth: {case.true_class(x, y)}" if case.truth is not None else ""
    st.markdown(f"**Pixel** x {x}, y {y}{truth}")
    for column, head in zip(st.columns(len(heads)), heads, strict=True):
        ranking = case.result.top(head, x, y, k=MOST_LIKELY)
        with column:
            st.markdown(in_words(case.labels.classes, head, ranking))
            st.html(_bars(case, ranking))
    if case.result.tiled:
        st.caption("This photo was cut into tiles; probabilities are read off the stride-8 grid.")


def in_words(classes: Sequence[str], head: int, ranking: Sequence[tuple[int, float]]) -> str:
    """One sentence: what a head sees at a pixel, how sure it is, and what else it considers."""
    best, probability = ranking[0]
    sentence = f"**{head}s** sees **{classes[best]}** ({_in_percent(probability)})"
    if len(ranking) == 1:
        return sentence + "."
    second, runner_up = ranking[1]
    if probability >= 0.95:
        return f"{sentence}, and hardly anything else."
    if probability - runner_up < 0.15:
        return f"{sentence}, but it could as well be {classes[second]} ({_in_percent(runner_up)})."
    return f"{sentence}, rather than {classes[second]} ({_in_percent(runner_up)})."


def _in_percent(probability: float) -> str:
    # No break between number and sign.
    if probability > 0.995:
        return "over 99\u00a0%"
    return "under 1\u00a0%" if probability < 0.01 else f"{100 * probability:.0f}\u00a0%"


def _bars(case: Case, ranking: Sequence[tuple[int, float]]) -> str:
    rows = "".join(
        f"<tr><td>{escape(case.labels.classes[index])}</td>"
        f'<td class="bar"><span style="width:{max(0.5, 100 * p):.1f}%;background:{hex_colour(case.colours[index])}">'
        f"</span></td><td class='number'>{percent(p)}</td></tr>"
        for index, p in ranking
    )
    return f"<table class='fcn-bars'>{rows}</table>"
