"""What the bench keeps: shared by all visitors, bounded, never changed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st
import torch
from PIL import Image

from app.bench import sample_files
from app.bench.held import HeldPicture, HeldTruth
from app.bench.identity import IDENTITY
from app.bench.result_bytes import result_bytes, usual_bound
from app.parts.jobs import Job, Jobs
from app.parts.pictures import Shown, encode, view_photo
from app.visitor.upload import Upload
from fcn_core import draw
from fcn_core import weights as weights_module
from fcn_core.keys import content_key
from fcn_core.labels import LabelSet
from fcn_core.machine.allocator import keep_freed_memory
from fcn_core.pictures.bands import holds_bands, read_bands, show_bands
from fcn_core.pictures.ground_truth import read_ground_truth
from fcn_core.pictures.images import MAX_PIXELS, read_image
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.training.places.run_state import runs_root
from fcn_core.training.run_folder.run_weights import run_weights
from fcn_core.weights import CATALOGUE, WeightRecord, weights_key


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
    known = {name: record for name, record in CATALOGUE.items() if record.kind == "network"}
    local = {name: record for name, record in known.items() if record.path is not None}
    return {**local, **run_weights(runs_root()), **known}


def is_here(record: WeightRecord) -> bool:
    """Whether these weights are on this machine."""
    return weights_module.is_here(record)


@st.cache_resource(show_spinner=False, max_entries=3, hash_funcs=IDENTITY)
def _segmenter(record: WeightRecord, key: str) -> Segmenter:
    if record.name in CATALOGUE or record.path is None:
        return Segmenter(weights_module.load(record.name, device=device()), device=device())
    loaded = weights_module.load(record.path, device=device())  # weights of a run: known here, in no catalogue
    return Segmenter(replace(loaded, record=record), device=device())


def segmenter(record: WeightRecord) -> Segmenter:
    """The model of these weights, ready to run and shared by all visitors; read again when its file changes."""
    return _segmenter(record, weights_key(record))


def segmentation(picture: HeldPicture, record: WeightRecord) -> Job:
    """All heads of these weights on a picture; the network runs only for what nobody has asked before.

    ValueError if the weights cannot be loaded.
    """
    ready = segmenter(record)
    key = result_key(picture, ready.loaded.key)

    def segment(job: Job) -> SegmentationResult:
        return replace(ready.segment(picture.network_input, progress=job.progress), key=key)

    return results().ask(key, segment)


def found_segmentation(picture: HeldPicture, record: WeightRecord) -> SegmentationResult | None:
    """What these weights, as they are now, said about a picture, if it is kept; this starts nothing."""
    return results().answered(result_key(picture, weights_key(record)))


def result_key(picture: HeldPicture, weights: str) -> str:
    """The key of what the weights with this key say about a picture."""
    return f"{picture.key}/{weights}"


@st.cache_data(show_spinner=False, max_entries=200, hash_funcs=IDENTITY)
def shares(result: SegmentationResult, head: int) -> tuple[float, ...]:
    """Share of the picture of each class, as a head sees it."""
    return tuple(float(share) for share in result.shares(head))


@st.cache_data(show_spinner=False, max_entries=48, hash_funcs=IDENTITY)
def photo(picture: HeldPicture) -> Shown:
    """A picture as it is, at viewing size."""
    return encode(view_photo(picture.image), full_size=picture.image.shape[:2], photo=True)


@st.cache_data(show_spinner=False, max_entries=96, hash_funcs=IDENTITY)
def thumbnail(picture: HeldPicture, side: int) -> str:
    """A picture, small, as a data address."""
    return encode(draw.thumbnail(picture.image, side), photo=True).src


@st.cache_resource(show_spinner=False, max_entries=24, hash_funcs=IDENTITY)
def uploaded_picture(upload: Upload) -> HeldPicture:
    """An uploaded picture; ValueError (one sentence that names the file) if it is none.

    Of images of other channels (.npy, TIFF) the first three are shown, and the network reads the file itself.
    """
    bands = holds_bands(upload.data)
    image = show_bands(read_bands(upload.opened(), max_pixels=MAX_PIXELS)) if bands else read_image(upload.opened())
    return HeldPicture(upload.name, upload.name, upload.digest, locked(image), upload if bands else None)


@st.cache_resource(show_spinner=False, max_entries=24)
def sample_picture(name: str) -> HeldPicture:
    """A bundled sample's picture."""
    file = samples()[name].picture
    return HeldPicture(file.name, f"sample {name}", f"sample:{name}", locked(read_image(file)))


@st.cache_resource(show_spinner=False, max_entries=24, hash_funcs=IDENTITY)
def truth(upload: Upload, labels: LabelSet, size: tuple[int, int] | None) -> HeldTruth:
    """An uploaded ground truth in these classes, of this size (h, w) or any; ValueError if it is none."""
    found = read_ground_truth(upload.opened(), labels, size=size)
    return HeldTruth(locked(found.mask), content_key(found.mask), upload.name, found.note)


@st.cache_resource(show_spinner=False, max_entries=24)
def sample_truth(name: str) -> HeldTruth | None:
    """A bundled sample's label map in CamVid's classes; None if it has none."""
    path = samples()[name].truth
    if path is None:
        return None
    mask = locked(np.array(Image.open(path)))
    return HeldTruth(mask, content_key(mask), f"sample {name}", "exact, drawn with the picture")


def locked(array: np.ndarray) -> np.ndarray:
    """The array itself; nobody can write into it any more."""
    array.setflags(write=False)
    return array
