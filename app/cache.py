"""Every cache of the app. Always import it as `app.cache`, so that nothing is loaded twice.

Pictures, results and models are kept as resources: all visitors share one object instead of getting a
copy at every click. They are never changed (arrays are locked), keyed on content hashes, and every
cache is bounded.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects as go
import streamlit as st
import torch
from PIL import Image

from app import sample_files
from app.boundary_jobs import BoundaryJobs
from app.cost import count_parameters
from app.data_found import STREETS_COUNTS, DataFound, look_for
from app.measuring import Measurements
from app.pictures import Shown, encode, sample_view, view, view_photo
from app.result_store import Job, ResultStore, array_bytes, usual_bound
from app.run_charts import View
from app.run_log import RunLog
from app.run_previews import label_address, photo_address
from app.run_weights import run_weights
from fcn_core import draw
from fcn_core import weights as weights_module
from fcn_core.allocator import keep_freed_memory
from fcn_core.analysis.alignment_other import in_other_alignment
from fcn_core.analysis.classifier_grid import ConvolutionalClassifier
from fcn_core.analysis.decisions import Decisions, decisions
from fcn_core.analysis.fusion import Fusion
from fcn_core.analysis.heatmaps import UpsamplingCheck, check_upsampling
from fcn_core.analysis.layers import Layer, list_layers
from fcn_core.analysis.pass_cost import Counted, GridCost, counted
from fcn_core.analysis.patch_sampling import SampledGradients
from fcn_core.analysis.patchwise import load_patch_classifier
from fcn_core.analysis.receptive_field import ReceptiveFields, receptive_field
from fcn_core.analysis.trimap import Trimap, boundary_distance, searched_distance
from fcn_core.analysis.window_classifier import (
    WindowClassifier,
    drawn_alexnet,
    fcn_windows,
    imagenet_windows,
    patch_windows,
)
from fcn_core.bands import holds_bands, read_bands, show_bands
from fcn_core.data.balance import ClassBalance, class_balance
from fcn_core.data.datasets import DATASETS, open_dataset
from fcn_core.data.kept import LabelledPictures
from fcn_core.data.lint import LintReport
from fcn_core.data.sample import Sample
from fcn_core.familiarity import Familiarity, familiarity
from fcn_core.ground_truth import GroundTruth, read_ground_truth
from fcn_core.images import MAX_PIXELS, read_image
from fcn_core.inference import Segmenter
from fcn_core.labels import Colour, LabelSet
from fcn_core.metrics import ConfusionMatrix
from fcn_core.result import SegmentationResult
from fcn_core.scores import GridScores
from fcn_core.training import slurm_queue
from fcn_core.training.config import TrainConfig
from fcn_core.training.run_state import RunInfo, list_runs, runs_root
from fcn_core.weights import CATALOGUE, WeightRecord

LAB_BYTES = 512 * 2**20

DrawFigure = Callable[[], go.Figure]


@st.cache_resource(show_spinner=False)
def device() -> str:
    """Where networks run: the GPU if torch finds one."""
    keep_freed_memory()
    return "cuda" if torch.cuda.is_available() else "cpu"


@st.cache_resource(show_spinner=False)
def results() -> ResultStore:
    """Finished segmentations."""
    return ResultStore(usual_bound())


@st.cache_resource(show_spinner=False)
def lab_answers() -> ResultStore:
    """Maps of layers, class grids and attributions that a lab has computed."""
    return ResultStore(LAB_BYTES, array_bytes)


@st.cache_resource(show_spinner=False, max_entries=8)
def layers(name: str, stamp: float, _model: torch.nn.Module, channels: int) -> tuple[Layer, ...]:
    """The layers of weights, in the order of a pass; `name` and `stamp` say which weights."""
    return list_layers(_model, channels)


@st.cache_resource(show_spinner=False, max_entries=8)
def fields(name: str, stamp: float, _model: torch.nn.Module, size: tuple[int, int]) -> ReceptiveFields:
    """What every cell of every layer sees of a picture of this size."""
    return receptive_field(_model, size)


@st.cache_data(show_spinner=False, max_entries=200)
def upsampling_check(
    key: tuple, _result: SegmentationResult, head: int, _model: torch.nn.Module, index: int
) -> UpsamplingCheck:
    """One class of a head's upsampled map against PyTorch's own upsampling."""
    return check_upsampling(_result, head, _model, index)


@st.cache_resource(show_spinner=False, max_entries=2)
def classifier(name: str) -> ConvolutionalClassifier:
    """An ImageNet classifier that is on this machine, made fully convolutional."""
    return ConvolutionalClassifier(name, weights_module.classifier_state(name)).to(device())


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
    return results().job(result_key(digest, record), lambda progress: ready.segment(image, progress=progress))


def result_key(digest: str, record: WeightRecord) -> tuple[str, str, float]:
    """What a result depends on."""
    return digest, record.name, weights_stamp(record)


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
def shares(key: tuple, _result: SegmentationResult, head: int) -> tuple[float, ...]:
    """Share of the picture of each class, as a head sees it."""
    return tuple(float(share) for share in _result.shares(head))


@st.cache_data(show_spinner=False, max_entries=200)
def judged(key: tuple, _result: SegmentationResult, _record: WeightRecord) -> Familiarity:
    """How familiar the picture looks to the weights."""
    return familiarity(_result, _record)


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


@st.cache_data(show_spinner=False, max_entries=60)
def drawn(key: tuple, _draw: Callable[[], Shown]) -> Shown:
    """A picture that a lab draws; `key` says all that it depends on."""
    return _draw()


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


@st.cache_resource(show_spinner=False, max_entries=24)
def run_log(path: str) -> RunLog:
    """The metrics of one run folder; read on, not anew, at every look."""
    return RunLog(path)


@st.cache_data(show_spinner=False, max_entries=100)
def run_figure(name: str, version: tuple[str, int], view: View, colours: tuple[Colour, ...], _draw: DrawFigure) -> str:
    """A figure of a run as JSON: drawn once for all who look on. `version` names what the run has written so far."""
    return str(_draw().to_json())


@st.cache_resource(show_spinner=False, ttl=1, max_entries=2)
def runs(root: str) -> list[RunInfo]:
    """All runs of a folder, newest first, damaged ones too."""
    return list_runs(Path(root))


def run_labels(path: Path, colours: tuple[Colour, ...]) -> str:
    """A label map of a run's previews in the class colours, as a data address; "" if it is not there."""
    return _run_labels(str(path), file_stamp(path), colours)


def run_photo(path: Path) -> str:
    """A photo of a run's previews as a data address; "" if it is not there."""
    return _run_photo(str(path), file_stamp(path))


@st.cache_data(show_spinner=False, max_entries=4000)
def _run_labels(path: str, stamp: int, colours: tuple[Colour, ...]) -> str:
    return label_address(Path(path), colours)


@st.cache_data(show_spinner=False, max_entries=200)
def _run_photo(path: str, stamp: int) -> str:
    return photo_address(Path(path))


def file_stamp(path: Path) -> int:
    """Modification time in nanoseconds; 0 without a file."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@st.cache_resource(show_spinner=False, ttl=20, max_entries=200)
def data_found(kind: str, root: str | None) -> DataFound:
    """What lies in a data set's folder; looked at anew after a while, since folders change."""
    return look_for(kind, root)


def start_names() -> list[str]:
    """What a run can start from without typing a path: a classifier, weights of the catalogue, other runs' best."""
    finished = [info for info in runs(str(runs_root())) if not info.problem]
    return ["imagenet", *CATALOGUE, *(f"run:{info.id}" for info in finished)]


@st.cache_data(show_spinner=False, max_entries=200)
def parameters(settings: str, classes: int, channels: int) -> int:
    """Parameters of the network of these settings (YAML)."""
    return count_parameters(TrainConfig.from_yaml(settings), classes, channels)


@st.cache_resource(show_spinner=False)
def measurements() -> Measurements:
    """Measured costs of settings, and those that are being measured."""
    return Measurements()


@st.cache_data(show_spinner=False, ttl=120, max_entries=1)
def slurm_is_here() -> bool:
    """Whether a Slurm cluster takes jobs from this machine."""
    return slurm_queue.is_here()


@st.cache_data(show_spinner=False, ttl=120, max_entries=1)
def slurm_partitions() -> list[str]:
    """Partitions of the cluster."""
    return [str(name) for name in slurm_queue.partitions()]


@st.cache_resource(show_spinner=False, ttl=300, max_entries=40)
def data_set(kind: str, root: str | None, split: str, *, coarse: bool = False) -> LabelledPictures:
    """One split of a data set, to be looked at; ValueError says what is missing. "all" opens one without splits.

    coarse: drawn scenes half as fine, four times as fast: the same scenes, for small pictures and for counting.
    """
    return open_dataset(
        kind,
        root=root,
        split=None if split == "all" else split,
        count=STREETS_COUNTS.get(split, 1),
        size=(180, 240) if coarse else (360, 480),
    )


@st.cache_resource(show_spinner=False, ttl=300, max_entries=24)
def data_sample(kind: str, root: str | None, split: str, index: int) -> Sample:
    """One labelled picture of a data set."""
    return data_set(kind, root, split)[index]


@st.cache_data(show_spinner=False, ttl=300, max_entries=600)
def data_thumbnail(kind: str, root: str | None, split: str, index: int, labels: bool, safe: bool) -> tuple[str, str]:
    """(name, data address) of a small picture, if wished under its label colours."""
    sample = data_set(kind, root, split, coarse=True)[index]
    small = sample_view(sample, data_set(kind, root, split).labels, side=300, opacity=60 if labels else 0, safe=safe)
    return sample.name, small.src


@st.cache_data(show_spinner=False, ttl=300, max_entries=60)
def data_picture(kind: str, root: str | None, split: str, index: int, opacity: int, safe: bool) -> Shown:
    """A labelled picture at viewing size. `opacity` of the label colours in percent."""
    labels = data_set(kind, root, split).labels
    return sample_view(data_sample(kind, root, split, index), labels, opacity=opacity, safe=safe)


@st.cache_resource(show_spinner=False, ttl=900, max_entries=60)
def data_balance(kind: str, root: str | None, split: str) -> ClassBalance:
    """How often each class occurs in a split, from evenly spread pictures."""
    at_most = 150 if DATASETS[kind].needs_root else 40  # drawing takes longer than reading
    return class_balance(data_set(kind, root, split, coarse=True), at_most=at_most)


@st.cache_resource(show_spinner=False)
def lint_reports() -> dict[tuple[str, str], LintReport]:
    """What the linter found, by data set and folder; kept until somebody checks again."""
    return {}


@st.cache_resource(show_spinner=False, max_entries=8)
def fusion(key: tuple, _result: SegmentationResult, _record: WeightRecord) -> Fusion:
    """The kept score maps of a result under its network's upsamplings; ValueError says why there is nothing to fuse."""
    return Fusion(segmenter(_record).loaded.model, _result.maps, _result.image.shape[:2])


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
def distances(key: str, _truth: np.ndarray) -> np.ndarray:
    """Distance of every pixel of a ground truth to its boundaries."""
    return _locked(boundary_distance(_truth))


@st.cache_resource(show_spinner=False, max_entries=16)
def distance_check(key: str, _truth: np.ndarray) -> float:
    """Largest difference between the distances of some pixels to the boundary and those found by plain search."""
    found, places = distances(key, _truth), np.random.default_rng(0).integers(0, _truth.size, 16)
    pixels = [divmod(int(place), _truth.shape[1]) for place in places]
    pairs = [(float(found[y, x]), searched_distance(_truth, x, y)) for y, x in pixels]
    return max((abs(a - b) for a, b in pairs if a != b), default=0.0)  # both infinite where there is one class only


@st.cache_resource(show_spinner=False)
def boundary_jobs() -> BoundaryJobs:
    """Boundary accuracy over whole data sets, shared by all visitors."""
    return BoundaryJobs()


@st.cache_resource(show_spinner=False, max_entries=48)
def disturbed(key: tuple, _disturb: Callable[[], np.ndarray]) -> np.ndarray:
    """A label map of the Metrics lab; `key` says which, and what was done to it."""
    return _locked(_disturb())


@st.cache_resource(show_spinner=False, max_entries=96)
def kept_counts(key: tuple, _count: Callable[[], Any]) -> Any:
    """What a lab has counted; `key` says of what."""
    return _count()


@st.cache_resource(show_spinner=False, max_entries=3)
def own_windows(name: str, stamp: float, _model: torch.nn.Module) -> WindowClassifier:
    """The classifier that the trunk of weights in hand was; ValueError says why there is none."""
    return fcn_windows(_model)


@st.cache_resource(show_spinner=False, max_entries=2)
def imagenet_pair(name: str) -> WindowClassifier:
    """An ImageNet classifier that is on this machine, with its fully connected layers and without."""
    return imagenet_windows(name, {k: v.to(device()) for k, v in weights_module.classifier_state(name).items()})


@st.cache_resource(show_spinner=False, max_entries=4)
def patch_pair(side: int) -> WindowClassifier:
    """The project's classifier of patches of this side, with its fully connected layers and without."""
    return patch_windows(load_patch_classifier(side).to(device()), side)


@st.cache_resource(show_spinner=False, max_entries=1)
def alexnet_pair() -> WindowClassifier:
    """AlexNet with drawn weights, to be timed."""
    return drawn_alexnet(device())


@st.cache_resource(show_spinner=False, max_entries=200)
def pass_counts(key: tuple, _network: torch.nn.Module, shape: tuple[int, ...]) -> Counted:
    """Multiply-adds and memory of one pass over an input of this shape; `key` names the network."""
    return counted(_network, shape)


@st.cache_resource(show_spinner=False, max_entries=20)
def grid_costs(key: tuple) -> dict[str, tuple[GridCost, ...]]:
    """What this machine took for grids of answers, once somebody has measured it; `key` names the network."""
    return {}


@st.cache_resource(show_spinner=False, max_entries=12)
def enlarged(key: tuple, _enlarge: Callable[[], Any]) -> Any:
    """What the upsample view enlarged; `key` says from what and how."""
    return _enlarge()


@st.cache_resource(show_spinner=False, max_entries=2)
def other_alignment(name: str, stamp: float, _record: WeightRecord) -> Segmenter:
    """The same weights, padded and cropped in the other way; ValueError where they cannot be."""
    loaded = segmenter(_record).loaded
    return Segmenter(replace(loaded, model=in_other_alignment(loaded.model)), device=device())


@st.cache_resource(show_spinner=False, max_entries=100)
def sampled_gradients(key: tuple, _draw: Callable[[], SampledGradients]) -> SampledGradients:
    """Gradients of sampled batches; `key` says of which pictures, head and chance."""
    return _draw()
