"""Ninety-nine dogs and one cat: the scores of a network that never saw the cat, and what class weights change."""

from __future__ import annotations

from html import escape

import numpy as np
import streamlit as st
import torch

from app.labs.metrics.weighting import FORMULAS, KINDS, weights_of
from app.labs.shared import lab
from app.parts.pictures import encode
from app.parts.tables import table
from app.parts.words import percent
from app.visitor import widgets
from fcn_core.analysis.measuring.imbalance import DogsAndCats, dogs_and_cats, rare_threshold, starting_shares
from fcn_core.draw import colourise
from fcn_core.training.loop.class_gradients import measured_gradient_shares

COLOURS = ((196, 178, 152), (213, 94, 0))  # dog, cat
STYLE = """
.fcn-dogs { display: flex; gap: 1rem; max-width: 34rem; } .fcn-dogs figure { flex: 1; margin: 0; min-width: 0; }
.fcn-dogs img { width: 100%; image-rendering: pixelated; display: block; }
.fcn-dogs figcaption { font-size: .9rem; opacity: .8; padding-top: .25rem; }
.fcn-dogs-key { display: flex; gap: 1.2rem; font-size: .92rem; margin-top: .4rem; }
.fcn-dogs-key i { display: inline-block; width: .8rem; height: .8rem; margin-right: .35rem; vertical-align: -1px; }
"""


@st.fragment
def dogs_panel() -> None:
    """Three sliders, the picture, the scores with their counts, and the table of weights."""
    st.subheader("Ninety-nine dogs and one cat", anchor=False)
    left, right = st.columns([1, 1], gap="large")
    with left:
        cats = widgets.slide("m_cats", "Cat pixels of a hundred", 1, 50)
        found = widgets.slide("m_found", "Of the cat's pixels, called cat", 0, 100, format="%d %%")
        false = widgets.slide("m_false", "Of the dogs' pixels, called cat", 0, 100, format="%d %%")
    scene = dogs_and_cats(cats, found=found, false=false)
    with left:
        st.html(_scores(scene))
    with right:
        st.html(_pictures(scene))
        st.markdown(_story(scene, cats, found, false))
    frequencies = np.array([100 - cats, cats]) / 100
    st.html(_weights(frequencies))
    st.caption(
        "Weights are those that training takes for these two shares. The blind network sees nothing of the picture: "
        "the constant answer with the smallest loss, which is also how the gradient is shared at the start. The last "
        "column: with weights, a network says cat as soon as the true probability of cat is above this."
    )
    lab.check("the shares of the gradient at the start, from autograd on these pixels", _gap(scene, frequencies), 1e-6)


def _pictures(scene: DogsAndCats) -> str:
    figures = "".join(
        f"<figure><img src='{encode(colourise(labels, COLOURS)).src}' alt='{name}, dog and cat pixels'>"
        f"<figcaption>{name}</figcaption></figure>"
        for name, labels in (("truth", scene.truth), ("prediction", scene.prediction))
    )
    key = "".join(
        f"<span><i style='background:rgb{colour}'></i>{name}</span>"
        for name, colour in zip(("dog", "cat"), COLOURS, strict=True)
    )
    return f"<style>{STYLE}</style><div class='fcn-dogs'>{figures}</div><div class='fcn-dogs-key'>{key}</div>"


def _scores(scene: DogsAndCats) -> str:
    (dd, dc), (cd, cc) = scene.matrix.counts.tolist()
    scores = scene.matrix.scores()
    dogs, cats = dd + dc, cd + cc
    rows = [
        ("pixel accuracy", f"({dd:,} + {cc:,}) / {dogs + cats:,}", percent(scores.pa)),
        ("mean accuracy", f"½ ({dd:,}/{dogs:,} + {cc:,}/{cats:,})", percent(scores.mpa)),
        ("IoU dog", f"{dd:,} / {dogs + cd:,}", percent(scores.iou[0])),
        ("IoU cat", f"{cc:,} / {cats + dc:,}", percent(scores.iou[1])),
        ("mean IoU", "½ (IoU dog + IoU cat)", percent(scores.miou)),
        ("frequency-weighted IoU", f"{dogs / (dogs + cats):.2f} · dog + {cats / (dogs + cats):.2f} · cat",
         percent(scores.fwiou)),
    ]  # fmt: skip
    return table(("", "counts of 10,000 pixels", ""), rows)


def _story(scene: DogsAndCats, cats: int, found: int, false: int) -> str:
    scores = scene.matrix.scores()
    if found == 0 and false == 0:
        return (
            f"This network says dog everywhere. Pixel accuracy calls that **{percent(scores.pa)}**; mean accuracy "
            f"**{percent(scores.mpa)}**, because half of the classes are right; mean IoU **{percent(scores.miou)}**. "
            "Pixel accuracy lacks just the cats."
        )
    lost = (100 - cats) * false / 100
    gained = cats * found / 100
    return (
        f"Of a hundred pixels, {gained:.2g} cat pixels are found and {lost:.2g} dog pixels are called cat. Mean "
        f"accuracy is **{percent(scores.mpa)}**, mean IoU **{percent(scores.miou)}**: accuracy asks only how much "
        "of a class was found, IoU also what was taken from others, and beside a rare class a little of the common one "
        "is much."
    )


def _weights(frequencies: np.ndarray) -> str:
    rows = []
    for kind, name in KINDS.items():
        weights = weights_of(frequencies, kind)
        dog, cat = (1.0, 1.0) if weights is None else weights.tolist()
        share = starting_shares(frequencies, weights)[1]
        rows.append(
            (name, FORMULAS[kind], f"{dog:.2f}", f"{cat:.2f}", percent(share), percent(rare_threshold(weights)))
        )
    heads = ("weights", "rule", "dog", "cat", "gradient from cats = blind answer", "says cat above")
    # Six columns do not fit a phone: the table scrolls by itself.
    return f"<div style='overflow-x:auto' aria-label='{escape('class weights')}'>{table(heads, rows)}</div>"


def _gap(scene: DogsAndCats, frequencies: np.ndarray) -> float:
    """Largest difference between closed form and autograd over the kinds of weights."""
    truth = torch.from_numpy(scene.truth.astype(np.int64))
    gaps = []
    for kind in KINDS:
        weights = weights_of(frequencies, kind)
        given = None if weights is None else torch.tensor(weights, dtype=torch.float32)
        measured = measured_gradient_shares(torch.zeros(2, *truth.shape), truth, given).numpy()
        gaps.append(float(np.abs(measured - starting_shares(frequencies, weights)).max()))
    return max(gaps)
