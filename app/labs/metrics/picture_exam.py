"""The doctor looks at the picture in hand: its scores, the other order of its colour channels, a label map's values."""

from __future__ import annotations

import io

import numpy as np

from fcn_core.analysis.diagnosing.symptoms import MetricLine, Symptoms
from fcn_core.labels import VOID
from fcn_core.metrics import ConfusionMatrix
from fcn_core.pictures.images import MAX_PIXELS, check_size, decode, open_image
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.segmenter import Segmenter


def picture_symptoms(
    result: SegmentationResult, head: int, truth: np.ndarray, segmenter: Segmenter
) -> tuple[Symptoms, SegmentationResult]:
    """Scores of a result against the truth, and of the same picture with red and blue exchanged, with that result.

    truth: H×W uint8, 255 void. One further pass of the network.
    """
    swapped = segmenter.segment(np.ascontiguousarray(result.image[..., ::-1]), (head,))
    lines = [metric_line(one.label_maps[head], truth, result.labels.classes) for one in (result, swapped)]
    return Symptoms(scores=lines[0], swapped=lines[1]), swapped


def metric_line(labels: np.ndarray, truth: np.ndarray, classes: tuple[str, ...]) -> MetricLine:
    """The scores of one label map."""
    matrix = ConfusionMatrix(len(classes))
    matrix.update(truth, labels)
    values = matrix.scores().as_dict(classes)
    return MetricLine(values["pa"], values["mpa"], values["miou"], values["fwiou"], values["iou"])


def label_file_values(data: bytes, name: str) -> tuple[tuple[int, ...], str]:
    """The values that a label map file holds, and how it is stored; ValueError for what is no picture or not 8-bit.

    A palette or grey file holds indices; of a colour file the red channel is taken, as careless readers do.
    """
    file = io.BytesIO(data)
    file.name = name  # for the messages
    image, _ = open_image(file)
    check_size(*image.size, name, MAX_PIXELS)
    image = decode(image, name)
    mode, pixels = image.mode, np.asarray(image)
    if pixels.dtype == bool:
        pixels = pixels.astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise ValueError(f"{name} holds {pixels.dtype} values; expected 8-bit class indices, 0 to {VOID}")
    how = {"P": "a palette file: its values are indices", "L": "a grey file: its values should be indices"}.get(
        mode, f"a colour file ({mode}): no indices at all; here the values of its red channel"
    )
    plane = pixels if pixels.ndim == 2 else pixels[..., 0]
    return tuple(np.unique(plane).tolist()), how
