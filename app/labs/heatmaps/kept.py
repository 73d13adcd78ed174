"""What the Heatmaps lab keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

import streamlit as st

from app.bench import kept as bench_kept
from app.bench.identity import IDENTITY
from fcn_core import weights as weights_module
from fcn_core.analysis.evidence.classifier_grid import ConvolutionalClassifier
from fcn_core.analysis.evidence.heatmaps import UpsamplingCheck, check_upsampling
from fcn_core.analysis.evidence.layers import Layer, list_layers
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.segmenter import Segmenter


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs=IDENTITY)
def layers(segmenter: Segmenter) -> tuple[Layer, ...]:
    """The layers of weights, in the order of a pass."""
    return list_layers(segmenter.loaded.model, segmenter.loaded.record.preprocessing.channels)


@st.cache_data(show_spinner=False, max_entries=200, hash_funcs=IDENTITY)
def upsampling_check(result: SegmentationResult, segmenter: Segmenter, head: int, index: int) -> UpsamplingCheck:
    """One class of a head's upsampled map against PyTorch's own upsampling."""
    return check_upsampling(result, head, segmenter.loaded.model, index)


@st.cache_resource(show_spinner=False, max_entries=2)
def classifier(name: str) -> ConvolutionalClassifier:
    """An ImageNet classifier that is on this machine, made fully convolutional."""
    return ConvolutionalClassifier(name, weights_module.classifier_state(name)).to(bench_kept.device())
