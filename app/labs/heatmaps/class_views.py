"""A grid of class scores over a photo, from the network in hand or from an ImageNet classifier."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch

from app.bench.case import Case
from app.labs.shared.seen import Seen
from fcn_core.analysis.evidence.classifier_grid import (
    WINDOW,
    ClassGrid,
    ConvolutionalClassifier,
    class_grid,
    top_classes,
)
from fcn_core.analysis.evidence.layers import Layer, layer_map, truncated_forward
from fcn_core.labels import Colour, voc_palette
from fcn_core.models.fcn import FCN
from fcn_core.ops.conv_arithmetic import CoordinateMap
from fcn_core.weights import CATALOGUE, classifier_state

NOT_AMONG_THE_TOP: Colour = (120, 120, 120)
COLOURED = 12


@dataclass(frozen=True)
class ClassView:
    """scores: K×h×w logits. names, colours: of the K classes. top: those that win most cells. check: see the page."""

    scores: np.ndarray
    extent: tuple[float, float, float, float]
    stride: int
    names: tuple[str, ...]
    colours: tuple[Colour, ...]
    top: tuple[int, ...]
    own: bool
    check: float | None


def own_view(case: Case, look: Seen, layer: Layer, image: np.ndarray) -> ClassView:
    """The network in hand, stopped at `layer`, its class scores over fc7 (or whatever its last map is)."""
    channels = case.record.preprocessing.channels
    if channels not in (1, 3) or case.record.preprocessing.values != "photo":
        raise ValueError("an image of other channels cannot be enlarged here; choose the scale of the photo as it is")
    x = look.segmenter.prepare(image)
    scores = layer_map(look.model, layer, x).values
    rows, columns = scores.shape[1:]
    height, width = image.shape[:2]
    stride = 2 ** round(float(np.log2(max(height / rows, width / columns))))
    fcn = look.model if isinstance(look.model, FCN) else None  # elsewhere scores are not made of a trunk's last map
    step = fcn.trunk.coordinates[32] if fcn else CoordinateMap(Fraction(stride), Fraction(stride - 1, 2))
    grid = ClassGrid(scores, step)
    check = _check_own(look, fcn, x, scores) if fcn else None
    return ClassView(
        scores,
        grid.extent,
        int(step.scale),
        case.labels.classes,
        case.labels.palette,
        top_classes(grid, 10),
        True,
        check,
    )


def score_layer(known: tuple[Layer, ...]) -> Layer:
    """The layer that turns the last map of a trunk into class scores."""
    named = [layer for layer in known if layer.path.endswith("score_fr")]
    return named[0] if named else known[-1]


def _check_own(look: Seen, fcn: FCN, x: torch.Tensor, scores: np.ndarray) -> float:
    """score_fr's own weights on the trunk's last map, cell by cell, by a matrix product."""
    module, trunk = fcn.head.score_fr, fcn.trunk
    names = [name for name, _ in (trunk.fc or trunk.features).named_children()]
    prefix = "trunk.fc" if trunk.fc is not None else "trunk.features"
    last = Layer(f"{prefix}.{names[-1]}", 0, names[-1], "", trunk.channels[32])
    deep = truncated_forward(fcn, last, x)
    assert deep is not None
    row, column = deep.shape[-2] // 2, deep.shape[-1] // 2
    with torch.inference_mode():
        theirs = module.weight[:, :, 0, 0] @ deep[0, :, row, column] + module.bias  # type: ignore[operator]
    return float(np.abs(theirs.float().cpu().numpy() - scores[:, row, column]).max())


def imagenet_view(name: str, network: ConvolutionalClassifier, image: np.ndarray) -> ClassView:
    """One of torchvision's classifiers, made convolutional, over the photo."""
    from torchvision.models import get_model_weights

    height, width = image.shape[:2]
    if min(height, width) < WINDOW:
        raise ValueError(
            f"the photo has {width}×{height} pixels here, a classifier needs {WINDOW} on each side: enlarge it"
        )
    record = CATALOGUE[name]
    x = record.preprocessing.apply(image)[None].to(next(network.parameters()).device)
    grid = class_grid(network, x)
    top = top_classes(grid, COLOURED)
    palette = voc_palette(COLOURED + 1)[1:]
    colours = [NOT_AMONG_THE_TOP] * len(grid.scores)
    for index, colour in zip(top, palette, strict=False):
        colours[index] = colour
    names = tuple(get_model_weights(name).IMAGENET1K_V1.meta["categories"])
    check = _check_imagenet(name, network, x[..., :WINDOW, :WINDOW])
    return ClassView(grid.scores, grid.extent, int(grid.centres.scale), names, tuple(colours), top, False, check)


def _check_imagenet(name: str, convolutional: ConvolutionalClassifier, crop: torch.Tensor) -> float:
    """The classifier itself on one crop against its convolutional form."""
    from torchvision.models import get_model

    extra = {"aux_logits": False, "transform_input": False, "init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        network = get_model(name, weights=None, **extra)
    state = classifier_state(name)
    network.load_state_dict({k: v for k, v in state.items() if not k.startswith(("aux1.", "aux2."))}, assign=True)
    with torch.inference_mode():
        theirs = network.eval().to(crop.device)(crop)[0]
        ours = convolutional(crop)[0, :, 0, 0]
    return float((theirs - ours).abs().max())
