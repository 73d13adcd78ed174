"""Small values that cached functions take, two of each kind, for the test that goes through all of them."""

from __future__ import annotations

import io
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from app_bench import make_home
from PIL import Image
from run_folders import make_run
from segmenters import tiny_model, tiny_weights

from app.bench.held import HeldPicture, HeldTruth
from app.data.opened import OpenedSplit, open_split
from app.labs.transposed_convolution import kept as transposed_kept
from app.labs.transposed_convolution.enlarged import Enlarged
from app.labs.transposed_convolution.upsample_source import Source
from app.visitor.upload import Upload, content_hash
from fcn_core.analysis.dense.patch_sampling import PatchGradients, patch_gradients
from fcn_core.analysis.dense.patchwise import load_patch_classifier
from fcn_core.analysis.dense.window_classifier import WindowClassifier, patch_windows
from fcn_core.analysis.upsampling.enlarging import EnlargingKernel, enlarging_kernel
from fcn_core.draw import colourise
from fcn_core.keys import content_key
from fcn_core.labels import CAMVID
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.training.run_folder.run_log import Records, RunLog
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.weights import CATALOGUE, WeightRecord


class Values:
    """Pairs of values, made when they are first asked for: [0] is taken as it is, [1] is the other one."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def pictures(self) -> tuple[HeldPicture, HeldPicture]:
        rng = np.random.default_rng(0)
        first, second = (rng.integers(0, 255, (96, 128, 3), np.uint8) for _ in range(2))
        return HeldPicture("a.png", "a", "a", first), HeldPicture("b.png", "b", "b", second)

    @cached_property
    def truths(self) -> tuple[HeldTruth, HeldTruth]:
        rng = np.random.default_rng(1)
        cells = (rng.integers(0, 11, (6, 8), np.uint8) for _ in range(2))
        first, second = (np.kron(cell, np.ones((16, 16), np.uint8)) for cell in cells)
        return HeldTruth(first, content_key(first), "a"), HeldTruth(second, content_key(second), "b")

    @cached_property
    def segmenters(self) -> tuple[Segmenter, Segmenter]:
        models = tiny_model(), tiny_model(alignment="reference")
        with torch.no_grad():
            for parameter in models[1].parameters():
                parameter.mul_(1.1)
        return tuple(Segmenter(tiny_weights(model)) for model in models)  # type: ignore[return-value]

    @cached_property
    def results(self) -> tuple[SegmentationResult, SegmentationResult]:
        return tuple(self.segmenters[0].segment(picture.image) for picture in self.pictures)  # type: ignore[return-value]

    @cached_property
    def records(self) -> tuple[WeightRecord, WeightRecord]:
        record = self.segmenters[0].loaded.record
        return record, replace(record, scores={"8s": {"confidence_bound": 0.01}})

    @cached_property
    def local_record(self) -> WeightRecord:
        return self.home and CATALOGUE["tiny"]

    @cached_property
    def home(self) -> Path:
        return make_home(self.folder / "home")

    @cached_property
    def uploads(self) -> tuple[Upload, Upload]:
        return tuple(
            upload(f"{name}.png", colourise(truth.mask, CAMVID.palette))
            for name, truth in zip("ab", self.truths, strict=True)
        )  # type: ignore[return-value]

    @cached_property
    def classifiers(self) -> tuple[WindowClassifier, WindowClassifier]:
        return tuple(patch_windows(load_patch_classifier(side), side) for side in (15, 33))  # type: ignore[return-value]

    @cached_property
    def gradients(self) -> tuple[PatchGradients, PatchGradients]:
        segmenter = self.segmenters[0]
        return tuple(  # type: ignore[return-value]
            patch_gradients(segmenter.loaded.model, segmenter.prepare(picture.image), torch.from_numpy(truth.mask), 8)
            for picture, truth in zip(self.pictures, self.truths, strict=True)
        )

    @cached_property
    def sources(self) -> tuple[Source, Source]:
        return tuple(transposed_kept.source(result, "photo", 2, 0, 8, None) for result in self.results)  # type: ignore[return-value]

    @cached_property
    def kernels(self) -> tuple[EnlargingKernel, EnlargingKernel]:
        return enlarging_kernel("bilinear", 2), enlarging_kernel("nearest", 2)

    @cached_property
    def enlargements(self) -> tuple[Enlarged, Enlarged]:
        return tuple(transposed_kept.enlarged(source, self.kernels[1], "zero") for source in self.sources)  # type: ignore[return-value]

    @cached_property
    def splits(self) -> tuple[OpenedSplit, OpenedSplit]:
        return open_split("streets", None, "val"), open_split("streets", None, "test")

    @cached_property
    def runs(self) -> tuple[RunFolder, RunFolder]:
        return tuple(make_run(self.folder / "runs", name, steps=steps) for name, steps in (("a", 10), ("b", 20)))  # type: ignore[return-value]

    @cached_property
    def logs(self) -> tuple[Records, Records]:
        return tuple(RunLog(run.path).read() for run in self.runs)  # type: ignore[return-value]

    @cached_property
    def counts(self) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(2)
        first, second = rng.integers(0, 9, (2, 3, 11, 11))
        first[:, 5], first[..., 5] = 0, 0  # one class is nowhere
        return first, second


def upload(name: str, mask: np.ndarray) -> Upload:
    """An array as an uploaded PNG."""
    file = io.BytesIO()
    Image.fromarray(mask).save(file, "PNG")
    return Upload(name, file.getvalue(), content_hash(file.getvalue()))
