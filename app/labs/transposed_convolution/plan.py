"""The settings in hand as the core takes them, and the controls that change them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import streamlit as st
import torch
from torch import Tensor

from app.settings.transposed_convolution import INPUT_NUMBERS, KERNEL_NUMBERS
from app.visitor import session, widgets
from fcn_core.ops.bilinear import bilinear_kernel
from fcn_core.ops.transposed import Axis

# Setting without its letter -> (label, help); a setting of the rows ends in y.
FIELDS = {
    "n": ("Input n", "Size of the map that comes in, in pixels."),
    "k": ("Kernel k", "Weights of the kernel along an axis."),
    "s": ("Stride s", "Down: pixels from one place of the kernel to the next. Up: from one stamp to the next."),
    "p": ("Padding p", "Down: zeros put around the input. Up: pixels cut off the output, on each side."),
    "op": ("Output padding", "Up only: pixels more at the end of the output. Nothing is padded with zeros."),
    "d": ("Dilation d", "From one weight of the kernel to the next, in pixels; 1 is an ordinary kernel."),
}
LARGEST = {"n": 1024, "k": 128, "s": 64, "p": 128, "op": 64, "d": 16}
# What can be drawn with a number in every cell.
DRAWN = {
    "1d": {"n": 10, "k": 8, "s": 6, "p": 8, "op": 6, "d": 4},
    "2d": {"n": 4, "k": 5, "s": 4, "p": 5, "op": 4, "d": 3},
}
LEAST = {"n": 1, "k": 1, "s": 1, "p": 0, "op": 0, "d": 1}
INPUT_TITLES = {"count": "1, 2, 3 …", "ones": "ones", "one": "a single 1", "random": "random"}
KERNEL_TITLES = {"count": "1, 2, 3 …", "ones": "ones", "bilinear": "bilinear", "random": "random"}
assert tuple(INPUT_TITLES) == INPUT_NUMBERS and tuple(KERNEL_TITLES) == KERNEL_NUMBERS


@dataclass(frozen=True)
class Plan:
    """Input sizes and settings: one axis, or rows and columns."""

    sizes: tuple[int, ...]
    axes: tuple[Axis, ...]

    @property
    def is_2d(self) -> bool:
        return len(self.axes) == 2

    @property
    def is_square(self) -> bool:
        """Whether rows and columns have the same settings, or there is one axis."""
        return len(set(zip(self.sizes, self.axes, strict=True))) == 1


def plan_controls(largest: Mapping[str, Mapping[str, int]] | None = None, *, with_numbers: bool = False) -> Plan:
    """Draw the controls for sizes and settings, and for the numbers in the cells if they are wanted.

    `largest` limits them, for 1d and 2d; a value that is cut down to its limit is told.
    """
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        dim = widgets.pick_one("t_dim", "Dimensions", {"1d": "1-D", "2d": "2-D"})
        if with_numbers:
            _numbers_controls()
        apart = dim == "2d" and widgets.switch("t_apart", "Rows and columns apart")
    limits = largest[dim] if largest else LARGEST
    found = {"": _fields("", "columns" if apart else "", limits)}
    if apart:
        found["y"] = _fields("y", "rows", limits)
    order = ([found.get("y", found[""])] if dim == "2d" else []) + [found[""]]
    return Plan(
        tuple(values["n"] for values in order),
        tuple(Axis(v["k"], v["s"], v["p"], v["op"], v["d"]) for v in order),
    )


def _fields(ending: str, whose: str, limits: Mapping[str, int]) -> dict[str, int]:
    values = {}
    with st.container(horizontal=True, gap="small", key=f"transposed-fields{ending}"):
        for short, (title, help) in FIELDS.items():
            with st.container(width=_width()):
                label = f"{short}, {whose}" if whose else title
                values[short] = widgets.number(f"t_{short}{ending}", label, LEAST[short], limits[short], help=help)
    cut = [
        f"{short}{f' of the {whose}' if whose else ''} as {value}, not {wished}"
        for short, value in values.items()
        if (wished := session.setting(f"t_{short}{ending}")) != value
    ]
    if cut:
        st.caption(f":material/info: Drawn cell by cell, this view shows {'; '.join(cut)}. “Sizes” takes any.")
    return values


def _width() -> int:
    """Of a number field, in pixels."""
    return 195 if session.setting("large") else 130


def _numbers_controls() -> None:
    given = widgets.pick_one("t_x", "Numbers of the input", INPUT_TITLES)
    kernel = widgets.pick_one("t_w", "Numbers of the kernel", KERNEL_TITLES)
    if "random" in (given, kernel):
        with st.container(width=_width()):
            widgets.number("t_seed", "Random draw", 0, 9999)


def numbers(plan: Plan) -> tuple[Tensor, Tensor]:
    """The numbers in the input's and in the kernel's cells, float64, as the settings say."""
    random = torch.Generator().manual_seed(session.setting("t_seed"))
    kernel_sizes = tuple(axis.kernel for axis in plan.axes)
    drawn_input = torch.randint(1, 10, plan.sizes, generator=random)
    drawn_kernel = torch.randint(-3, 4, kernel_sizes, generator=random)
    x = {"count": _count(plan.sizes), "ones": torch.ones(plan.sizes), "one": _single(plan.sizes), "random": drawn_input}
    weight = {
        "count": _count(kernel_sizes), "ones": torch.ones(kernel_sizes), "bilinear": _bilinear(kernel_sizes),
        "random": drawn_kernel,
    }  # fmt: skip
    return x[session.setting("t_x")].double(), weight[session.setting("t_w")].double()


def _count(sizes: tuple[int, ...]) -> Tensor:
    return torch.arange(1, torch.Size(sizes).numel() + 1).reshape(sizes)


def _single(sizes: tuple[int, ...]) -> Tensor:
    single = torch.zeros(sizes)
    single[tuple(size // 2 for size in sizes)] = 1
    return single


def _bilinear(sizes: tuple[int, ...]) -> Tensor:
    """The bilinear kernel, or its line in 1-D, whose weights sum to the factor (size + 1) // 2."""
    lines = [bilinear_kernel(size, dtype=torch.float64).sum(0) / ((size + 1) // 2) for size in sizes]
    return lines[0] if len(lines) == 1 else lines[0][:, None] * lines[1][None, :]


def axis_in_hand() -> Axis:
    """The settings of the columns, or of the only axis."""
    return Axis(*(session.setting(f"t_{short}") for short in ("k", "s", "p", "op", "d")))
