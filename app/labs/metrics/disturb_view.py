"""Spoil a label map with sliders, and watch every measure, its formula and the pixels behind each count."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.bench.strip import Strip
from app.labs.metrics import kept
from app.labs.metrics.background_panel import background_panel
from app.labs.metrics.bench import Measured, measured
from app.labs.metrics.confusion_part import cell_of, confusion
from app.labs.metrics.counts import CountedPixels, count
from app.labs.metrics.formulas import STYLE, class_table, tiles, written_out
from app.labs.metrics.pictures import cell_picture, errors_picture, labels_picture
from app.labs.metrics.questions import asked
from app.labs.shared import lab
from app.labs.shared.question_panel import questions
from app.visitor import session, widgets
from app.visitor.pixel_picture import picture
from fcn_core.analysis.measuring.boundary_iou import boundary_iou, torch_boundary_iou
from fcn_core.analysis.measuring.disturb import Disturbance, dilate, disturb, erode
from fcn_core.analysis.measuring.torch_measures import largest_difference, torch_measures
from fcn_core.labels import VOID
from fcn_core.metrics import ConfusionMatrix

SOURCES = {"truth": "Ground truth", "result": "Result of the network", "upload": "Upload a label map"}
UNDISTURBED = {"m_dx": 0, "m_dy": 0, "m_grow": 0, "m_salt": 0, "m_drop": False, "m_flood": "off"}
CONTROLS = ("class", "m_d", *UNDISTURBED)


def show(strip: Strip) -> None:
    """Choose the label map, then everything that moves."""
    case = lab.case(strip)
    widgets.pick_one("m_from", "Label map", SOURCES)
    found = measured(case)
    if found is None:
        return
    st.html(STYLE)
    _live(found)
    background_panel(found)
    lab.show_code(ConfusionMatrix.scores, boundary_iou, disturb, erode, dilate, torch_measures)
    questions("metrics", asked(found))


@st.fragment
def _live(found: Measured) -> None:
    """The part that runs again for a slider."""
    large = session.setting("large")
    if all(map(widgets.hidden, CONTROLS)):
        right = st.container()
    else:
        left, right = st.columns([1, 2.1 if large else 2.9], gap="large")
        with left:
            _controls(found)
    wish = found.wish()
    classes, d = len(found.labels), session.setting("m_d")
    spoiled = kept.disturbed(found.start, wish, classes)
    counted = count(found.truth, spoiled, classes, d)
    before = kept.undisturbed_counts(found.truth, found.start, classes, d)
    cell = cell_of(session.setting("m_cell"), counted)
    with right:
        _pictures(found, spoiled, cell)
        st.html(tiles(counted, before))
        _story(found, wish, counted)
    st.subheader("Confusion matrix, and the counts of every class", anchor=False)
    matrix, table = (st.container(), st.container()) if large else st.columns([1, 1.55], gap="large")
    with matrix:
        confusion(counted, found.labels.classes, found.colours, cell)
        st.caption(
            "Rows: truth. Columns: prediction. Percent of a row's pixels; a dot is under half a percent. A click on a "
            "cell shows its pixels in the right picture, a second click all errors again. A click into a picture "
            "chooses the cell in which that pixel is counted."
        )
    with table:
        st.html(class_table(counted, found.labels.classes, found.colours))
        st.caption(
            "n hit, t true, p predicted pixels of a class. Accuracy n / t, IoU n / (t + p − n). Boundary IoU counts "
            f"only pixels at most {counted.d} px inside the outline of the true or the predicted region (Cheng et al., "
            "CVPR 2021). –: the class is in neither map and is left out of the means."
        )
    with st.expander("Every formula with all its counts", icon=":material/functions:"):
        st.html(written_out(counted, found.labels.classes))
    _checks(found, spoiled, counted)


def _controls(found: Measured) -> None:
    name = found.labels.classes[found.cls]
    widgets.class_picker(found.labels.classes, name, "Class in hand", place="-measures")
    widgets.slide("m_grow", "Erode − or dilate + that class, px", -32, 32)
    widgets.switch("m_drop", "Drop that class", help="Its pixels get the nearest other label")
    widgets.slide("m_dx", "Shift right, px", -64, 64)
    widgets.slide("m_dy", "Shift down, px", -64, 64)
    widgets.slide("m_salt", "Salt noise", 0, 100, format="%d %%", help="So many pixels get a random class")
    floor = found.labels.classes[found.floor]
    what = "Background" if found.background is not None else f"Background: {floor}"
    widgets.pick_one("m_flood", "Predict everything as", {"off": "Off", "background": what, "class": name}
                     if name != floor else {"off": "Off", "background": what})  # fmt: skip
    widgets.slide("m_d", "Band of boundary IoU, px", 1, 32)
    st.button("Undisturbed", icon=":material/undo:", on_click=_undo, help="Every slider back to no disturbance")


def _undo() -> None:
    for name, value in UNDISTURBED.items():
        session.change_setting(name, value)


def _pictures(found: Measured, spoiled: np.ndarray, cell: tuple[int, int] | None) -> None:
    one, two = st.columns(2)

    def choose(x: int, y: int) -> None:
        truth, said = int(found.truth[y, x]), int(spoiled[y, x])
        session.change_setting("m_cell", "" if truth == VOID else f"{truth}.{said}")

    with one:
        title = "Disturbed label map"
        shown = labels_picture(found, spoiled, session.setting("opacity") / 100)
        picture(shown, key="measures-labels", title=title, alt=title, on_pixel=choose, most_height="46vh")
    with two:
        if cell is None:
            title = "Right and wrong pixels"
            shown = errors_picture(found, spoiled)
        else:
            truth, said = (found.labels.classes[i] for i in cell)
            title = f"Truth {truth}, predicted {said}"
            shown = cell_picture(found, spoiled, cell)
        picture(shown, key="measures-errors", title=title, alt=title, on_pixel=choose, most_height="46vh")


def _story(found: Measured, wish: Disturbance, counted: CountedPixels) -> None:
    sampled = "" if found.step == 1 else f" Counted at every {found.step}. pixel of rows and columns: the map is large."
    drawn = "Left: the class colours over the photo" if found.image is not None else "Left: the label map"
    kind = "orange wrong, pale right, dark void" if cell_of(session.setting("m_cell"), counted) is None else (
        "the pixels of the chosen cell in orange, the rest faded"
    )  # fmt: skip
    shift = (
        " A shifted map repeats its last row or column at the side."
        if (wish.right or wish.down) and wish.flood is None
        else ""
    )
    st.caption(
        f"Disturbed: {widgets.plain(found.title)}, {found.start.shape[1]}×{found.start.shape[0]}; measured against "
        f"{widgets.plain(found.against)}. {drawn}; right: {kind}.{shift}{sampled} In brackets: the change since the "
        "undisturbed map, in percentage points."
    )


def _checks(found: Measured, spoiled: np.ndarray, counted: CountedPixels) -> None:
    wanted = torch_measures(found.truth, spoiled, len(found.labels))
    gap = largest_difference({name: getattr(counted.scores, name) for name in wanted}, wanted)
    lab.check("PA, MPA, mIoU and FWIoU from three histograms, without a confusion matrix", gap, 1e-9)
    name = found.labels.classes[found.cls]
    again = torch_boundary_iou(found.truth, spoiled, found.cls, counted.d)
    gap = largest_difference({"": counted.boundary.iou[found.cls]}, {"": again})
    lab.check(f"boundary IoU of {name}, its bands counted with running sums", gap, 1e-9)
