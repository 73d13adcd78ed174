"""What the Skip fusion lab keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.bench.held import HeldTruth
from app.bench.identity import IDENTITY
from app.labs.fusion import figures
from app.labs.shared import kept as labs_kept
from app.parts.jobs import Jobs
from app.parts.pictures import Shown, encode, view
from fcn_core import draw
from fcn_core.analysis.measuring.trimap import Trimap, searched_distance
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.segmenter import Segmenter


@st.cache_data(show_spinner=False, max_entries=120, hash_funcs=IDENTITY)
def plane_picture(result: SegmentationResult, segmenter: Segmenter, name: str, index: int) -> Shown:
    """`plane` on the diverging scale, the largest absolute value at its ends, at viewing size."""
    values = labs_kept.plane(result, segmenter, name, index)
    return encode(draw.colour_map(view(values / figures.limit(values)), "diverging"), full_size=values.shape)


@st.cache_data(show_spinner=False, max_entries=60, hash_funcs=IDENTITY)
def decided_picture(result: SegmentationResult, segmenter: Segmenter, head: int) -> Shown:
    """Every pixel in the colour of the stream that decided it."""
    return figures.decided_picture(result.image, labs_kept.who_decided(result, segmenter, head))


@st.cache_data(show_spinner=False, max_entries=60, hash_funcs=IDENTITY)
def verdict_picture(
    result: SegmentationResult, segmenter: Segmenter, head: int, stream: str, truth: HeldTruth | None
) -> Shown:
    """Pixels that a skip flipped, judged by the truth where there is one."""
    ways = labs_kept.who_decided(result, segmenter, head)
    return figures.verdict_picture(result.image, ways, stream, None if truth is None else truth.mask)


@st.cache_data(show_spinner=False, max_entries=60, hash_funcs=IDENTITY)
def summed_picture(
    result: SegmentationResult, segmenter: Segmenter, head: int, summed: int, changed: bool, safe: bool
) -> Shown:
    """The label map after the first `summed` streams; with `changed`, what the last of them changed."""
    ways = labs_kept.who_decided(result, segmenter, head)
    return figures.summed_picture(result.image, ways, summed, result.labels.colours(safe=safe), changed=changed)


@st.cache_resource(show_spinner=False, max_entries=16, hash_funcs=IDENTITY)
def trimap(result: SegmentationResult, truth: HeldTruth) -> Trimap:
    """Accuracy of every head in bands around the true boundaries."""
    counted = Trimap(len(result.labels), result.heads)
    counted.update(truth.mask, result.label_maps)
    return counted


@st.cache_resource(show_spinner=False, max_entries=16, hash_funcs=IDENTITY)
def distance_check(truth: HeldTruth) -> float:
    """Largest difference between the distances of some pixels to the boundary and those found by plain search."""
    found, mask = labs_kept.distances(truth), truth.mask
    pixels = [divmod(int(place), mask.shape[1]) for place in np.random.default_rng(0).integers(0, mask.size, 16)]
    pairs = [(float(found[y, x]), searched_distance(mask, x, y)) for y, x in pixels]
    return max((abs(a - b) for a, b in pairs if a != b), default=0.0)  # both infinite where there is one class only


@st.cache_resource(show_spinner=False)
def boundary_jobs() -> Jobs:
    """Boundary accuracy over whole data sets, shared by all visitors."""
    return Jobs(40, one_at_a_time=True)
