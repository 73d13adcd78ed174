"""What the bench keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import streamlit as st
import torch
from PIL import Image

from app.bench import sample_files
from app.bench.result_bytes import result_bytes, usual_bound
from app.bench.run_weights import run_weights
from app.parts.jobs import Job, Jobs
from app.parts.pictures import Shown, encode, view, view_photo
from fcn_core import draw
from fcn_core import weights as weights_module
from fcn_core.labels import LabelSet
from fcn_core.machine.allocator import keep_freed_memory
from fcn_core.pictures.bands import holds_bands, read_bands, show_bands
from fcn_core.pictures.ground_truth import GroundTruth, read_ground_truth
from fcn_core.pictures.images import MAX_PIXELS, read_image
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.training.places.run_state import runs_root
from fcn_core.weights import CATALOGUE, WeightRecord


@st.cache_resource(show_spinner=False)
def device() -> str:
    """Where networks run: the GPU if torch finds one."""
    keep_freed_memory()
    return "cuda" if torch.cuda.is_available() else "cpu"


@st.cache_resource(show_spinner=False)
def results() -> Jobs:
    """Finished segmentations."""
    return Jobs(usual_bound(), size=result_bytes)


@st.cache_resource(show_spinner=False, ttl=5, max_entries=1)
def samples() -> dict[str, sample_files.SampleFile]:
    """The bundled samples by name."""
    return sample_files.list_samples()


def sample_names() -> tuple[str, ...]:
    """Names of the bundled samples, in order."""
    return tuple(samples())


@st.cache_resource(show_spinner=False, ttl=2, max_entries=1)
def weight_records() -> dict[str, WeightRecord]:
    """Weights that label pixels by name: bundled and imported ones, those of runs, those to download."""
    known = {name: record for name, record in CATALOGUE.items() if record.kind == "fcn"}
    local = {name: record for name, record in known.items() if record.path is not None}
    return {**local, **run_weights(runs_root()), **known}


def is_here(record: WeightRecord) -> bool:
    """Whether these weights are on this machine."""
    return weights_module.is_here(record)


@st.cache_resource(show_spinner=False, max_entries=3)
def _segmenter(name: str, stamp: float, _record: WeightRecord) -> Segmenter:
    if name in CATALOGUE or _record.path is None:
        return Segmenter(weights_module.load(name, device=device()), device=device())
    loaded = weights_module.load(_record.path, device=device())  # weights of a run: known here, in no catalogue
    return Segmenter(replace(loaded, record=_record), device=device())


def segmenter(record: WeightRecord) -> Segmenter:
    """The model of these weights, ready to run and shared by all visitors; read again when its file changes."""
    return _segmenter(record.name, weights_stamp(record), record)


def weights_stamp(record: WeightRecord) -> float:
    """Modification time of a local weights file; 0 for downloads, which are checked by their checksum."""
    return record.path.stat().st_mtime if record.path is not None and record.path.is_file() else 0.0


def segmentation(digest: str, image: np.ndarray | io.BytesIO, record: WeightRecord) -> Job:
    """All heads of these weights on a picture; the network runs only for what nobody has asked before.

    `digest` names the picture's content. ValueError if the weights cannot be loaded.
    """
    ready = segmenter(record)
    return results().ask(result_key(digest, record), lambda job: ready.segment(image, progress=job.progress))


def result_key(digest: str, record: WeightRecord) -> tuple[str, str, float]:
    """What a result depends on."""
    return digest, record.name, weights_stamp(record)


@st.cache_data(show_spinner=False, max_entries=200)
def shares(key: tuple, _result: SegmentationResult, head: int) -> tuple[float, ...]:
    """Share of the picture of each class, as a head sees it."""
    return tuple(float(share) for share in _result.shares(head))


@st.cache_data(show_spinner=False, max_entries=48)
def photo(key: str, _image: np.ndarray) -> Shown:
    """A picture as it is, at viewing size; `key` is its content hash."""
    return encode(view_photo(_image), full_size=_image.shape[:2], photo=True)


@st.cache_data(show_spinner=False, max_entries=96)
def thumbnail(key: str, _image: np.ndarray, side: int) -> str:
    """A picture, small, as a data address; `key` is its content hash."""
    return encode(draw.thumbnail(_image, side), photo=True).src


@st.cache_data(show_spinner=False, max_entries=120)
def magnitude(key: tuple, _values: Callable[[], np.ndarray], scale: str) -> Shown:
    """H×W values on a colour map of fcn_core.draw, at viewing size; `key` says which values they are."""
    values = _values()
    return encode(draw.colour_map(view(values), scale), full_size=values.shape[:2])


@st.cache_resource(show_spinner=False, max_entries=24)
def picture(digest: str, _data: bytes, name: str) -> np.ndarray:
    """An uploaded picture as H×W×3 uint8 RGB; ValueError (one sentence that names the file) if it is none.

    Of images of other channels (.npy, TIFF) the first three are shown.
    """
    file = _named(_data, name)
    return _locked(show_bands(read_bands(file, max_pixels=MAX_PIXELS)) if holds_bands(_data) else read_image(file))


def network_input(digest: str, data: bytes, name: str) -> np.ndarray | io.BytesIO:
    """What the network reads of an uploaded picture: the picture, or the file itself where it holds other channels."""
    return _named(data, name) if holds_bands(data) else picture(digest, data, name)


@st.cache_resource(show_spinner=False, max_entries=24)
def sample_picture(name: str) -> np.ndarray:
    """A bundled sample's picture as H×W×3 uint8 RGB."""
    return _locked(read_image(samples()[name].picture))


@st.cache_data(show_spinner=False, max_entries=100)
def sample_thumbnail(name: str) -> str:
    """A bundled sample's thumbnail as a data address."""
    return encode(draw.thumbnail(sample_picture(name), 144), photo=True).src


@st.cache_resource(show_spinner=False, max_entries=24)
def truth(
    digest: str, _data: bytes, name: str, classes: tuple[str, ...], _labels: LabelSet, size: tuple[int, int] | None
) -> GroundTruth:
    """An uploaded ground truth in the classes of `_labels`, of this size (h, w) or any; ValueError if not."""
    found = read_ground_truth(_named(_data, name), _labels, size=size)
    _locked(found.mask)
    return found


@st.cache_resource(show_spinner=False, max_entries=24)
def sample_truth(name: str) -> np.ndarray | None:
    """A bundled sample's label map, H×W uint8 in CamVid's classes; None if it has none."""
    path = samples()[name].truth
    if path is None:
        return None
    return _locked(np.array(Image.open(path)))


def _named(data: bytes, name: str) -> io.BytesIO:
    """Bytes as an open file with a name, so that sentences about it can call it by that."""
    file = io.BytesIO(data)
    file.name = name
    return file


def _locked(array: np.ndarray) -> np.ndarray:
    array.setflags(write=False)
    return array
