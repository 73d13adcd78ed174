"""Weights: records and catalogue, our file format, verified downloads, import of published files."""

from fcn_core.weights.cards import render_card, write_card
from fcn_core.weights.catalogue import CATALOGUE, UnknownWeights
from fcn_core.weights.checkpoint import Checkpoint, read_checkpoint, save_checkpoint
from fcn_core.weights.download import DownloadError, fetch, is_here
from fcn_core.weights.folders import bundled_folder, cache_folder, download_folder, import_folder
from fcn_core.weights.importing import Imported, ImportFailed, import_file, inspect_file
from fcn_core.weights.loading import LoadedModel, classifier_state, load, weights_key
from fcn_core.weights.preprocessing import CAFFE_VOC, IMAGENET, Preprocessing
from fcn_core.weights.records import WeightRecord
from fcn_core.weights.surgery import FitReport

__all__ = [
    "CAFFE_VOC",
    "CATALOGUE",
    "IMAGENET",
    "Checkpoint",
    "DownloadError",
    "FitReport",
    "ImportFailed",
    "Imported",
    "LoadedModel",
    "Preprocessing",
    "UnknownWeights",
    "WeightRecord",
    "bundled_folder",
    "cache_folder",
    "classifier_state",
    "download_folder",
    "fetch",
    "import_file",
    "import_folder",
    "inspect_file",
    "is_here",
    "load",
    "read_checkpoint",
    "render_card",
    "save_checkpoint",
    "weights_key",
    "write_card",
]
