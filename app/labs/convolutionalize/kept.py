"""What the Convolutionalize lab keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import streamlit as st

from app.bench import kept as bench_kept
from app.bench.identity import IDENTITY
from fcn_core import weights as weights_module
from fcn_core.analysis.dense.pass_cost import Counted, GridCost, counted
from fcn_core.analysis.dense.patch_sampling import PatchGradients, SampledGradients, sample_patches, sample_pictures
from fcn_core.analysis.dense.patchwise import dense_network, load_patch_classifier
from fcn_core.analysis.dense.window_classifier import (
    WindowClassifier,
    drawn_alexnet,
    fcn_windows,
    imagenet_windows,
    patch_windows,
)
from fcn_core.segmenting.segmenter import Segmenter

DRAWS = 1000


@st.cache_resource(show_spinner=False, max_entries=3, hash_funcs=IDENTITY)
def own_windows(segmenter: Segmenter) -> WindowClassifier:
    """The classifier that the trunk of weights in hand was; ValueError says why there is none."""
    return replace(fcn_windows(segmenter.loaded.model), key=f"own:{segmenter.loaded.key}")


@st.cache_resource(show_spinner=False, max_entries=2)
def imagenet_pair(name: str) -> WindowClassifier:
    """An ImageNet classifier that is on this machine, with its fully connected layers and without."""
    state = {key: value.to(bench_kept.device()) for key, value in weights_module.classifier_state(name).items()}
    return replace(imagenet_windows(name, state), key=f"imagenet:{name}")


@st.cache_resource(show_spinner=False, max_entries=4)
def patch_pair(side: int) -> WindowClassifier:
    """The project's classifier of patches of this side, with its fully connected layers and without."""
    classifier = load_patch_classifier(side).to(bench_kept.device())
    return replace(patch_windows(classifier, side), key=f"patch:{side}")


@st.cache_resource(show_spinner=False, max_entries=1)
def alexnet_pair() -> WindowClassifier:
    """AlexNet with drawn weights, to be timed."""
    return replace(drawn_alexnet(bench_kept.device()), key="alexnet, drawn")


@st.cache_resource(show_spinner=False, max_entries=200, hash_funcs=IDENTITY)
def pass_counts(pair: WindowClassifier, form: Literal["full", "whole"], size: tuple[int, int]) -> Counted:
    """Multiply-adds and memory of one pass of one form over a picture of this height and width."""
    return counted(getattr(pair, form), (1, pair.channels, *size))


@st.cache_resource(show_spinner=False, max_entries=200, hash_funcs=IDENTITY)
def dense_counts(pair: WindowClassifier, step: int, shape: tuple[int, ...]) -> Counted:
    """The same of the one pass that answers every `step` pixels, over an input of this shape."""
    network, _ = dense_network(pair.full, pair.side, step)
    return counted(network, shape)


@st.cache_resource(show_spinner=False, max_entries=20, hash_funcs=IDENTITY)
def grid_costs(pair: WindowClassifier) -> dict[str, tuple[GridCost, ...]]:
    """What this machine took for grids of answers, once somebody has measured it."""
    return {}


@st.cache_resource(show_spinner=False, max_entries=100, hash_funcs=IDENTITY)
def sampled_patches(picture: PatchGradients, keep: float) -> SampledGradients:
    """Gradients of batches of a picture's patches, each kept with this chance."""
    return sample_patches(picture, keep, draws=DRAWS)


@st.cache_resource(show_spinner=False, max_entries=100, hash_funcs=IDENTITY)
def sampled_pictures(pictures: tuple[PatchGradients, ...], keep: float) -> SampledGradients:
    """The same of batches over several pictures."""
    return sample_pictures(pictures, keep, draws=DRAWS)
