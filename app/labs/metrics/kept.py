"""What the Metrics lab keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.bench import kept as bench_kept
from app.bench.held import HeldTruth
from app.bench.identity import IDENTITY
from app.labs.metrics.counts import CountedPixels, count
from app.labs.metrics.picture_exam import picture_symptoms
from app.labs.metrics.pull import Pull, measure
from fcn_core.analysis.diagnosing.symptoms import Symptoms
from fcn_core.analysis.measuring.averages import Absent, Spread, spreads
from fcn_core.analysis.measuring.disturb import Disturbance, disturb
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import FullScores
from fcn_core.segmenting.segmenter import Segmenter


@st.cache_resource(show_spinner=False, max_entries=48, hash_funcs=IDENTITY)
def disturbed(labels: np.ndarray, wish: Disturbance, classes: int) -> np.ndarray:
    """A label map with everything that was wished done to it."""
    return bench_kept.locked(disturb(labels, wish, classes))


@st.cache_resource(show_spinner=False, max_entries=96, hash_funcs=IDENTITY)
def undisturbed_counts(truth: np.ndarray, labels: np.ndarray, classes: int, d: int) -> CountedPixels:
    """What is counted of a label map as it is, its void filled. d: width of the boundary bands, pixels."""
    return count(truth, disturbed(labels, Disturbance(0), classes), classes, d)


@st.cache_resource(show_spinner=False, max_entries=96, hash_funcs=IDENTITY)
def pull(result: SegmentationResult, truth: HeldTruth, head: int, weights: np.ndarray | None) -> Pull:
    """Who pulls at a head's weights. weights: of the classes, K; None for equal ones."""
    scores = result.scores[head]
    assert isinstance(scores, FullScores)
    return measure(scores.logits, truth.mask, weights)


@st.cache_resource(show_spinner=False, max_entries=96, hash_funcs=IDENTITY)
def symptoms(result: SegmentationResult, truth: HeldTruth, head: int, segmenter: Segmenter) -> Symptoms:
    """What a head's scores, as they are and with red and blue exchanged, look like against the truth."""
    return picture_symptoms(result, head, truth.mask, segmenter)[0]


@st.cache_resource(show_spinner=False, max_entries=96, hash_funcs=IDENTITY)
def spreads_of(counts: np.ndarray, absent: Absent) -> tuple[Spread, ...]:
    """Mean IoU of batches of every size. counts: N×K×K, a confusion matrix a picture."""
    return tuple(spreads(counts, absent))
