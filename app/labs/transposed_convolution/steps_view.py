"""Step by step: scatter, zero insertion and matrix at once, with play and slider in the browser."""

from __future__ import annotations

from typing import Any

import streamlit as st
from torch import Tensor

from app.bench.strip import Strip
from app.labs.shared import lab
from app.labs.transposed_convolution.plan import Plan
from app.labs.transposed_convolution.stepping import drawn_plan, step_data
from app.parts.browser_parts import register
from app.visitor import session
from fcn_core.ops.transposed_ways import by_torch, convolution_matrix, scatter, zero_insertion

KEY = "transposed-steps"
_component = register("transposed")


def show(strip: Strip) -> None:
    """Draw the controls, the three views and their checks."""
    _steps()


@st.fragment
def _steps() -> None:
    drawn = drawn_plan()
    if drawn is None:
        return
    plan, x, weight = drawn
    data = step_data(plan, x, weight) | {
        "by": session.setting("t_by"), "step": session.setting("t_step"), "large": session.setting("large"),
        "about": _about(plan),
    }  # fmt: skip
    _component(key=KEY, data=data, on_place_change=_hold_place)
    st.caption(
        "Point at any cell, or tap it: every cell that has part in the same products lights up in all three views. "
        "Blue: input. Orange: kernel. Green: output. Pixels are counted from 0"
        + (", as (row, column)." if plan.is_2d else ".")
    )
    _checks(plan, x, weight)
    lab.show_code(scatter, zero_insertion, convolution_matrix)


def _hold_place() -> None:
    place: Any = (st.session_state.get(KEY) or {}).get("place")
    if (
        isinstance(place, dict)
        and place.get("by") in ("input", "output")
        and isinstance(place.get("step"), int | float)
    ):
        session.change_setting("t_by", place["by"])
        session.change_setting("t_step", int(min(max(place["step"], 0), 1024)))


def _about(plan: Plan) -> dict[str, str]:
    """A sentence above each view."""
    rims = [axis.extent - 1 - axis.padding for axis in plan.axes]
    around = " and ".join(
        dict.fromkeys(f"{rim} around" if rim >= 0 else f"{-rim} cells cut off around" for rim in rims)
    )
    apart = " and ".join(dict.fromkeys(str(axis.stride - 1) for axis in plan.axes))
    return {
        "scatter": "Each input, times the kernel, is stamped onto the output, one stride further each time. "
        "Where stamps overlap they add up.",
        "zeros": f"Zeros go between the inputs ({apart}) and to the rim ({around}: d(k−1) − p). Then an ordinary "
        "convolution of stride 1 follows, with the kernel flipped.",
        "matrix": "A convolution is a sparse matrix C: one row for each of its outputs, the weights where it looks, 0 "
        "elsewhere. The transposed convolution multiplies by the same weights in Cᵀ, one row for each output.",
    }


def _checks(plan: Plan, x: Tensor, weight: Tensor) -> None:
    expected = by_torch(x, weight, plan.axes)
    call = "conv_transpose2d" if plan.is_2d else "conv_transpose1d"
    matrix = convolution_matrix(plan.sizes, weight, plan.axes)
    found = {
        "scatter": scatter(x, weight, plan.axes).sum(0),
        "zero insertion": zero_insertion(x, weight, plan.axes).output,
        "Cᵀ x": (matrix.T @ x.flatten()).reshape(expected.shape),
    }
    for name, value in found.items():
        lab.check(f"{name} and `{call}`", float((value - expected).abs().max()), 1e-9)
