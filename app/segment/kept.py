"""What Segment keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.bench.held import HeldTruth
from app.bench.identity import IDENTITY
from app.parts.pictures import Shown, encode, view, view_photo
from fcn_core import draw
from fcn_core.labels import LabelSet
from fcn_core.metrics import ConfusionMatrix
from fcn_core.segmenting.familiarity import Familiarity, familiarity
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import GridScores
from fcn_core.weights import WeightRecord


@st.cache_data(show_spinner=False, max_entries=200, hash_funcs=IDENTITY)
def overlay(
    result: SegmentationResult,
    head: int,
    opacity: int,
    hidden: tuple[int, ...],
    contours: bool,
    safe: bool,
) -> Shown:
    """One head's class colours over the photo, at viewing size. `opacity` in percent."""
    photo, label_map = view_photo(result.image), view(result.label_maps[head])
    colours = result.labels.colours(safe=safe)
    drawn = draw.overlay(photo, label_map, colours, opacity / 100, hidden)
    if contours:
        drawn = draw.contours(drawn, label_map)
    return encode(drawn, full_size=result.image.shape[:2], photo=True)


@st.cache_data(show_spinner=False, max_entries=200, hash_funcs=IDENTITY)
def judged(result: SegmentationResult, record: WeightRecord) -> Familiarity:
    """How familiar the picture looks to the weights."""
    return familiarity(result, record)


@st.cache_data(show_spinner=False, max_entries=120, hash_funcs=IDENTITY)
def heatmap(result: SegmentationResult, head: int, index: int) -> Shown:
    """The probability of one class, at viewing size."""
    heat = _heat(result, head, index)
    return encode(draw.colour_map(view(heat), "viridis"), full_size=result.image.shape[:2])


@st.cache_data(show_spinner=False, max_entries=60, hash_funcs=IDENTITY)
def heat_difference(result: SegmentationResult, coarse: int, fine: int, index: int) -> Shown:
    """The probability of one class in the finer head minus that in the coarser one, at viewing size."""
    change = _heat(result, fine, index) - _heat(result, coarse, index)
    return encode(draw.colour_map(view(change), "diverging"), full_size=result.image.shape[:2])


def _heat(result: SegmentationResult, head: int, index: int) -> np.ndarray:
    """The probability of one class; of a tiled photo on the stride-8 grid, which is all that is kept of it."""
    scores = result.scores[head]
    return scores.grid_probabilities()[index] if isinstance(scores, GridScores) else result.heatmap(head, index)


def certainty(result: SegmentationResult, kind: str, head: int) -> np.ndarray:
    """The confidence or entropy of a head, H×W, 0-1; the result keeps it."""
    return result.confidence(head) if kind == "confidence" else result.entropy(head)


@st.cache_data(show_spinner=False, max_entries=120, hash_funcs=IDENTITY)
def certainty_picture(result: SegmentationResult, kind: str, head: int) -> Shown:
    """The confidence or entropy of a head, at viewing size."""
    values = certainty(result, kind, head)
    return encode(draw.colour_map(view(values), "cividis"), full_size=values.shape)


@st.cache_data(show_spinner=False, max_entries=120, hash_funcs=IDENTITY)
def passing_picture(result: SegmentationResult, kind: str, head: int, threshold: float) -> Shown:
    """The photo where confidence or entropy reach the threshold, greyed elsewhere, at viewing size."""
    drawn = draw.threshold_map(view_photo(result.image), view(certainty(result, kind, head)), threshold)
    return encode(drawn, full_size=result.image.shape[:2], photo=True)


@st.cache_data(show_spinner=False, max_entries=60, hash_funcs=IDENTITY)
def difference(result: SegmentationResult, coarse: int, fine: int, safe: bool) -> Shown:
    """Where two heads disagree, in the finer head's colours over the greyed photo, at viewing size."""
    drawn = draw.difference_map(
        view_photo(result.image),
        view(result.label_maps[coarse]),
        view(result.label_maps[fine]),
        result.labels.colours(safe=safe),
    )
    return encode(drawn, full_size=result.image.shape[:2])


@st.cache_data(show_spinner=False, max_entries=60, hash_funcs=IDENTITY)
def truth_picture(truth: HeldTruth, labels: LabelSet, safe: bool) -> Shown:
    """The ground truth in the class colours, at viewing size."""
    colours = draw.colourise(view(truth.mask), labels.colours(safe=safe), void=draw.void_colour(labels))
    return encode(colours, full_size=truth.mask.shape)


@st.cache_resource(show_spinner=False, max_entries=200, hash_funcs=IDENTITY)
def confusion(result: SegmentationResult, truth: HeldTruth, head: int) -> ConfusionMatrix:
    """Confusion matrix of one head on one picture."""
    matrix = ConfusionMatrix(len(result.labels))
    matrix.update(truth.mask, result.label_maps[head])
    return matrix


@st.cache_data(show_spinner=False, max_entries=60, hash_funcs=IDENTITY)
def errors(result: SegmentationResult, truth: HeldTruth, head: int) -> Shown:
    """Where a head is wrong, at viewing size."""
    drawn = draw.error_map(view(truth.mask), view(result.label_maps[head]))
    return encode(drawn, full_size=truth.mask.shape)
