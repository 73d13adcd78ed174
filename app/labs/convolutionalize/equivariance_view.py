"""Shift the photo: the output moves along exactly at multiples of the stride; a classifier's answer stays."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.bench.case import Case
from app.bench.strip import Strip
from app.labs.convolutionalize.cut_picture import CutPicture, class_line, cut_picture
from app.labs.convolutionalize.dense_questions import shift_questions
from app.labs.convolutionalize.shift_figure import shift_figure
from app.labs.shared import lab
from app.labs.shared.needs import lacks
from app.labs.shared.waited import waited
from app.parts.pictures import encode
from app.parts.words import covered, percent, relative
from app.visitor import session, widgets
from app.visitor.pixel_picture import picture
from fcn_core.analysis.dense.equivariance import (
    MOST_SHIFT,
    SHIFTS,
    Moved,
    OneShift,
    ShiftedNetwork,
    ShiftStudy,
    most_margin,
    one_shift,
    shift_study,
)
from fcn_core.draw import colourise, difference_map
from fcn_core.ops.shift_stitch import shifted

EXACT = 1e-3  # of the spread of the scores: rounding alone stays a hundred times below
EDGE_TEXTS = {"wrap": "Joined", "zero": "Zeros"}


def show(strip: Strip) -> None:
    """Draw the view."""
    case = lab.case(strip)
    if lacks(case, "skips"):
        return
    cut = cut_picture(case, why="every shift is another pass")
    if cut is None:
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        edge = widgets.pick_one("c_edge", "Borders", EDGE_TEXTS)
        network = ShiftedNetwork(case.segmenter.loaded.model, edge)  # type: ignore[arg-type]
        name = widgets.pick_one("c_map", "Output", {key: key for key in network.outputs})
        margin = 0
        most = most_margin(cut.size[1])
        if edge == "zero" and most >= 0:
            with st.container(width=260):
                margin = widgets.number("c_margin", "Left out at each side, pixels", 0, min(most, 160), step=16)
    st.caption(
        "Borders joined: each one touches the opposite one, in every layer, and the photo is rolled; nothing is lost. "
        f"Zeros: a window {MOST_SHIFT} pixels narrower than the photo moves over it, and layers pad it as in training; "
        "only the columns inside are compared."
    )
    if edge == "zero" and most < 0:
        st.info(
            f"This picture is only {cut.size[1]} pixels wide here, too narrow for a window that moves by up to "
            f"{MOST_SHIFT}. Join the borders, or choose a wider picture.", icon=":material/info:",
        )  # fmt: skip
        return
    study: ShiftStudy | None = waited(
        (*cut.key, "shift", edge, margin),
        lambda progress: shift_study(network, cut.network_input(), margin=margin, progress=progress),
        "Shift",
    )
    if study is None:
        return
    _live(case, cut, network, study, name)
    _check(study, name)
    lab.questions("convolutional-shift", shift_questions(name, study.strides[name], session.setting("c_d")))
    lab.show_code(shift_study, shifted, ShiftedNetwork)


@st.fragment
def _live(case: Case, cut: CutPicture, network: ShiftedNetwork, study: ShiftStudy, name: str) -> None:
    """Only this is drawn again while the shift changes."""
    shift, stride = session.setting("c_d"), study.strides[name]
    left, right = st.columns([1.25, 1], gap="large", vertical_alignment="bottom")
    with right:
        widgets.slide("c_d", "Shift d, pixels", 0, MOST_SHIFT)
    one: OneShift | None = study.shifts.get(shift) or waited(
        (*cut.key, "shift", study.edge, study.margin, shift),
        lambda _: one_shift(network, cut.network_input(), study, shift),
        "One more shift",
    )
    if one is None:
        return
    with left:
        st.plotly_chart(shift_figure(study, name, shift), key="shift-curve", config={"displayModeBar": False})
        st.caption(
            f"Root mean square difference of the scores before and after, in percent of their spread, measured every "
            f"{SHIFTS[1]} pixels. Dotted: multiples of {name}'s stride, {stride}. Orange: the shift chosen."
        )
    with right:
        _story(one.outputs[name], name, stride, shift)
        _classifier(case, study, one)
    _pictures(case, cut, network, study, one.labels[name], name, shift)


def _story(moved: Moved, name: str, stride: int, shift: int) -> None:
    whole = shift % stride == 0
    place = (
        f"{shift} = {shift // stride} · {stride}"
        if whole
        else f"{shift} = {shift // stride} · {stride} + {shift % stride}"
    )
    others = covered(moved.labels) if moved.labels else "none"
    st.markdown(
        f"**{place}.** Moved back, the scores of {name} differ by **{relative(moved.along)}** of their spread, and "
        f"**{others}** of the labels differ. Not moved back they differ by {relative(moved.still)}."
    )


def _classifier(case: Case, study: ShiftStudy, one: OneShift) -> None:
    before, after = study.shifts[0].classifier, one.classifier
    best = np.argsort(-before)[:3]
    rows = "".join(
        f"\n| {widgets.plain(case.labels.classes[i])} | {percent(before[i])} | {percent(after[i])} |" for i in best
    )
    st.markdown(
        f"A classifier beside it: the same scores averaged over the picture. They change by "
        f"**{relative(one.classifier_change)}**."
        f"\n\n| largest classes | before | after |\n|:--|--:|--:|{rows}"
    )


def _pictures(
    case: Case, cut: CutPicture, network: ShiftedNetwork, study: ShiftStudy, after: np.ndarray, name: str, shift: int
) -> None:
    before = study.shifts[0].labels[name]
    photo, frame = cut.image[:, : before.shape[1]], network.inside(before.shape, shift, study.margin).numpy()
    gap = difference_map(photo, np.where(frame, before, after), after, case.colours)
    gap[~frame] = gap[~frame] // 3 + 150
    moved = np.where(frame[..., None], colourise(after, case.colours), 200)
    shown = (
        ("before", "Labels of the photo", colourise(before, case.colours)),
        ("after", f"Shifted by {shift}, labels moved back", moved),
        ("gap", "Where they differ, in the labels after", gap),
    )  # fmt: skip
    for column, (name, title, drawn) in zip(st.columns(3), shown, strict=True):
        with column:
            picture(
                encode(np.ascontiguousarray(drawn.astype(np.uint8))), key=f"shift-{name}", title=title, alt=title,
                most_height="40vh",
            )  # fmt: skip
    st.markdown(class_line(case, np.concatenate([before.ravel(), after.ravel()])))


def _check(study: ShiftStudy, name: str) -> None:
    margin = study.margin
    exact = [d for d in study.shifts if d and d % study.strides[name] == 0]
    worst = max(study.shifts[d].outputs[name].largest for d in exact)
    which = ", ".join(map(str, exact[:-1])) + f" and {exact[-1]}" if len(exact) > 1 else str(exact[0])
    if study.edge == "wrap":
        lab.check(f"largest change of a score of {name}, in its spread, at shifts of {which}", worst, EXACT)
    elif worst < EXACT:
        lab.check(f"the same inside, {margin} columns from each border, at shifts of {which}", worst, EXACT)
    else:
        st.info(
            f"At multiples of {study.strides[name]} a score of {name} still changes by up to {relative(worst)} of the "
            f"spread: with {margin} columns left out these pixels still see the zeros at the window's borders, which "
            "moved along with it. Outputs with smaller fields need less left out; joined borders need nothing.",
            icon=":material/info:",
        )
