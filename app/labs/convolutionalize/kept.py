"""What the Convolutionalize lab keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st
import torch

from app.bench import kept as bench_kept
from fcn_core import weights as weights_module
from fcn_core.analysis.dense.pass_cost import Counted, GridCost, counted
from fcn_core.analysis.dense.patch_sampling import SampledGradients
from fcn_core.analysis.dense.patchwise import load_patch_classifier
from fcn_core.analysis.dense.window_classifier import (
    WindowClassifier,
    drawn_alexnet,
    fcn_windows,
    imagenet_windows,
    patch_windows,
)


@st.cache_resource(show_spinner=False, max_entries=3)
def own_windows(name: str, stamp: float, _model: torch.nn.Module) -> WindowClassifier:
    """The classifier that the trunk of weights in hand was; ValueError says why there is none."""
    return fcn_windows(_model)


@st.cache_resource(show_spinner=False, max_entries=2)
def imagenet_pair(name: str) -> WindowClassifier:
    """An ImageNet classifier that is on this machine, with its fully connected layers and without."""
    return imagenet_windows(
        name, {k: v.to(bench_kept.device()) for k, v in weights_module.classifier_state(name).items()}
    )


@st.cache_resource(show_spinner=False, max_entries=4)
def patch_pair(side: int) -> WindowClassifier:
    """The project's classifier of patches of this side, with its fully connected layers and without."""
    return patch_windows(load_patch_classifier(side).to(bench_kept.device()), side)


@st.cache_resource(show_spinner=False, max_entries=1)
def alexnet_pair() -> WindowClassifier:
    """AlexNet with drawn weights, to be timed."""
    return drawn_alexnet(bench_kept.device())


@st.cache_resource(show_spinner=False, max_entries=200)
def pass_counts(key: tuple, _network: torch.nn.Module, shape: tuple[int, ...]) -> Counted:
    """Multiply-adds and memory of one pass over an input of this shape; `key` names the network."""
    return counted(_network, shape)


@st.cache_resource(show_spinner=False, max_entries=20)
def grid_costs(key: tuple) -> dict[str, tuple[GridCost, ...]]:
    """What this machine took for grids of answers, once somebody has measured it; `key` names the network."""
    return {}


@st.cache_resource(show_spinner=False, max_entries=100)
def sampled_gradients(key: tuple, _draw: Callable[[], SampledGradients]) -> SampledGradients:
    """Gradients of sampled batches; `key` says of which pictures, head and chance."""
    return _draw()
