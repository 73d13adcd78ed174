"""Classifiers of square windows in both forms: with fully connected layers, and as a network of convolutions."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from fractions import Fraction

import torch
from torch import Tensor, nn

from fcn_core.analysis.evidence.classifier_grid import WINDOW, imagenet_classifier
from fcn_core.keys import fresh_key
from fcn_core.models.fcn import FCN
from fcn_core.models.patch_classifier import PATCH_NETS
from fcn_core.ops.conv_arithmetic import CoordinateMap
from fcn_core.ops.convolutionalize import convolutionalize, fully_connected
from fcn_core.segmenting.folding import folded_copy

VGG_PADDING = 1  # of the first convolution as a classifier has it; published FCNs pad it by 100
VGG_STRIDE = 32


@dataclass(frozen=True)
class WindowClassifier:
    """full: N×C×side×side -> N×K. whole: the same weights as convolutions, N×C×H×W -> N×K×h×w, one cell a `stride`.

    channels: C that both read. side, stride: pixels. key: names these weights.
    """

    full: nn.Sequential
    whole: nn.Sequential
    channels: int
    side: int
    stride: int
    key: str = field(default_factory=fresh_key)

    @property
    def pads(self) -> bool:
        """Whether layers pad: then a window in a photo sees its neighbours where a cut-out one sees zeros."""
        return any(getattr(layer, "padding", 0) not in (0, (0, 0)) for layer in self.whole.modules())

    @property
    def centres(self) -> CoordinateMap:
        """Cell i is centred on pixel centres(i), along rows and columns."""
        return CoordinateMap(Fraction(self.stride), Fraction(self.side - 1, 2))

    def picture_side(self, n: int) -> int:
        """Side of the picture on which the convolutional form gives n×n answers."""
        return self.side + self.stride * (n - 1)

    def cells(self, size: tuple[int, int]) -> tuple[int, int]:
        """How many windows fit into a picture of this height and width; ValueError where none does."""
        if min(size) < self.side:
            raise ValueError(
                f"the picture has {size[1]}×{size[0]} pixels here and the classifier reads windows of "
                f"{self.side}×{self.side}: enlarge the picture"
            )
        return (size[0] - self.side) // self.stride + 1, (size[1] - self.side) // self.stride + 1

    def window(self, x: Tensor, row: int, column: int) -> Tensor:
        """The window of a cell, cut out. x: N×C×H×W."""
        top, left = row * self.stride, column * self.stride
        return x[..., top : top + self.side, left : left + self.side]


def patch_windows(classifier: nn.Sequential, side: int) -> WindowClassifier:
    """A patch classifier of `fcn_core.models.patch_classifier` in both forms."""
    whole = convolutionalize(classifier, 3, (side, side))
    return WindowClassifier(classifier, whole, 3, side, PATCH_NETS[side].stride)


def fcn_windows(model: nn.Module) -> WindowClassifier:
    """What an FCN on a VGG16 was before: its trunk, fc6, fc7 and score_fr as a classifier of 224×224 windows.

    Works on a private copy; batch normalisations are folded. ValueError says which networks have no such classifier.
    """
    if not isinstance(model, FCN) or model.trunk.fc is None or not model.trunk.name.startswith("vgg16"):
        raise ValueError(
            "these weights have no fully connected layers to go back to: that takes an FCN on a VGG16, as `streets` is"
        )
    private = folded_copy(model)
    assert isinstance(private, FCN) and private.trunk.fc is not None
    first, *others = (*private.trunk.features, *private.trunk.fc, private.head.score_fr)
    first = copy.copy(first)
    assert isinstance(first, nn.Conv2d)
    first.padding = (VGG_PADDING, VGG_PADDING)
    layers = nn.Sequential(first, *(_valid(layer) for layer in others))
    channels = private.trunk.in_channels
    full = fully_connected(layers, channels, (WINDOW, WINDOW))
    whole = convolutionalize(full, channels, (WINDOW, WINDOW))
    return WindowClassifier(full, whole, channels, WINDOW, VGG_STRIDE)


def imagenet_windows(name: str, state: dict[str, Tensor]) -> WindowClassifier:
    """One of torchvision's ImageNet classifiers in both forms, from its state dict (name -> tensor)."""
    full = imagenet_classifier(name, state)
    return WindowClassifier(full, convolutionalize(full, 3, (WINDOW, WINDOW)), 3, WINDOW, VGG_STRIDE)


def drawn_alexnet(device: str = "cpu", *, seed: int = 0) -> WindowClassifier:
    """AlexNet with weights drawn at random: what it says means nothing, what it costs is what AlexNet costs."""
    from torchvision.models import get_model

    with torch.device("meta"):
        state = get_model("alexnet", weights=None).state_dict()
    generator = torch.Generator().manual_seed(seed)
    drawn = {
        name: torch.randn(tensor.shape, generator=generator) * (2 / max(tensor[0].numel(), 1)) ** 0.5
        if tensor.ndim > 1
        else torch.zeros(tensor.shape)
        for name, tensor in state.items()
    }
    return imagenet_windows("alexnet", {name: tensor.to(device) for name, tensor in drawn.items()})


def _valid(layer: nn.Module) -> nn.Module:
    """fc6 of a `centered` FCN without its padding: the classifier reads the window's own map and no more."""
    if isinstance(layer, nn.Conv2d) and layer.kernel_size[0] > 3:
        layer = copy.copy(layer)
        layer.padding = (0, 0)
    return layer
