"""Upsample: the photo or a score map enlarged by a transposed convolution, against cv2 and F.interpolate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from app.bench.case import Case
from app.bench.strip import Strip
from app.labs.shared import lab
from app.labs.transposed_convolution import kept
from app.labs.transposed_convolution.enlarged import Enlarged
from app.labs.transposed_convolution.kernels import kernel_row
from app.labs.transposed_convolution.upsample_kernel import KINDS, Chosen, choose_kernel
from app.labs.transposed_convolution.upsample_source import Source
from app.labs.transposed_convolution.upsampling_questions import UPSAMPLING
from app.parts.pictures import colour_bar
from app.parts.tables import table
from app.visitor import session, widgets
from app.visitor.pixel_picture import picture
from fcn_core.analysis.upsampling.enlarging import (
    REFERENCES,
    enlarge,
    enlarging_kernel,
    reference,
)
from fcn_core.analysis.upsampling.overlap import stamp
from fcn_core.ops.bilinear import bilinear_kernel

SOURCES = {"photo": "Photo, made smaller first", "detail": "Detail of the photo", "scores": "Score map"}
EDGES = {"zero": "Count as zero", "repeat": "Repeat the last cell"}
AGAINST = {"torch": "F.interpolate", "cv2": "cv2.resize", "source": "The photo itself"}


def show(strip: Strip) -> None:
    """The controls, three pictures, the kernel, and how far it is from what others do."""
    _live(lab.case(strip))
    lab.questions("transposed-upsample", UPSAMPLING)
    lab.show_code(bilinear_kernel, enlarging_kernel, enlarge, stamp, reference)


@st.fragment
def _live(case: Case) -> None:
    held = session.bench().cls
    index = case.labels.index(held if held in case.labels.classes else case.largest_class)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        what = widgets.pick_one("t_usrc", "What is enlarged", SOURCES)
        kind = widgets.pick_one("t_ukind", "Kernel", KINDS)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        chosen = choose_kernel(case, index, kind)
        edges = widgets.pick_one("t_uedge", "Cells beyond the border", EDGES)
        against = {name: title for name, title in AGAINST.items() if name != "source" or what == "photo"}
        ref = widgets.pick_one("t_uref", "Difference from", against)
    if chosen.told:
        st.markdown(chosen.told)
    factor = chosen.kernel.factor
    pixel = case.pixel if what != "photo" else None
    try:
        source = kept.source(case.result, what, factor, index, case.head, pixel)
    except ValueError as problem:
        st.info(str(problem), icon=":material/info:")
        return
    found = kept.enlarged(source, chosen.kernel, edges)
    _pictures(source, found, chosen, ref)
    left, right = st.columns([1, 1.25], gap="large")
    with left:
        _kernel(chosen)
    with right:
        _numbers(found, source, chosen)
    _checks(found, chosen, edges)


def _pictures(source: Source, found: Enlarged, chosen: Chosen, ref: str) -> None:
    kernel, (h, w) = chosen.kernel, source.planes.shape[1:]
    name = {"torch": REFERENCES[0], "cv2": REFERENCES[1], "source": "the photo itself"}[ref]
    top, most = source.limit, found.limit(name)
    bar = colour_bar("diverging", (f"−{top:.1f}", "0", f"{top:.1f}"), "score") if source.unit == "score" else None
    end = f"{most:.0f}" if most >= 10 else f"{most:.2g}"
    ends = colour_bar("diverging", (f"−{end}", "0", end), source.unit)
    shown = (
        (f"Input, {w}×{h}", kept.source_picture(source), bar, source.step),
        (f"Enlarged ×{kernel.factor}, {chosen.name}: {w * kernel.factor}×{h * kernel.factor}",
         kept.enlarged_picture(found), bar, source.step / kernel.factor),
        (f"Minus {name}", kept.gap_picture(found, name), ends, source.step / kernel.factor),
    )  # fmt: skip
    for number, (column, (title, drawn, scale, step)) in enumerate(zip(st.columns(3), shown, strict=True)):
        with column:
            picture(
                drawn, key=f"upsample-{number}", title=title, alt=title, bar=scale, cells=number == 0,
                most_height="46vh", on_pixel=_holder(source, step) if step else None,
            )  # fmt: skip
    st.caption(source.told)


def _holder(source: Source, step: float) -> Callable[[int, int], None]:
    """A click on a picture chooses the pixel of the photo that lies there."""

    def hold(x: int, y: int) -> None:
        session.hold(x=source.left + int((x + 0.5) * step), y=source.top + int((y + 0.5) * step))

    return hold


def _kernel(chosen: Chosen) -> None:
    kernel = chosen.kernel
    st.html(kernel_row([(f"The {chosen.name}, {kernel.size}×{kernel.size}", kernel.weights,
                         f"weights from {kernel.weights.min():.3g} to {kernel.weights.max():.3g}")]))  # fmt: skip
    low, high = float(kernel.phases.min()), float(kernel.phases.max())
    st.markdown(
        f"Sum of the weights: **{kernel.total:.6g}**, and f² = {kernel.factor**2}. The f² phases sum to "
        f"{_evenness(low, high)}."
    )
    if not kernel.centred:
        st.caption("Kernel and factor are not both even or both odd: the enlarged map lies half a pixel off.")


def _evenness(low: float, high: float) -> str:
    """What the smallest and largest sum of a phase say about an even map."""
    if high - low < 1e-6:
        return f"{low:.4g} each: an even map stays even"
    if high - low < 0.01 * abs(high):
        return f"{low:.4f} to {high:.4f}: an even map stays even to the eye"
    return f"{low:.3g} to {high:.3g}: an even map becomes a **checkerboard**"


def _numbers(found: Enlarged, source: Source, chosen: Chosen) -> None:
    rows = [
        (name, *(_number(value) for value in (apart.largest, apart.mean, apart.inside)))
        for name, apart in found.differences.items()
    ]
    st.html(table((f"difference from, in {source.unit}", "largest", "mean", "largest inside"), rows))
    st.caption(
        f"Inside: {chosen.kernel.factor} pixels (one input cell) away from the border. Beyond it a transposed "
        "convolution counts zeros; the others repeat the last cell."
    )


def _number(value: float) -> str:
    return "–" if np.isnan(value) else "0" if value < 1e-9 else f"{value:.1e}" if value < 0.005 else f"{value:.2f}"


def _checks(found: Enlarged, chosen: Chosen, edges: str) -> None:
    lab.check("stamping the kernel here and conv_transpose2d", found.from_torch, 1e-6)
    kernel = chosen.kernel
    if chosen.kind in ("bilinear", "nearest"):
        lab.check(f"sum of the weights and f² = {kernel.factor**2}", abs(kernel.total - kernel.factor**2), 1e-9)
        name = REFERENCES[0 if chosen.kind == "bilinear" else 2]
        apart = found.differences[name]
        everywhere = edges == "repeat" or chosen.kind == "nearest"
        value = apart.largest if everywhere else apart.inside
        if not np.isnan(value):
            lab.check(f"{chosen.kind} kernel and {name}, {'everywhere' if everywhere else 'inside'}", value, 1e-3)
