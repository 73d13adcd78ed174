"""What several labs keep: shared by all visitors, bounded, never changed."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app.bench import kept as bench_kept
from app.bench.held import HeldTruth
from app.bench.identity import IDENTITY
from app.bench.result_bytes import array_bytes
from app.parts.jobs import Jobs
from fcn_core.analysis.fields.receptive_field import ReceptiveFields, receptive_field
from fcn_core.analysis.fusing.decisions import Decisions, decisions
from fcn_core.analysis.fusing.fusion import Fusion
from fcn_core.analysis.measuring.trimap import boundary_distance
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.segmenter import Segmenter

LAB_BYTES = 512 * 2**20


@st.cache_resource(show_spinner=False)
def lab_answers() -> Jobs:
    """Maps of layers, class grids and attributions that a lab has computed."""
    return Jobs(LAB_BYTES, size=array_bytes)


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs=IDENTITY)
def fields(segmenter: Segmenter, size: tuple[int, int]) -> ReceptiveFields:
    """What every cell of every layer sees of a picture of this size."""
    return receptive_field(segmenter.loaded.model, size)


@st.cache_resource(show_spinner=False, max_entries=16, hash_funcs=IDENTITY)
def distances(truth: HeldTruth) -> np.ndarray:
    """Distance of every pixel of a ground truth to its boundaries."""
    return bench_kept.locked(boundary_distance(truth.mask))


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs=IDENTITY)
def fusion(result: SegmentationResult, segmenter: Segmenter) -> tuple[Fusion | None, str]:
    """The kept score maps of a result under its network's upsamplings; None and why, where there is nothing to fuse."""
    try:
        return Fusion(segmenter.loaded.model, result.maps, result.image.shape[:2]), ""
    except ValueError as problem:
        return None, str(problem)


@st.cache_resource(show_spinner=False, max_entries=16, hash_funcs=IDENTITY)
def who_decided(result: SegmentationResult, segmenter: Segmenter, head: int) -> Decisions:
    """Which stream decided at which pixel of a head; there must be something to fuse."""
    found, why_not = fusion(result, segmenter)
    if found is None:
        raise ValueError(why_not)
    return decisions(found, head)


def plane(result: SegmentationResult, segmenter: Segmenter, name: str, index: int) -> np.ndarray:
    """The scores of a class on a map or of a head, h×w float32."""
    found, _ = fusion(result, segmenter)
    if found is not None:
        return found.plane(name, index)
    if name in result.maps:
        return result.maps[name][index]
    return result.scores[int(name[:-1])].logits[index].astype(np.float32)
