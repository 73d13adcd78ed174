"""Both size formulas with their numbers filled in, as LaTeX, and what PyTorch's own rules say of the same settings."""

from __future__ import annotations

import torch
from torch.nn import functional as F

from app.labs.transposed_convolution.plan import Plan
from fcn_core.ops.transposed import Axis
from fcn_core.ops.transposed_ways import torch_settings


def pixels(count: int, kind: str = "") -> str:
    """So many of them: 1 pixel, 3 pixels, 3 input pixels."""
    return f"{count} {kind + ' ' if kind else ''}pixel{'' if count == 1 else 's'}"


def down_formula(n: int, axis: Axis, *, name: str = "m") -> str:
    """The convolution's output size, in general and in numbers. ValueError as `Axis.down`."""
    m = axis.down(n)
    room = n + 2 * axis.padding - axis.dilation * (axis.kernel - 1) - 1
    return _lines(
        name,
        r"\left\lfloor \frac{n + 2p - d(k-1) - 1}{s} \right\rfloor + 1",
        rf"\left\lfloor \frac{{{n} + 2\cdot {axis.padding} - {axis.dilation}({axis.kernel}-1) - 1}}{{{axis.stride}}} "
        r"\right\rfloor + 1",
        rf"\left\lfloor \tfrac{{{room}}}{{{axis.stride}}} \right\rfloor + 1 = \mathbf{{{m}}}",
    )


def up_formula(n: int, axis: Axis, *, name: str = "n'") -> str:
    """The transposed convolution's output size, in general and in numbers. ValueError as `Axis.up`."""
    size = axis.up(n)
    return _lines(
        name,
        r"(n-1)s - 2p + d(k-1) + op + 1",
        rf"({n}-1)\cdot {axis.stride} - 2\cdot {axis.padding} + {axis.dilation}({axis.kernel}-1) "
        rf"+ {axis.output_padding} + 1",
        rf"{(n - 1) * axis.stride} - {2 * axis.padding} + {axis.dilation * (axis.kernel - 1)} + {axis.output_padding} "
        rf"+ 1 = \mathbf{{{size}}}",
    )


def _lines(name: str, *sides: str) -> str:
    return rf"$$\begin{{aligned}} {name} &= " + r" \\[.35em] &= ".join(sides) + r"\end{aligned}$$"


def size_by_torch(plan: Plan, *, up: bool) -> tuple[int, ...] | str:
    """The output size that PyTorch itself works out, without computing a map; or the sentence of its refusal."""
    x = torch.empty(1, 1, *plan.sizes, device="meta")
    weight = torch.empty(1, 1, *(axis.kernel for axis in plan.axes), device="meta")
    if up:
        run = F.conv_transpose2d if plan.is_2d else F.conv_transpose1d
    else:
        run = F.conv2d if plan.is_2d else F.conv1d
    try:
        return tuple(run(x, weight, **torch_settings(plan.axes, transposed=up)).shape[2:])
    except RuntimeError as error:
        return str(error).split("\n")[0]
