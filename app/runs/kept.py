"""What Live and Runs keep: shared by all visitors, bounded, never changed."""

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
from app.bench import sample_files
from app.labs.fusion.boundary_jobs import BoundaryJobs
from app.train.cost import count_parameters
from app.data.found import STREETS_COUNTS, DataFound, look_for
from app.train.measuring import Measurements
from app.parts.pictures import Shown, encode, sample_view, view, view_photo
from app.bench.result_store import Job, ResultStore, array_bytes, usual_bound
from app.runs.charts import View
from fcn_core.training.run_folder.run_log import RunLog
from app.runs.previews import label_address, photo_address
from app.bench.run_weights import run_weights
from fcn_core import draw
from fcn_core import weights as weights_module
from fcn_core.machine.allocator import keep_freed_memory
from fcn_core.analysis.aligning.other import in_other_alignment
from fcn_core.analysis.evidence.classifier_grid import ConvolutionalClassifier
from fcn_core.analysis.fusing.decisions import Decisions, decisions
from fcn_core.analysis.fusing.fusion import Fusion
from fcn_core.analysis.evidence.heatmaps import UpsamplingCheck, check_upsampling
from fcn_core.analysis.evidence.layers import Layer, list_layers
from fcn_core.analysis.dense.pass_cost import Counted, GridCost, counted
from fcn_core.analysis.dense.patch_sampling import SampledGradients
from fcn_core.analysis.dense.patchwise import load_patch_classifier
from fcn_core.analysis.fields.receptive_field import ReceptiveFields, receptive_field
from fcn_core.analysis.measuring.trimap import Trimap, boundary_distance, searched_distance
from fcn_core.analysis.dense.window_classifier import (
    WindowClassifier,
    drawn_alexnet,
    fcn_windows,
    imagenet_windows,
    patch_windows,
)
from fcn_core.pictures.bands import holds_bands, read_bands, show_bands
from fcn_core.data.balance import ClassBalance, class_balance
from fcn_core.data.datasets import DATASETS, open_dataset
from fcn_core.data.kept import LabelledPictures
from fcn_core.data.lint.linter import LintReport
from fcn_core.data.sample import Sample
from fcn_core.segmenting.familiarity import Familiarity, familiarity
from fcn_core.pictures.ground_truth import GroundTruth, read_ground_truth
from fcn_core.pictures.images import MAX_PIXELS, read_image
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.labels import Colour, LabelSet
from fcn_core.metrics import ConfusionMatrix
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import GridScores
from fcn_core.training.places import slurm_queue
from fcn_core.training.settings.config import TrainConfig
from fcn_core.training.run_folder.run_state import RunInfo, list_runs, runs_root
from fcn_core.weights import CATALOGUE, WeightRecord



DrawFigure = Callable[[], go.Figure]


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
