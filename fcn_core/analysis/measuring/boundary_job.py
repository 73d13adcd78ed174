"""Boundary accuracy over a whole labelled data set, with progress, so that it can be watched and stopped.

It asks for label maps through a function, so that it does not matter which network answers or where it runs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from fcn_core.analysis.measuring.trimap import BANDS, Trimap
from fcn_core.data.kept import LabelledPictures
from fcn_core.labels import LabelSet

Segment = Callable[[np.ndarray], Mapping[int, np.ndarray]]


@dataclass(frozen=True)
class SetResult:
    """What a set said. trimap: its counts; done of total pictures; stopped: whether somebody ended it early."""

    trimap: Trimap
    done: int
    total: int
    seconds: float
    stopped: bool


def measure_set(
    data: LabelledPictures,
    segment: Segment,
    labels: LabelSet,
    heads: Sequence[int],
    *,
    bands: Sequence[int] = BANDS,
    at_most: int | None = None,
    progress: Callable[[int, int, Trimap], None] | None = None,
    stop: Callable[[], bool] | None = None,
) -> SetResult:
    """Count every band over the set.

    segment: image H×W×C as the data set hands it out -> head -> H×W uint8 label map. labels: the classes that it
    answers in. at_most: only so many pictures, evenly spread. progress(done, total, counts so far) after every
    picture; stop() is asked before each one. ValueError where the set's classes are others than `labels`, or a picture
    is broken.
    """
    if data.labels.classes != labels.classes:
        raise ValueError(
            f"{data.name} is labelled in {data.labels.title}, but these weights answer in {labels.title}: choose "
            "weights trained on its classes, or another data set"
        )
    total = len(data) if at_most is None else min(at_most, len(data))
    if total < 1:
        raise ValueError(f"{data.name} has no pictures to measure")
    started, trimap, done = time.monotonic(), Trimap(len(labels), heads, bands=bands), 0
    for index in np.linspace(0, len(data) - 1, total).round().astype(int):
        if stop is not None and stop():
            break
        sample = data[int(index)]
        trimap.update(sample.mask, segment(sample.image))
        done += 1
        if progress is not None:
            progress(done, total, trimap)
    return SetResult(trimap, done, total, time.monotonic() - started, stopped=done < total)
