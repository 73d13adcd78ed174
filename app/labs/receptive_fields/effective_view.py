"""The effective field: how strongly each pixel moves the cell, with random and with trained weights."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain

import cv2
import numpy as np
import streamlit as st
from torch import Tensor

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.labs.receptive_fields.canvas import frame
from app.labs.receptive_fields.nets import walked
from app.labs.receptive_fields.place import Place, place_picker
from app.labs.receptive_fields.questions import effective_questions
from app.labs.shared import lab
from app.labs.shared.seen import Seen, seen
from app.labs.shared.waited import waited
from app.parts.pictures import colour_bar, encode
from app.parts.words import covered
from app.visitor import session, widgets
from app.visitor.pixel_picture import picture
from fcn_core.analysis.fields.effective_field import (
    EffectiveField,
    FieldTarget,
    effective_field,
    fit_gaussian,
    random_pictures,
    with_random_weights,
)
from fcn_core.draw import colour_map
from fcn_core.segmenting.segmenter import Segmenter

MOST_SIDE = 480
DECADES = 4
THEORY, MOST = (255, 255, 255), (255, 170, 60)
WEIGHTS = {"random": "Random weights", "trained": "Trained weights"}


def show(case: Case) -> None:
    look = seen(case, MOST_SIDE, why="each picture takes a pass back through the network")
    net = walked(case, "own", look.size)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="medium"):
        with st.container(width=330):
            place = place_picker(net, look.size, look.pixel)
        many = case.record.preprocessing.channels != 3
        inputs = widgets.pick_one(
            "r_inputs", "Averaged over",
            {"random": "Noise"} if many else {"photos": "Photos", "random": "Noise"},
        )  # fmt: skip
        with st.container(width=130):
            count = widgets.slide("r_n", "How many", 1, 16)
        measure = widgets.pick_one("r_measure", "Size", {"absolute": "|g|", "squared": "g²"})
        scale = widgets.pick_one("r_scale", "Colours", {"log": "Log", "linear": "Linear"})
    target, told = _target(case, place)
    found: dict[str, EffectiveField] = {}
    for column, (which, title) in zip(st.columns(2), WEIGHTS.items(), strict=True):
        with column:
            answer = _measured(look, target, place, which, inputs, count, measure)
            if answer is not None:
                found[which] = answer
                _map(look, place, answer, title, which, scale)
    st.caption(
        f"How much one pixel moves the cell: the gradient of the cell ({told}) with respect to the "
        "pixel; its size, summed over the pixel's colours and averaged. White: the theoretical box. Orange: the box of "
        "the same shape and centre that holds 95 % of the gradient. Random: freshly drawn weights (He et al.), the "
        "same layers."
    )
    _verdict(found)
    for which, answer in found.items():
        lab.check(
            f"share of the gradient that PyTorch finds outside the theoretical box, {WEIGHTS[which].lower()}",
            answer.outside, 1e-12,
        )  # fmt: skip
    lab.questions("receptive-effective", effective_questions(found.get("trained")))
    lab.show_code(effective_field, fit_gaussian, with_random_weights)


def _target(case: Case, place: Place) -> tuple[FieldTarget, str]:
    """What is differentiated: the score of the class in hand, or the sum of a hidden map's channels; and its name."""
    names = case.labels.classes
    if place.map.name.startswith(("logits.", "maps.")) and place.map.shape[1] == len(names):
        held = session.bench().cls
        name = held if held in names else case.largest_class
        return replace(place.target, channel=case.labels.index(name)), f"its score for {name}"
    return place.target, "the sum of its channels"


def _measured(
    look: Seen, target: FieldTarget, place: Place, which: str, inputs: str, count: int, measure: str
) -> EffectiveField | None:  # fmt: skip
    key = (*look.key, "effective", target, which, inputs, count, measure)

    def compute(progress):  # noqa: ANN001, ANN202
        model = with_random_weights(look.model) if which == "random" else look.model
        pictures = _noise(look) if inputs == "random" else _photos(look)
        return effective_field(
            model, target, place.box, pictures, count=count, measure=measure, progress=progress
        )  # fmt: skip

    return waited(key, compute, f"{WEIGHTS[which]}: picture")


def _noise(look: Seen) -> Iterator[Tensor]:
    return random_pictures((look.case.record.preprocessing.channels, *look.size))


def _photos(look: Seen) -> Iterator[Tensor]:
    """The photo in hand, then the samples at its size, then both mirrored: never more than asked for is read."""
    height, width = look.size
    samples = bench_kept.sample_names()

    def others() -> Iterator[Tensor]:
        segmenter: Segmenter = look.segmenter
        for sample in map(bench_kept.sample_picture, samples):
            if sample.key != look.case.picture.key:
                photo = cv2.resize(sample.image, (width, height), interpolation=cv2.INTER_AREA)
                yield segmenter.loaded.record.preprocessing.apply(photo)

    def plain() -> Iterator[Tensor]:
        return chain([look.network_input()[0]], others())

    return chain(plain(), (picture.flip(2) for picture in plain()))


def _map(look: Seen, place: Place, answer: EffectiveField, title: str, which: str, scale: str) -> None:
    if answer.reached is None:
        st.info(
            f"{title}: no pixel has a gradient here. Every way to this cell passes a ReLU that is asleep, or a score "
            "layer that is still zero.", icon=":material/info:",
        )  # fmt: skip
        return
    shown = answer.strength / answer.strength.max()
    if scale == "log":
        shown = 1 + np.log10(np.maximum(shown, 10.0**-DECADES)) / DECADES
        ticks = ("under 10⁻⁴", "10⁻³", "10⁻²", "10⁻¹", "1")
    else:
        ticks = ("0", "0.25", "0.5", "0.75", "1")
    zoom = max(1, round(900 / max(shown.shape)))
    drawn = cv2.resize(colour_map(shown.astype(np.float32)), None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST)
    assert place.box.inside is not None
    for ends, colour in ((place.box.inside, THEORY), (answer.within, MOST)):
        if ends is not None:
            top, left, bottom, right = (end * zoom for end in ends)
            frame(drawn, (top, left, bottom, right), colour, 2)
    picture(
        encode(drawn, full_size=look.size),
        key=f"effective-{which}",
        title=f"{title}, {answer.pictures} pictures" if answer.pictures > 1 else f"{title}, one picture",
        alt=f"Gradient of {place.words} at every pixel, {title.lower()}",
        pixel=look.pixel,
        on_pixel=lambda x, y: session.hold(**look.held(x, y)),
        bar=colour_bar("viridis", ticks, "gradient, strongest pixel = 1"),
        most_height="52vh",
    )
    sigma = "not to be fitted" if math.isnan(answer.sigma[0]) else (
        f"σ **{answer.sigma[1]:.1f}** across, **{answer.sigma[0]:.1f}** down, in pixels (R² {answer.fit:.2f})"
    )  # fmt: skip
    st.markdown(f"95 % of the gradient in **{covered(answer.share)}** of the box. Gaussian: {sigma}.")


def _verdict(found: dict[str, EffectiveField]) -> None:
    if len(found) < 2 or any(answer.within is None for answer in found.values()):
        return
    random, trained = found["random"].share, found["trained"].share
    how = "grew" if trained > random * 1.05 else "shrank" if trained < random * 0.95 else "stayed as large as it was"
    st.markdown(
        f"With random weights 95 % of the gradient lie in {covered(random)} of the box, after training in "
        f"{covered(trained)}: for this cell the effective field **{how}**."
    )
