"""What the Skip fusion lab keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.bench import kept as bench_kept
from app.labs.shared import kept as labs_kept
from app.parts.jobs import Jobs
from fcn_core.analysis.fusing.decisions import Decisions, decisions
from fcn_core.analysis.fusing.fusion import Fusion
from fcn_core.analysis.measuring.trimap import Trimap, searched_distance
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.weights import WeightRecord


@st.cache_resource(show_spinner=False, max_entries=8)
def fusion(key: tuple, _result: SegmentationResult, _record: WeightRecord) -> Fusion:
    """The kept score maps of a result under its network's upsamplings; ValueError says why there is nothing to fuse."""
    return Fusion(bench_kept.segmenter(_record).loaded.model, _result.maps, _result.image.shape[:2])


@st.cache_resource(show_spinner=False, max_entries=16)
def who_decided(key: tuple, _fusion: Fusion, head: int) -> Decisions:
    """Which stream decided at which pixel of a head."""
    return decisions(_fusion, head)


@st.cache_resource(show_spinner=False, max_entries=16)
def trimap(key: tuple, _result: SegmentationResult, _truth: np.ndarray) -> Trimap:
    """Accuracy of every head in bands around the true boundaries; `key` names result and ground truth."""
    counted = Trimap(len(_result.labels), _result.heads)
    counted.update(_truth, _result.label_maps)
    return counted


@st.cache_resource(show_spinner=False, max_entries=16)
def distance_check(key: str, _truth: np.ndarray) -> float:
    """Largest difference between the distances of some pixels to the boundary and those found by plain search."""
    found, places = labs_kept.distances(key, _truth), np.random.default_rng(0).integers(0, _truth.size, 16)
    pixels = [divmod(int(place), _truth.shape[1]) for place in places]
    pairs = [(float(found[y, x]), searched_distance(_truth, x, y)) for y, x in pixels]
    return max((abs(a - b) for a, b in pairs if a != b), default=0.0)  # both infinite where there is one class only


@st.cache_resource(show_spinner=False)
def boundary_jobs() -> Jobs:
    """Boundary accuracy over whole data sets, shared by all visitors."""
    return Jobs(40, one_at_a_time=True)
