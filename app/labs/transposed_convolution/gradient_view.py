"""Gradient, not inverse: the same numbers through autograd, and what a way there and back loses."""

from __future__ import annotations

import streamlit as st
import torch
from torch import Tensor

from app.bench.strip import Strip
from app.labs.shared import lab
from app.labs.transposed_convolution.cells import maps
from app.labs.transposed_convolution.photo_loss import photo_loss
from app.labs.transposed_convolution.plan import Plan
from app.labs.transposed_convolution.stepping import drawn_plan
from app.visitor import widgets
from fcn_core.ops.transposed import output_sizes
from fcn_core.ops.transposed_inverse import (
    ThereAndBack,
    gradient_of_convolution,
    shrink_and_enlarge,
    there_and_back,
)
from fcn_core.ops.transposed_ways import by_torch, convolve


def show(strip: Strip) -> None:
    """Draw both halves."""
    _gradient(strip)


@st.fragment
def _gradient(strip: Strip) -> None:
    drawn = drawn_plan()
    if drawn is None:
        return
    plan, x, weight = drawn
    _same_numbers(plan, x, weight)
    st.subheader("It is not an inverse", anchor=False)
    back = widgets.pick_one("t_back", "There and back", {"numbers": "In numbers", "photo": "On the photo"})
    if back == "numbers":
        _numbers_lost(plan, weight)
        lab.show_code(gradient_of_convolution, there_and_back)
    else:
        photo_loss(strip)
        lab.show_code(gradient_of_convolution, shrink_and_enlarge)


def _same_numbers(plan: Plan, g: Tensor, weight: Tensor) -> None:
    st.subheader("It is the gradient of a convolution", anchor=False)
    call = "2d" if plan.is_2d else "1d"
    st.markdown(
        "A convolution computes *y = C x*. Training asks how the loss changes with *x*: by the chain rule "
        "*∂L/∂x = Cᵀ ∂L/∂y*, the transposed convolution of the gradient that arrives. So every strided convolution "
        "runs one when it is trained, and training a transposed convolution runs an ordinary one backward."
    )
    gradient = gradient_of_convolution(g, weight, plan.axes)
    up = by_torch(g, weight, plan.axes)
    st.html(
        maps([
            ("Gradient that arrives, ∂L/∂y", g, "input"),
            ("Kernel", weight, "kernel"),
            (f"Autograd through conv{call}: ∂L/∂x", gradient, "output"),
            (f"conv_transpose{call} of ∂L/∂y", up, "output"),
        ])
    )  # fmt: skip
    st.caption("The two green maps come from different calls of PyTorch: one from `backward`, one computed forward.")
    lab.check(
        f"the gradient of `conv{call}` by autograd and `conv_transpose{call}`",
        float((gradient - up).abs().max()), 1e-9,
    )  # fmt: skip


def _numbers_lost(plan: Plan, weight: Tensor) -> None:
    sizes = output_sizes(plan.sizes, plan.axes)
    count = torch.Size(sizes).numel()
    original = torch.arange(1, count + 1, dtype=torch.float64).reshape(sizes)
    trip = there_and_back(original, plan.sizes, weight, plan.axes)
    st.html(
        maps([
            ("A map a", original, "output"),
            ("Its convolution C a", trip.small, "input"),
            ("Back by the transpose, CᵀC a", trip.back, "output"),
            ("Closest that any method gets back", trip.closest, "plain"),
            ("What that still misses", trip.closest - original, "lost"),
        ])
    )  # fmt: skip
    st.markdown(_told(plan, trip, count))
    if trip.unseen is not None:
        _second_map(plan, weight, original, trip)
    small = convolve(original, weight, plan.axes)[tuple(slice(n) for n in plan.sizes)]
    lab.check(
        "C a, CᵀC a and PyTorch's convolution, then its transposed one",
        max(
            float((trip.small - small).abs().max()), float((trip.back - by_torch(small, weight, plan.axes)).abs().max())
        ),
        1e-8,
    )


def _told(plan: Plan, trip: ThereAndBack, count: int) -> str:
    """How much came through, in words."""
    small = trip.small.numel()
    kept = f"The map a has {count} numbers, C a has {small}"
    if trip.rank < small:
        kept += f", of which {trip.rank} say something new (the rank of C)"
    if trip.unseen is None:
        return (
            f"{kept}: here nothing is lost, and another matrix, the inverse of C, would get a back. Its transpose "
            "is still not that inverse, unless C only moves numbers."
        )
    return (
        f"{kept}: **{count - trip.rank} of {count} dimensions are gone**, and no layer that sees only C a can "
        "know them. The transpose brings back the size, and puts weight where the kernel looked, not what was there. "
        "“Closest” is the least-squares answer, by the pseudo-inverse: the best that C a alone allows without "
        "knowing more about a."
    )


def _second_map(plan: Plan, weight: Tensor, original: Tensor, trip: ThereAndBack) -> None:
    assert trip.unseen is not None
    other = original + 5 * trip.unseen
    again = convolve(other, weight, plan.axes)[tuple(slice(n) for n in plan.sizes)]
    st.markdown("**Two maps, one convolution.** Add something that C cannot see, and the result stays the same:")
    st.html(
        maps([
            ("Another map b", other, "output"),
            ("b − a: not nothing", other - original, "lost"),
            ("Its convolution C b", again, "input"),
            ("C b − C a", again - trip.small, "lost"),
        ])
    )  # fmt: skip
    lab.check("the convolutions of a and of b", float((again - trip.small).abs().max()), 1e-8)
