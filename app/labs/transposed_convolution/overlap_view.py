"""Overlap: how often each output pixel is written, and when that becomes a checkerboard."""

from __future__ import annotations

import cv2
import numpy as np
import streamlit as st

from app.bench.strip import Strip
from app.labs.shared import lab
from app.labs.transposed_convolution.upsampling_questions import OVERLAP
from app.parts import browser_parts
from app.parts.pictures import colour_bar, encode
from app.visitor import session, widgets
from app.visitor.pixel_picture import picture
from fcn_core.analysis.upsampling.overlap import (
    Overlap,
    fill_kernel,
    overlap,
    phase_sums,
    ripple,
    stamp,
    stamp_by_torch,
)
from fcn_core.draw import colour_map

MOST_KERNEL, MOST_STRIDE = 12, 6
FILLS = {"ones": "Ones", "bilinear": "Bilinear", "random": "Random"}
_part = browser_parts.register("overlap")

STYLE = """
.fcn-overlap { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; }
.fcn-overlap :is(td, th) { padding: .18rem .5rem; text-align: center; font-weight: 400; white-space: nowrap; }
.fcn-overlap th { opacity: .75; }
.fcn-overlap td { border: 1px solid rgb(128 128 128 / 30%); }
.fcn-overlap td.even { background: rgb(0 158 115 / 24%); }
.fcn-overlap td.here { outline: 2.5px solid #d55e00; outline-offset: -2px; font-weight: 600; }
"""


def show(strip: Strip) -> None:
    """The sliders, what they count, and questions."""
    _live()
    lab.questions("transposed-overlap", OVERLAP)
    lab.show_code(overlap, Overlap, stamp, phase_sums, ripple)


@st.fragment
def _live() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        for name, label, most in (("t_ok", "Kernel k", MOST_KERNEL), ("t_os", "Stride s", MOST_STRIDE),
                                  ("t_on", "Input cells n", 12)):  # fmt: skip
            with st.container(width=200):
                widgets.slide(name, label, 1, most)
        fill = widgets.pick_one("t_ofill", "Weights of the kernel", FILLS)
    found = overlap(*(session.setting(name) for name in ("t_on", "t_ok", "t_os")))
    _part(
        key="overlap-line",
        data={"n": found.n, "kernel": found.kernel, "stride": found.stride, "writes": found.writes.tolist(),
              "start": len(found.writes) // 2},
    )  # fmt: skip
    st.markdown(_verdict(found))
    weights = fill_kernel(fill, found.kernel)
    level = stamp(np.ones((found.n, found.n)), weights, found.stride)
    large = session.setting("large")  # then the table needs the whole width
    left, middle, *rest = st.columns(2 if large else 3, gap="large")
    with left:
        _plane(found.plane, "Writes in two dimensions", "how often written", key="overlap-plane")
    with middle:
        _plane(level, f"A map of ones, {FILLS[fill].lower()} kernel", "value of the output pixel", key="overlap-level")
        st.caption(_level(found, weights))
    with rest[0] if rest else st.container():
        st.markdown(":small[**Even or not**, for every kernel k and stride s: writes in two dimensions, inside]")
        st.html(_table(found))
        st.caption("Green: s divides k, every pixel is written k²/s² times. Otherwise: fewest to most.")
    ones = np.ones((found.kernel, found.kernel))
    plane = stamp_by_torch(np.ones((found.n, found.n)), ones, found.stride)
    lab.check(
        "writes counted here and what conv_transpose2d makes of ones with a kernel of ones",
        float(np.abs(found.plane - plane).max()), 1e-9,
    )  # fmt: skip
    lab.check(
        f"the map of ones stamped here and by conv_transpose2d, {FILLS[fill].lower()} kernel",
        float(np.abs(level - stamp_by_torch(np.ones((found.n, found.n)), weights, found.stride)).max()), 1e-9,
    )  # fmt: skip


def _verdict(found: Overlap) -> str:
    k, s = found.kernel, found.stride
    if found.even:
        return (
            f"**{s} divides {k}**: inside, every pixel is written {k // s} {'time' if k == s else 'times'} along each "
            f"axis, {(k // s) ** 2} in two dimensions. No checkerboard comes from the writes."
        )
    phases, planes = sorted(set(found.phases)), found.plane_phases
    holes = " Pixels that nobody writes stay zero: the kernel is shorter than the stride." if k < s else ""
    return (
        f"**{s} does not divide {k}**: inside, pixels are written {_either(phases)} times along each axis, repeating "
        f"every {s} pixels, and {_either(planes)} times in two dimensions: a checkerboard of writes. "
        f"Whether values follow, the weights decide.{holes}"
    )


def _either(numbers: list[int] | tuple[int, ...]) -> str:
    *front, last = (str(number) for number in numbers)
    return f"{', '.join(front)} or {last}" if front else last


def _level(found: Overlap, weights: np.ndarray) -> str:
    sums, wave = phase_sums(weights, found.stride), ripple(weights, found.stride)
    if wave < 1e-9:
        return f"Inside every pixel gets {sums.mean():.3g}: an even map stays even, faded only at the border."
    return (
        f"Inside the values run from {sums.min():.3g} to {sums.max():.3g}: a ripple of {100 * wave:.0f} % of their "
        "mean, though the map was even."
    )


def _plane(values: np.ndarray, title: str, label: str, *, key: str) -> None:
    most = float(values.max())
    zoom = max(1, 480 // len(values))
    drawn = colour_map((values / most).astype(np.float32))
    drawn = cv2.resize(drawn, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST)
    ticks = tuple(f"{share * most:.3g}" for share in (0, 0.5, 1))
    picture(
        encode(drawn, full_size=values.shape), key=key, title=title, alt=title, bar=colour_bar("viridis", ticks, label),
        cells=True, most_height="38vh",
    )  # fmt: skip


def _table(found: Overlap) -> str:
    kernels = range(max(1, found.kernel - 4), max(1, found.kernel - 4) + 9)
    kernels = range(min(kernels.start, MOST_KERNEL - 8), min(kernels.stop, MOST_KERNEL + 1))
    strides = range(1, MOST_STRIDE + 1)
    rows = ["<tr><th>k \\ s</th>" + "".join(f"<th>{s}</th>" for s in strides) + "</tr>"]
    for k in kernels:
        cells = []
        for s in strides:
            one = overlap(1, k, s)
            counts = one.plane_phases
            kind = ("even " if one.even else "") + ("here" if (k, s) == (found.kernel, found.stride) else "")
            text = str(counts[0]) if one.even else f"{counts[0]}–{counts[-1]}"
            cells.append(f"<td class='{kind}'>{text}</td>")
        rows.append(f"<tr><th>{k}</th>{''.join(cells)}</tr>")
    table = f"<table class='fcn-overlap'>{''.join(rows)}</table>"
    return f"<style>{STYLE}</style><div style='overflow-x: auto'>{table}</div>"
