"""What the Heatmaps lab keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

import streamlit as st
import torch

from app.bench import kept as bench_kept
from fcn_core import weights as weights_module
from fcn_core.analysis.evidence.classifier_grid import ConvolutionalClassifier
from fcn_core.analysis.evidence.heatmaps import UpsamplingCheck, check_upsampling
from fcn_core.analysis.evidence.layers import Layer, list_layers
from fcn_core.segmenting.result import SegmentationResult


@st.cache_resource(show_spinner=False, max_entries=8)
def layers(name: str, stamp: float, _model: torch.nn.Module, channels: int) -> tuple[Layer, ...]:
    """The layers of weights, in the order of a pass; `name` and `stamp` say which weights."""
    return list_layers(_model, channels)


@st.cache_data(show_spinner=False, max_entries=200)
def upsampling_check(
    key: tuple, _result: SegmentationResult, head: int, _model: torch.nn.Module, index: int
) -> UpsamplingCheck:
    """One class of a head's upsampled map against PyTorch's own upsampling."""
    return check_upsampling(_result, head, _model, index)


@st.cache_resource(show_spinner=False, max_entries=2)
def classifier(name: str) -> ConvolutionalClassifier:
    """An ImageNet classifier that is on this machine, made fully convolutional."""
    return ConvolutionalClassifier(name, weights_module.classifier_state(name)).to(bench_kept.device())
