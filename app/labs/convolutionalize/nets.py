"""The classifiers of this lab, each in both forms, with what it knows and how it reads a photo."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from torch import Tensor

from app.bench import kept as bench_kept
from app.bench.case import Case
from app.labs.convolutionalize import kept
from fcn_core.analysis.dense.patchwise import normalised
from fcn_core.analysis.dense.window_classifier import WindowClassifier
from fcn_core.labels import CAMVID, Colour
from fcn_core.weights import CATALOGUE

IMAGENET = ("vgg16", "vgg16_bn", "alexnet", "googlenet")
PATCH_SIDE = 33


@dataclass(frozen=True)
class LabNet:
    """prepare: H×W×3 uint8 RGB -> C×H×W float32. colours: of the classes, none for ImageNet's thousand."""

    title: str
    pair: WindowClassifier
    classes: tuple[str, ...]
    colours: tuple[Colour, ...]
    prepare: Callable[[np.ndarray], Tensor]


def own_net(case: Case) -> LabNet:
    """The classifier inside the weights on the bench; ValueError says why there is none."""
    reads = case.record.preprocessing
    if reads.channels != 3 or reads.values != "photo":
        raise ValueError(f"{case.record.name} reads images of other channels, which cannot be enlarged and cut here")
    return LabNet(case.record.name, kept.own_windows(case.segmenter), case.labels.classes, case.colours, reads.apply)


def patch_net(side: int = PATCH_SIDE, *, safe: bool = False) -> LabNet:
    """The project's classifier of small patches."""
    title = f"{side}×{side} patch classifier"
    return LabNet(title, kept.patch_pair(side), CAMVID.classes, CAMVID.colours(safe=safe), normalised)


def imagenet_net(name: str) -> LabNet:
    """An ImageNet classifier that was downloaded."""
    from torchvision.models import get_model_weights

    record = CATALOGUE[name]
    classes = tuple(get_model_weights(name).IMAGENET1K_V1.meta["categories"])
    title = record.title.removesuffix(" (torchvision)")
    return LabNet(title, kept.imagenet_pair(name), classes, (), record.preprocessing.apply)


def imagenet_here() -> list[str]:
    """Names of the ImageNet classifiers on this machine."""
    return [name for name in IMAGENET if name in CATALOGUE and bench_kept.is_here(CATALOGUE[name])]
