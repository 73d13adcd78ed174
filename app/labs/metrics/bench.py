"""What the views of this lab measure: a label map, what it is measured against, and the photo behind it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.bench.held import HeldTruth
from app.bench.truth_source import SUFFIXES, truth_source
from app.parts.pictures import view, view_photo
from app.visitor import session, widgets
from fcn_core.analysis.measuring.disturb import Disturbance
from fcn_core.labels import VOID, Colour, LabelSet

MOST_SIDE = 800  # larger maps are counted at every second (third, …) pixel, so that a slider answers at once
UPLOADER = "measures-upload"


@dataclass(frozen=True)
class Measured:
    """start: the label map that is disturbed; truth: what it is measured against; both H×W uint8 of one size, 255 void.

    image: the photo at that size, None where the map belongs to another. title: what `start` is, against: what `truth`
    is. step: every how many pixels of the full maps they hold.
    """

    case: Case
    start: np.ndarray
    truth: np.ndarray
    image: np.ndarray | None
    title: str
    against: str
    step: int

    @property
    def labels(self) -> LabelSet:
        return self.case.labels

    @property
    def colours(self) -> tuple[Colour, ...]:
        return self.case.colours

    @property
    def cls(self) -> int:
        """Index of the class in hand; until one is chosen, of the largest in the label map, background aside."""
        held = session.bench().cls
        if held in self.labels.classes:
            return self.labels.index(held)
        sizes = np.bincount(self.start[self.start != VOID], minlength=len(self.labels))
        if self.background is not None and np.delete(sizes, self.background).any():
            sizes[self.background] = 0
        return int(sizes.argmax())

    @property
    def background(self) -> int | None:
        """Index of the class `background`; None where the classes have none."""
        return self.labels.classes.index("background") if "background" in self.labels.classes else None

    @property
    def floor(self) -> int:
        """The class that a lazy model would predict everywhere: background, or else the most frequent true one."""
        if self.background is not None:
            return self.background
        return int(np.bincount(self.truth[self.truth != VOID], minlength=len(self.labels)).argmax())

    def wish(self) -> Disturbance:
        """What the sliders ask for."""
        return wished(self.cls, self.floor)


def wished(cls: int, floor: int) -> Disturbance:
    """What the sliders ask for, for the class in hand and the class that floods (indices)."""
    setting = session.setting
    flood = {"off": None, "background": floor, "class": cls}[setting("m_flood")]
    return Disturbance(
        cls, setting("m_dx"), setting("m_dy"), setting("m_grow"), setting("m_drop"), setting("m_salt") / 100, flood
    )


def measured(case: Case) -> Measured | None:
    """The label map that the settings name; None where it has to be uploaded first, which is then asked for."""
    wish, head = session.setting("m_from"), case.head
    result = case.result.label_maps[head]
    result_name = f"the result of head {head}s"
    truth = None if case.truth is None else case.truth.mask
    truth_name = "the ground truth" if case.truth is None else f"the ground truth ({case.truth.title})"
    if wish == "upload":
        taken = _uploaded(case.labels)
        if taken is None:
            return None
        start, title = taken.mask, taken.title
        against, name = (truth, truth_name) if truth is not None and truth.shape == start.shape else (start, "itself")
        return _at_viewing_size(case, start, against, title, name)
    if truth is None:
        truth_source(None, case.labels)
        st.caption(f"Until then {result_name} is disturbed, and measured against itself as it was.")
        return _at_viewing_size(case, result, result, result_name, "itself, undisturbed")
    if wish == "result":
        return _at_viewing_size(case, result, truth, result_name, truth_name)
    return _at_viewing_size(case, truth, truth, truth_name, "itself, undisturbed")


def _at_viewing_size(case: Case, start: np.ndarray, truth: np.ndarray, title: str, against: str) -> Measured | None:
    if (truth == VOID).all() or (start == VOID).all():
        st.error("Every pixel of this label map is void: there is nothing to measure.", icon=":material/error:")
        return None
    small, small_truth = view(start, MOST_SIDE), view(truth, MOST_SIDE)
    image = view_photo(case.result.image, MOST_SIDE) if case.result.image.shape[:2] == start.shape else None
    return Measured(case, small, small_truth, image, title, against, -(-start.shape[1] // small.shape[1]))


def _uploaded(labels: LabelSet) -> HeldTruth | None:
    """The label map of this lab's uploader."""
    st.file_uploader(
        f"A label map in the classes of these weights ({labels.title}): one class index per pixel, a palette PNG, or a "
        "mask in the class colours",
        type=SUFFIXES,
        key=UPLOADER,
        on_change=_take,
    )
    upload = session.uploads().get(st.session_state.get("measures-map") or "")
    if upload is None:
        st.info("Upload a label map. It may be of any size; one of the size of the photo's ground truth is measured "
                "against that, any other against itself.", icon=":material/upload:")  # fmt: skip
        return None
    try:
        found = bench_kept.truth(upload, labels, None)
    except ValueError as problem:
        st.error(widgets.plain(str(problem)), icon=":material/error:")
        return None
    if found.note:
        st.caption(widgets.plain(found.note))
    return found


def _take() -> None:
    file = st.session_state[UPLOADER]
    kept = None if file is None else session.keep_upload(file.name, file.getvalue(), use="labels")
    st.session_state["measures-map"] = kept.digest if kept else None
