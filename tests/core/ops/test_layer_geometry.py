"""The geometry of layers against what they do to tensors; unknown layers are refused."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from torch import nn
from torchvision.models.googlenet import Inception
from torchvision.models.resnet import BasicBlock

from fcn_core.ops.layer_geometry import UnknownLayer, layer_geometry

LAYERS = [
    nn.Conv2d(4, 6, 3, stride=2, padding=1),
    nn.Conv2d(4, 6, 3, padding=4, dilation=4),
    nn.MaxPool2d(2, 2, ceil_mode=True),
    nn.MaxPool2d(3, 2),
    nn.AvgPool2d(3, 1, 1),
    nn.BatchNorm2d(4),
    nn.Sequential(nn.Conv2d(4, 5, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2)),
    Inception(4, 2, 2, 3, 2, 3, 2),
    BasicBlock(4, 8, 2, nn.Sequential(nn.Conv2d(4, 8, 1, 2), nn.BatchNorm2d(8))),
]


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: type(layer).__name__)
def test_sizes_and_channels_are_the_layers_own(layer: nn.Module) -> None:
    found = layer_geometry(layer, 4)
    for n in (17, 18, 23):
        with torch.inference_mode():
            out = layer.eval()(torch.zeros(1, 4, n, n + 4))
        assert out.shape == (1, found.channels, found.size(n), found.size(n + 4))


def test_windows_in_a_row_make_one_map() -> None:
    found = layer_geometry(nn.Sequential(nn.Conv2d(4, 5, 5, stride=2), nn.ReLU(), nn.MaxPool2d(2)), 4)
    assert (found.coordinates.scale, found.coordinates.offset) == (4, Fraction(3)) and found.stride == 4


@pytest.mark.parametrize("layer", [nn.PixelShuffle(2), nn.Upsample(scale_factor=2), nn.Sequential(nn.Flatten())])
def test_unknown_layers_are_refused(layer: nn.Module) -> None:
    with pytest.raises(UnknownLayer, match="is not known"):
        layer_geometry(layer, 4)


def test_windows_that_are_not_square_are_refused() -> None:
    with pytest.raises(ValueError, match="one kernel size for rows and columns"):
        layer_geometry(nn.Conv2d(4, 4, (5, 1)), 4)


def test_branches_must_look_at_the_same_places() -> None:
    block = BasicBlock(4, 8, 2, nn.Sequential(nn.Conv2d(4, 8, 1), nn.BatchNorm2d(8)))
    with pytest.raises(ValueError, match="do not look at the same places"):
        layer_geometry(block, 4)
