"""Sizes: both formulas with the numbers filled in, why settings are invalid, and the round trip."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import streamlit as st

from app.bench.strip import Strip
from app.labs.shared import lab
from app.labs.transposed_convolution.formulas import down_formula, pixels, size_by_torch, up_formula
from app.labs.transposed_convolution.plan import Plan, plan_controls
from app.labs.transposed_convolution.window_picture import window_picture
from fcn_core.ops.transposed import Axis, output_sizes

NAMES = ("rows", "columns")
MOST_COLUMNS = 16
STYLE = """
.fcn-trip { overflow-x: auto; } .fcn-trip table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
.fcn-trip :is(td, th) { padding: .3rem .8rem; text-align: right; font-weight: 400; border-bottom: 1px solid rgb(128 128 128 / 25%); }
.fcn-trip th { opacity: .75; } .fcn-trip tr.here { background: rgb(0 114 178 / 14%); }
.fcn-trip td.here { font-weight: 700; outline: 2px solid #0072b2; outline-offset: -2px; }
"""  # noqa: E501


def show(strip: Strip) -> None:
    """Draw the controls, both directions and the round trip."""
    _sizes()


@st.fragment
def _sizes() -> None:
    plan = plan_controls()
    down, up = st.columns(2, gap="large")
    with down:
        st.subheader("Down: the convolution", anchor=False)
        _direction(plan, up=False)
    with up:
        st.subheader("Up: the transposed convolution", anchor=False)
        _direction(plan, up=True)
    st.caption(
        "FCN's published layers, all with padding 0 and cropped afterwards: upscore2 and upscore_pool4 have k = 4, "
        "s = 2; the last layers of the 8s, 16s and 32s heads have k = 16, 32, 64 and s = 8, 16, 32. In this "
        "project's centered VGG16 the crop is s/2, which is what padding s/2 cuts off."
    )
    _round_trip(plan)
    lab.show_code(Axis, output_sizes)


def _parts(plan: Plan) -> list[tuple[str, int, Axis]]:
    """(name, size, axis) of what has to be told apart: one part, or rows and columns."""
    if plan.is_square:
        return [("", plan.sizes[-1], plan.axes[-1])]
    return list(zip(NAMES, plan.sizes, plan.axes, strict=True))


def _direction(plan: Plan, *, up: bool) -> None:
    found: list[int] = []
    for name, n, axis in _parts(plan):
        if name:
            st.markdown(f"**{name.capitalize()}**")
        try:
            st.markdown(up_formula(n, axis) if up else down_formula(n, axis))
            found.append(axis.up(n) if up else axis.down(n))
        except ValueError as error:
            st.warning(f"**Invalid:** {error}.", icon=":material/block:")
            continue
        picture = window_picture(found[-1], n, axis, up=True) if up else window_picture(n, found[-1], axis, up=False)
        if picture:
            st.html(picture)
            st.caption(_told(n, found[-1], axis, up=up))
        else:
            st.caption("Too many pixels for a picture; up to 64, with their padding, are drawn.")
    if plan.is_2d and len(found) == len(_parts(plan)):
        sizes = found if len(found) == 2 else found * 2
        st.markdown(f"Rows×columns: {plan.sizes[0]}×{plan.sizes[1]} → **{sizes[0]}×{sizes[1]}**")
    _check(plan, found if len(found) == len(_parts(plan)) else None, up=up)


def _told(n: int, size: int, axis: Axis, *, up: bool) -> str:
    """The caption under a picture of windows."""
    if up:
        cut = f"; the dashed {axis.padding} on each side are cut off by the padding" if axis.padding else ""
        more = axis.output_padding
        added = f"; the last {more} {'are' if more > 1 else 'is'} the output padding" if more else ""
        return f"Blue: the stamps of the {pixels(n, 'input')}. Green: the {pixels(size, 'output')}{cut}{added}."
    around = f", with {axis.padding} of padding (dashed) on each side" if axis.padding else ""
    left = n + 2 * axis.padding - ((size - 1) * axis.stride + axis.extent)
    last = "last pixel" if left == 1 else f"last {left} pixels"
    lost = (
        f" The formula rounds down: no place of the kernel reaches the {last} of this line. Output padding makes room "
        "for them on the way back." if left else " Every pixel of the line is reached: nothing is rounded off."
    )  # fmt: skip
    places = (
        "the kernel's one place, for the one output pixel"
        if size == 1
        else (f"the kernel's {size} places, one for each output pixel")
    )
    return f"Green: the {pixels(n, 'input')}{around}. Blue: {places}.{lost}"


def _check(plan: Plan, found: list[int] | None, *, up: bool) -> None:
    """Compare with PyTorch's sizes, or show that it refuses as well."""
    by_torch = size_by_torch(plan, up=up)
    call = f"`conv{'_transpose' if up else ''}{2 if plan.is_2d else 1}d`"
    if isinstance(by_torch, str):
        if found is None:
            st.markdown(f":material/block: **PyTorch refuses as well**, {call}: :gray[{escape(by_torch)}]")
        else:
            lab.check(f"the size and {call}, which refuses: {escape(by_torch)}", float("nan"), 0.5)
        return
    ours = (found * 2)[: len(by_torch)] if found and len(found) < len(by_torch) else (found or [])
    difference = float(max(abs(a - b) for a, b in zip(ours, by_torch, strict=True))) if ours else float("nan")
    lab.check(f"the size and {call}", difference, 0.5)


def _round_trip(plan: Plan) -> None:
    st.subheader("Round trip: down, then up again", anchor=False)
    for name, n, axis in _parts(plan):
        whose = f"**{name.capitalize()}:** " if name else ""
        try:
            m, needed = axis.down(n), axis.way_back(n)
        except ValueError:
            st.markdown(f"{whose}No round trip: the convolution has no output for {pixels(n)}.")
            continue
        sizes = axis.same_output(m)
        others = f"all of {sizes[0]} … {sizes[-1]} give" if len(sizes) > 1 else f"only {n} gives"
        go = "goes" if n == 1 else "go"
        st.markdown(f"{whose}{pixels(n)} {go} down to m = {m}; {others} this m. {_back(n, m, needed, axis)}")
        st.html(_trip_table(n, m, axis))
        _trip_check(n, m, needed, axis)
    st.caption(
        "A row holds the input sizes that share one m; the column is the output padding with which the transposed "
        "convolution of m pixels gets each of them back. In code: `nn.ConvTranspose2d(…)(y, output_size=x.shape[-2:])` "
        "finds it itself."
    )


def _back(n: int, m: int, needed: int, axis: Axis) -> str:
    try:
        back = axis.up(m)
    except ValueError:
        came = f"Output padding {axis.output_padding} is not possible here"
    else:
        if back == n:
            return f"Output padding {axis.output_padding}, as set, gets **{n}** back."
        came = f"With output padding {axis.output_padding}, as set, {back} come back"
    return f"{came}; output padding **{needed}** gets {n} back."


def _trip_table(n: int, m: int, axis: Axis) -> str:
    """HTML: a row for each m around the present one, a column for each output padding."""
    shown = list(range(axis.stride))
    if axis.stride > MOST_COLUMNS:
        here = axis.way_back(n)
        shown = sorted({0, 1, *range(max(here - 3, 0), min(here + 4, axis.stride)), axis.stride - 2, axis.stride - 1})
    # A gap between two columns is marked.
    after = {op for op, following in zip(shown, shown[1:], strict=False) if following > op + 1}
    heads = "".join(f"<th>op {op}</th>" + "<th>…</th>" * (op in after) for op in shown)
    rows = []
    for small in range(max(m - 1, 1), max(m - 1, 1) + 3):
        least = (small - 1) * axis.stride + axis.extent - 2 * axis.padding
        cells = "".join(
            f"<td{' class=here' if least + op == n else ''}>{least + op if least + op >= 1 else '–'}</td>"
            + "<td>…</td>" * (op in after)
            for op in shown
        )
        rows.append(f"<tr{' class=here' if small == m else ''}><td>m = {small}</td>{cells}</tr>")
    return f"<style>{STYLE}</style><div class='fcn-trip'><table><tr><th></th>{heads}</tr>{''.join(rows)}</table></div>"


def _trip_check(n: int, m: int, needed: int, axis: Axis) -> None:
    """Both passes by PyTorch: n pixels down, and up again with the needed output padding."""
    down = size_by_torch(Plan((n,), (axis,)), up=False)
    back = size_by_torch(Plan((m,), (replace(axis, output_padding=needed),)), up=True)
    difference = (
        abs(back[0] - n) + abs(down[0] - m) if not isinstance(down, str) and not isinstance(back, str) else None
    )
    lab.check(
        f"{n} → {m} → {n} and `conv1d`, `conv_transpose1d`", float("nan" if difference is None else difference), 0.5
    )
