"""What the Transposed convolution lab keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

import streamlit as st

from app.bench.held import HeldPicture
from app.bench.identity import IDENTITY
from app.labs.transposed_convolution import enlarged as enlarging
from app.labs.transposed_convolution.enlarged import Enlarged
from app.labs.transposed_convolution.there_and_back import Trip, there_and_back
from app.labs.transposed_convolution.upsample_source import Source, upsample_source
from app.parts.pictures import Shown, view_photo
from fcn_core.analysis.upsampling.enlarging import EnlargingKernel
from fcn_core.segmenting.result import SegmentationResult

LONGEST = 480  # pixels of the side of a photo that goes there and back


@st.cache_resource(show_spinner=False, max_entries=12, hash_funcs=IDENTITY)
def source(
    result: SegmentationResult, what: str, factor: int, index: int, head: int, pixel: tuple[int, int] | None
) -> Source:
    """What is enlarged; ValueError says why it cannot be."""
    return upsample_source(result, what, factor, index, head, pixel)


@st.cache_resource(show_spinner=False, max_entries=12, hash_funcs=IDENTITY)
def enlarged(source: Source, kernel: EnlargingKernel, edges: str) -> Enlarged:
    """A source enlarged."""
    return enlarging.enlarged(source, kernel, edges)


@st.cache_data(show_spinner=False, max_entries=20, hash_funcs=IDENTITY)
def source_picture(source: Source) -> Shown:
    """What is enlarged, as it is."""
    return enlarging.planes_picture(source.planes, source)


@st.cache_data(show_spinner=False, max_entries=20, hash_funcs=IDENTITY)
def enlarged_picture(found: Enlarged) -> Shown:
    """What was enlarged."""
    return enlarging.planes_picture(found.result, found.source)


@st.cache_data(show_spinner=False, max_entries=20, hash_funcs=IDENTITY)
def gap_picture(found: Enlarged, name: str) -> Shown:
    """What was enlarged minus what another way makes of it."""
    return enlarging.gap_picture(found, name)


@st.cache_resource(show_spinner=False, max_entries=20, hash_funcs=IDENTITY)
def photo_there_and_back(picture: HeldPicture, factor: int) -> Trip:
    """A photo, at most LONGEST pixels long, through a strided convolution and back."""
    return there_and_back(view_photo(picture.image, LONGEST), factor)
