"""Which kernel the upsample view enlarges with: a drawn one, one of the loaded weights, or the one fitted here."""

from __future__ import annotations

from dataclasses import dataclass

import streamlit as st

from app.bench.case import Case
from app.labs.transposed_convolution.fit_kept import newest_fit
from app.parts.words import percent
from app.visitor import widgets
from fcn_core.analysis.upsampling.enlarging import (
    EnlargingKernel,
    NetworkUpsampling,
    enlarging_kernel,
    network_upsamplings,
)

KINDS = {
    "bilinear": "Bilinear",
    "nearest": "Nearest",
    "random": "Random",
    "learned": "Of the weights",
    "fitted": "Fitted here",
}


@dataclass(frozen=True)
class Chosen:
    """The kernel, what to call it, and what there is to say about it."""

    kernel: EnlargingKernel
    kind: str
    name: str
    told: str = ""


def choose_kernel(case: Case, index: int, kind: str) -> Chosen:
    """Draw the control of the factor, or of the layer that brings it; `index` is the class in hand.

    Kernels of the weights and of the fit bring their factor along; where there is none, it says so and takes bilinear.
    """
    if kind == "learned":
        found = _of_weights(case, index)
    elif kind == "fitted":
        found = _fitted()
    else:
        factor = _factor()
        told = "Drawn at random, then scaled so that the sum is f²." if kind == "random" else ""
        return Chosen(enlarging_kernel(kind, factor), kind, f"{kind} kernel", told)
    if isinstance(found, Chosen):
        return found
    return Chosen(enlarging_kernel("bilinear", _factor()), "bilinear", "bilinear kernel", found)


def _factor() -> int:
    with st.container(width=220):
        return widgets.slide("t_uf", "Factor f", 2, 32)


def _of_weights(case: Case, index: int) -> Chosen | str:
    try:
        layers = {layer.name: layer for layer in network_upsamplings(case.segmenter.loaded.model)}
    except ValueError:
        return (
            f"{case.record.name} has no transposed convolutions: it enlarges its scores by interpolation. Bilinear is "
            "shown instead."
        )
    options = {name: f"{name}, ×{layer.placement.factor}" for name, layer in layers.items()}
    layer = layers[widgets.pick_one("t_ulayer", "Layer", options)]
    return Chosen(layer.kernel(index), "learned", f"kernel of {layer.name}", _story(case, layer, index))


def _story(case: Case, layer: NetworkUpsampling, index: int) -> str:
    if layer.weights is None:
        return (
            f"The weights **{widgets.plain(case.record.name)}** keep {layer.name} **frozen at the bilinear kernel**, "
            "so this is bilinear. (In the paper's released code all are frozen; in its text the last one is, and the "
            "intermediate ones learn.)"
        )
    return (
        f"**Learned** from bilinear on: the kernel with which {layer.name} enlarges "
        f"{widgets.plain(case.labels.classes[index])}. The classes' own kernels moved by up to {layer.moved:.2g} from "
        f"bilinear; {percent(layer.crosstalk)} of the layer's weights lead from one class to another, left out here."
    )


def _fitted() -> Chosen | str:
    fit = newest_fit()
    if fit is None:
        return (
            "No kernel was fitted in this visit yet: do that in the view “Learn the kernel”. Bilinear is shown instead."
        )
    state = fit.state()
    kernel = EnlargingKernel(state.kernel, fit.examples.factor)
    told = f"As it stands after {state.step} of {state.steps} steps; up to {state.from_bilinear:.2g} from bilinear."
    return Chosen(kernel, "fitted", "kernel fitted here", told)
