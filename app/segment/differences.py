"""Where two heads disagree, and how the probability of a class moves between them."""

from __future__ import annotations

import streamlit as st

from app.bench.case import Case
from app.parts.pictures import SIGNED_BAR, colour_bar
from app.parts.words import percent
from app.segment import kept
from app.segment.pixel_panel import pixel_panel
from app.visitor import widgets
from app.visitor.pixel_picture import picture


def show(case: Case) -> None:
    if len(case.heads) < 2:
        st.info(
            f"These weights have one head ({case.heads[0]}s), so there is nothing to compare. "
            "Choose weights with several heads.",
            icon=":material/info:",
        )
        return
    coarse_first = [(a, b) for i, a in enumerate(case.heads) for b in case.heads[i + 1 :]]
    options = {f"{a}s-{b}s": f"{a}s → {b}s" for a, b in coarse_first}
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        pair = widgets.pick_one("against", "Heads", options)
        with st.container(width=260):
            name = widgets.class_picker(case.labels.classes, case.largest_class)
    coarse, fine = (int(part[:-1]) for part in pair.split("-"))
    index = case.labels.index(name)
    changed = case.result.label_maps[coarse] != case.result.label_maps[fine]
    left, right = st.columns(2)
    with left:
        picture(
            kept.difference(case.result, coarse, fine, case.safe),
            key="changed-labels",
            title=f"{fine}s differs from {coarse}s on {percent(float(changed.mean()))} of the pixels",
            alt=f"Pixels that head {fine}s labels differently from {coarse}s, in the colours of {fine}s",
            pixel=case.pixel,
            on_pixel=widgets.hold_pixel,
        )
        st.caption(f"In colour: what {fine}s says where the two disagree.")
    with right:
        picture(
            kept.heat_difference(case.result, coarse, fine, index),
            key="changed-probability",
            title=f"Probability of {name}: {fine}s minus {coarse}s",
            alt=f"Change of the probability of {name} from head {coarse}s to head {fine}s",
            pixel=case.pixel,
            on_pixel=widgets.hold_pixel,
            bar=colour_bar("diverging", SIGNED_BAR, f"red: {fine}s finds {name} more likely"),
        )
    pixel_panel(case, (coarse, fine))
