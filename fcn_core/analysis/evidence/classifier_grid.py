"""A classifier turned fully convolutional: a grid of class scores over a photo of any size (CVPR 2015, section 3.1).

The fully connected layers become convolutions: the first with the kernel that covered the whole last map, the others
1×1. On a picture of the training size (224×224) the grid has one cell and says what the classifier says; on a larger
one it has a cell for every 32 pixels, at a fraction of the cost of cutting out windows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import torch
from torch import Tensor, nn

from fcn_core.ops.conv_arithmetic import CoordinateMap
from fcn_core.ops.convolutionalize import convolutionalize

WINDOW = 224  # pixels that ImageNet's classifiers were trained on
CLASSIFIERS = ("vgg16", "vgg16_bn", "alexnet", "googlenet")


@dataclass(frozen=True)
class ClassGrid:
    """scores: logits K×h×w float32. centres: cell i is centred on pixel centres(i), along rows and columns."""

    scores: np.ndarray
    centres: CoordinateMap

    @property
    def best(self) -> np.ndarray:
        """The most likely class of every cell, h×w."""
        return self.scores.argmax(0)

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """(left, top, right, bottom) of all cells in pixels of the picture; 0 is the first pixel's left edge."""
        stride, rows, columns = float(self.centres.scale), *self.scores.shape[1:]
        start = float(self.centres(0)) + 0.5 - stride / 2
        return start, start, start + stride * columns, start + stride * rows


class ConvolutionalClassifier(nn.Module):
    """One of torchvision's ImageNet classifiers as a fully convolutional network, from its state dict.

    `forward` takes N×3×H×W float, preprocessed as the weights' record says, with sides of at least 224 pixels, and
    returns logits N×1000×h×w with h = (H - 224) // 32 + 1 or one more, as the poolings round.
    """

    centres = CoordinateMap(Fraction(32), Fraction(WINDOW - 1, 2))

    def __init__(self, name: str, state: Mapping[str, Tensor]) -> None:
        super().__init__()
        self.layers = convolutionalize(imagenet_classifier(name, state), 3, (WINDOW, WINDOW))
        self.eval().requires_grad_(False)

    def forward(self, x: Tensor) -> Tensor:
        if min(x.shape[-2:]) < WINDOW:
            raise ValueError(f"expected sides of at least {WINDOW} pixels, got {x.shape[-1]}×{x.shape[-2]}")
        return self.layers(x)


def imagenet_classifier(name: str, state: Mapping[str, Tensor]) -> nn.Sequential:
    """The same classifier as torchvision has it, layer after layer: N×3×224×224 -> N×1000, in evaluation mode."""
    if name not in CLASSIFIERS:
        raise ValueError(f"no classifier {name!r}; choose one of {', '.join(CLASSIFIERS)}")
    from torchvision.models import get_model

    extra = {"aux_logits": False, "transform_input": False, "init_weights": False} if name == "googlenet" else {}
    with torch.device("meta"):
        network = get_model(name, weights=None, **extra)
    own = {key: value for key, value in state.items() if not key.startswith(("aux1.", "aux2."))}
    network.load_state_dict(own, assign=True)
    if name == "googlenet":
        parts = [part for key, part in network.named_children() if key not in ("dropout", "fc", "aux1", "aux2")]
        layers = nn.Sequential(*parts, nn.Flatten(), network.fc)
    else:
        layers = nn.Sequential(network.features, network.avgpool, nn.Flatten(), network.classifier)
    return layers.eval().requires_grad_(False)


def class_grid(network: ConvolutionalClassifier, x: Tensor) -> ClassGrid:
    """One pass over a picture of any size from 224×224 on. x: 1×3×H×W float, preprocessed."""
    with torch.inference_mode():
        return ClassGrid(network(x)[0].float().cpu().numpy(), network.centres)


def top_classes(grid: ClassGrid, count: int) -> tuple[int, ...]:
    """The classes that win most cells; ties, and places without a winner, go by the highest probability anywhere."""
    wins = np.bincount(grid.best.ravel(), minlength=len(grid.scores))
    shifted = np.exp(grid.scores - grid.scores.max(0))
    highest = (shifted / shifted.sum(0)).reshape(len(grid.scores), -1).max(1)
    return tuple(int(i) for i in np.lexsort((-highest, -wins))[:count])
