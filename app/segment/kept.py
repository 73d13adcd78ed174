"""What Segment keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import streamlit as st

from app.parts.pictures import Shown, encode, view, view_photo
from fcn_core import draw
from fcn_core.metrics import ConfusionMatrix
from fcn_core.segmenting.familiarity import Familiarity, familiarity
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import GridScores
from fcn_core.weights import WeightRecord


@st.cache_data(show_spinner=False, max_entries=200)
def overlay(
    key: tuple,
    _result: SegmentationResult,
    head: int,
    opacity: int,
    hidden: tuple[int, ...],
    contours: bool,
    safe: bool,
) -> Shown:
    """One head's class colours over the photo, at viewing size. `opacity` in percent."""
    photo, label_map = view_photo(_result.image), view(_result.label_maps[head])
    colours = _result.labels.colours(safe=safe)
    drawn = draw.overlay(photo, label_map, colours, opacity / 100, hidden)
    if contours:
        drawn = draw.contours(drawn, label_map)
    return encode(drawn, full_size=_result.image.shape[:2], photo=True)


@st.cache_data(show_spinner=False, max_entries=200)
def judged(key: tuple, _result: SegmentationResult, _record: WeightRecord) -> Familiarity:
    """How familiar the picture looks to the weights."""
    return familiarity(_result, _record)


@st.cache_data(show_spinner=False, max_entries=120)
def heatmap(key: tuple, _result: SegmentationResult, head: int, index: int) -> Shown:
    """The probability of one class, at viewing size."""
    heat = _heat(_result, head, index)
    return encode(draw.colour_map(view(heat), "viridis"), full_size=_result.image.shape[:2])


@st.cache_data(show_spinner=False, max_entries=60)
def heat_difference(key: tuple, _result: SegmentationResult, coarse: int, fine: int, index: int) -> Shown:
    """The probability of one class in the finer head minus that in the coarser one, at viewing size."""
    change = _heat(_result, fine, index) - _heat(_result, coarse, index)
    return encode(draw.colour_map(view(change), "diverging"), full_size=_result.image.shape[:2])


def _heat(result: SegmentationResult, head: int, index: int) -> np.ndarray:
    """The probability of one class; of a tiled photo on the stride-8 grid, which is all that is kept of it."""
    scores = result.scores[head]
    return scores.grid_probabilities()[index] if isinstance(scores, GridScores) else result.heatmap(head, index)


@st.cache_data(show_spinner=False, max_entries=120)
def threshold_picture(key: tuple, _image: np.ndarray, _values: Callable[[], np.ndarray], threshold: float) -> Shown:
    """The photo where the values reach the threshold, greyed elsewhere, at viewing size."""
    drawn = draw.threshold_map(view_photo(_image), view(_values()), threshold)
    return encode(drawn, full_size=_image.shape[:2], photo=True)


@st.cache_data(show_spinner=False, max_entries=60)
def difference(key: tuple, _result: SegmentationResult, coarse: int, fine: int, safe: bool) -> Shown:
    """Where two heads disagree, in the finer head's colours over the greyed photo, at viewing size."""
    drawn = draw.difference_map(
        view_photo(_result.image),
        view(_result.label_maps[coarse]),
        view(_result.label_maps[fine]),
        _result.labels.colours(safe=safe),
    )
    return encode(drawn, full_size=_result.image.shape[:2])


@st.cache_data(show_spinner=False, max_entries=60)
def truth_picture(key: tuple, _truth: np.ndarray, _result: SegmentationResult, safe: bool) -> Shown:
    """The ground truth in the class colours, at viewing size; `key` names result and ground truth."""
    labels = _result.labels
    colours = draw.colourise(view(_truth), labels.colours(safe=safe), void=draw.void_colour(labels))
    return encode(colours, full_size=_truth.shape)


@st.cache_resource(show_spinner=False, max_entries=200)
def confusion(key: tuple, _result: SegmentationResult, _truth: np.ndarray, head: int) -> ConfusionMatrix:
    """Confusion matrix of one head on one picture; `key` names result and ground truth."""
    matrix = ConfusionMatrix(len(_result.labels))
    matrix.update(_truth, _result.label_maps[head])
    return matrix


@st.cache_data(show_spinner=False, max_entries=60)
def errors(key: tuple, _result: SegmentationResult, _truth: np.ndarray, head: int) -> Shown:
    """Where a head is wrong, at viewing size; `key` names result and ground truth."""
    return encode(draw.error_map(view(_truth), view(_result.label_maps[head])), full_size=_truth.shape)
