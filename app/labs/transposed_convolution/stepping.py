"""A plan small enough to be drawn with its numbers, and what the browser needs to step through it in three ways."""

from __future__ import annotations

from typing import Any

import streamlit as st
import torch
from torch import Tensor

from app.labs.transposed_convolution.plan import DRAWN, Plan, numbers, plan_controls
from fcn_core.ops.transposed import Axis, output_sizes
from fcn_core.ops.transposed_ways import connections, convolution_matrix, scatter, zero_insertion

MOST_OUTPUTS = {"1d": 40, "2d": 100}
MOST_ENTRIES = 1600


def too_large(plan: Plan) -> str | None:
    """Why a plan cannot be drawn with a number in every cell; None if it can. ValueError for an invalid one."""
    outputs = torch.Size(output_sizes(plan.sizes, plan.axes)).numel()
    entries = outputs * torch.Size(plan.sizes).numel()
    most = MOST_OUTPUTS["2d" if plan.is_2d else "1d"]
    if outputs <= most and entries <= MOST_ENTRIES:
        return None
    return (
        f"The output has {outputs} cells and the matrix {entries} entries; at most {most} and {MOST_ENTRIES} can be "
        "drawn with their numbers. Make the input, the stride or the kernel smaller. “Sizes” takes any."
    )


def drawn_plan() -> tuple[Plan, Tensor, Tensor] | None:
    """Draw the controls: a plan with the numbers of its input and kernel; None after it was said why not."""
    plan = plan_controls(DRAWN, with_numbers=True)
    try:
        refused = too_large(plan)
    except ValueError as error:
        st.warning(f"**No such transposed convolution:** {error}.", icon=":material/block:")
        return None
    if refused:
        st.info(refused, icon=":material/grid_on:")
        return None
    return plan, *numbers(plan)


def partial_results(x: Tensor, weight: Tensor, axes: tuple[Axis, ...]) -> dict[str, Tensor]:
    """The output after each input cell, cells×(output cells), as each of the three ways has it by then."""
    matrix = convolution_matrix(tuple(x.shape), weight, axes)
    flat = x.flatten()
    seen = [torch.where(torch.arange(len(flat)) <= i, flat, 0.0) for i in range(len(flat))]
    return {
        "scatter": scatter(x, weight, axes).flatten(1).cumsum(0),
        "zeros": torch.stack([zero_insertion(part.reshape(x.shape), weight, axes).output.flatten() for part in seen]),
        "matrix": torch.stack([matrix.T @ part for part in seen]),
    }


def step_data(plan: Plan, x: Tensor, weight: Tensor) -> dict[str, Any]:
    """Cells, products, partial results and places, as app/components/transposed.js reads them."""
    axes = plan.axes
    way = zero_insertion(x, weight, axes)
    partial = partial_results(x, weight, axes)
    rows = axes[0] if plan.is_2d else Axis(1)
    return {
        "flat": not plan.is_2d,
        "x": _map(x), "w": _map(weight), "y": _map(way.output),
        "axes": [_axis(rows), _axis(axes[-1])],
        "products": connections(plan.sizes, axes),
        "stamps": scatter(x, weight, axes).flatten(1).tolist(),
        "partial": {name: values.tolist() for name, values in partial.items()},
        "stretched": _map(way.stretched) | _inner(plan),
        "places": _places(plan),
        "flipped": way.flipped.flatten().tolist(),
        "matrix": convolution_matrix(plan.sizes, weight, axes).tolist(),
        "size": repr(plan),
    }  # fmt: skip


def _map(values: Tensor) -> dict[str, Any]:
    rows, columns = values.shape if values.dim() == 2 else (1, *values.shape)
    return {"rows": rows, "columns": columns, "values": values.flatten().tolist()}


def _axis(axis: Axis) -> dict[str, int]:
    names = ("kernel", "stride", "padding", "output_padding", "dilation", "extent")
    return {name: getattr(axis, name) for name in names}


def _rims(plan: Plan) -> list[int]:
    return [axis.extent - 1 - axis.padding for axis in plan.axes]


def _inner(plan: Plan) -> dict[str, list[int]]:
    """First and last cell (row, column) of the stretched map that lies between inputs, not in the rim."""
    first = _rims(plan)
    last = [rim + (n - 1) * axis.stride for rim, n, axis in zip(first, plan.sizes, plan.axes, strict=True)]
    return {"first": ([] if plan.is_2d else [0]) + first, "last": ([] if plan.is_2d else [0]) + last}


def _places(plan: Plan) -> list[int]:
    """Number of the stretched cell that holds each input; -1 for one that a negative rim cut off."""
    along = []
    for rim, n, axis in zip(_rims(plan), plan.sizes, plan.axes, strict=True):
        width = (n - 1) * axis.stride + 1 + 2 * rim + axis.output_padding
        at = [rim + i * axis.stride for i in range(n)]
        along.append((width, [place if 0 <= place < width else None for place in at]))
    if not plan.is_2d:
        return [-1 if place is None else place for place in along[0][1]]
    (_, rows), (width, columns) = along
    return [-1 if r is None or c is None else r * width + c for r in rows for c in columns]
