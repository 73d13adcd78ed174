"""Heatmaps: the probability (softmax) of one class at every pixel, for each head."""

from __future__ import annotations

import streamlit as st

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.parts.pictures import SHARE_BAR, colour_bar
from app.parts.words import covered
from app.segment import kept
from app.segment.pixel_panel import pixel_panel
from app.visitor import widgets
from app.visitor.pixel_picture import picture


def show(case: Case) -> None:
    with st.container(width=260):
        name = widgets.class_picker(case.labels.classes, case.largest_class)
    index = case.labels.index(name)
    for column, head in zip(st.columns(len(case.heads)), case.heads, strict=True):
        share = bench_kept.shares(case.result, head)[index]
        with column:
            picture(
                kept.heatmap(case.result, head, index),
                key=f"heatmap-{head}",
                title=f"{head}s · {name} " + (f"on {covered(share)} of the picture" if share else "wins nowhere"),
                alt=f"Probability of {name} at every pixel, head {head}s",
                pixel=case.pixel,
                on_pixel=widgets.hold_pixel,
                bar=colour_bar("viridis", SHARE_BAR, f"probability of {name}"),
            )
    pixel_panel(case, case.heads)
