"""Maps of layers: equal to a truncated pass, caught on a private copy that leaves the shared model alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from segmenters import tiny_model
from torch import nn

from fcn_core.analysis.evidence.layers import (
    Layer,
    LayerMap,
    layer_map,
    list_layers,
    private_copy,
    strongest_cells,
    truncated_forward,
)
from fcn_core.models.architectures import build
from fcn_core.models.torchvision_spec import FCNResNet50Spec


@pytest.fixture(scope="module")
def model() -> nn.Module:
    return tiny_model()


def picture(side: int = 70) -> torch.Tensor:
    return torch.randn(1, 3, side, side + 20, generator=torch.Generator().manual_seed(2))


def by_title(model: nn.Module, title: str) -> Layer:
    return next(layer for layer in list_layers(model) if layer.title == title)


@pytest.mark.parametrize("title", ["conv1_1", "relu1_1", "norm3_2", "pool4", "fc6", "relu7"])
def test_a_layers_map_is_that_of_a_truncated_pass(model: nn.Module, title: str) -> None:
    layer, x = by_title(model, title), picture()
    found, again = layer_map(model, layer, x), truncated_forward(model, layer, x)
    assert again is not None
    np.testing.assert_array_equal(found.values, again[0].numpy())
    assert found.values.shape[0] == layer.channels


def test_score_layers_are_the_networks_named_maps(model: nn.Module) -> None:
    x = picture()
    with torch.inference_mode():
        maps = model(x).maps
    for name in ("score_fr", "score_pool4", "score_pool3", "upscore2"):
        np.testing.assert_allclose(layer_map(model, by_title(model, name), x).values, maps[name][0].numpy(), atol=1e-6)


def test_an_activation_in_place_does_not_overwrite_the_map_below_it(model: nn.Module) -> None:
    before = layer_map(model, by_title(model, "norm1_1"), picture()).values
    after = layer_map(model, by_title(model, "relu1_1"), picture()).values
    assert before.min() < 0 and after.min() == 0
    np.testing.assert_array_equal(np.maximum(before, 0), after)


def test_the_shared_model_is_left_alone(model: nn.Module) -> None:
    state = {name: value.clone() for name, value in model.state_dict().items()}
    grads = [p.requires_grad for p in model.parameters()]
    in_place = [getattr(m, "inplace", None) for m in model.modules()]
    layer_map(model, by_title(model, "pool3"), picture())
    assert all(not m._forward_hooks for m in model.modules())
    assert [p.requires_grad for p in model.parameters()] == grads
    assert [getattr(m, "inplace", None) for m in model.modules()] == in_place and True in in_place
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    copy = private_copy(model)
    ours, theirs = next(copy.parameters()), next(model.parameters())
    assert ours is not theirs and ours.data_ptr() == theirs.data_ptr()  # no second copy in memory


@pytest.mark.parametrize(
    ("backbone", "titles"),
    [
        ("vgg16", ("conv1_1", "conv1_2", "pool1", "conv3_3", "pool5", "fc6", "fc7", "score_fr")),
        ("alexnet", ("conv1", "pool1", "conv2", "pool2", "conv3", "conv5", "pool5", "fc6")),
        ("googlenet", ("inception3a", "inception4e", "score_fr")),
    ],
)
def test_layers_have_the_papers_names_in_the_papers_order(backbone: str, titles: tuple[str, ...]) -> None:
    names = [layer.title for layer in list_layers(tiny_model(backbone=backbone))]
    assert [name for name in names if name in titles] == list(titles)
    assert len(set(layer.key for layer in list_layers(tiny_model(backbone=backbone)))) == len(names)


def test_a_module_that_works_twice_has_two_maps() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution, self.again = nn.Conv2d(3, 3, 1), nn.ReLU()

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.again(self.convolution(self.again(x)))

    layers = list_layers(Twice())
    assert [layer.key for layer in layers] == ["again", "convolution", "again:2"]
    x = picture()
    first, last = (layer_map(Twice(), layer, x).values for layer in (layers[0], layers[2]))
    np.testing.assert_array_equal(first, x[0].clamp(min=0).numpy())
    assert not np.array_equal(first, last)


def test_torchvisions_network_can_be_looked_into() -> None:
    torch.manual_seed(0)
    model = build(FCNResNet50Spec()).eval()
    layer = next(layer for layer in list_layers(model) if layer.path == "backbone.layer1.0")
    assert layer.kind == "Bottleneck" and layer.channels == 256
    found = layer_map(model, layer, picture(64))
    assert found.values.shape == (256, 16, 21) and found.values.min() >= 0
    assert truncated_forward(model, layer, picture(64)) is None


def test_an_unknown_layer_is_named(model: nn.Module) -> None:
    with pytest.raises(ValueError, match="no layer 'trunk.features.99'"):
        layer_map(model, Layer("trunk.features.99", 0, "", "", 1), picture())


def test_channels_are_sorted_by_activation() -> None:
    values = np.zeros((3, 2, 2), np.float32)
    values[0, 0, 0], values[1], values[2, 1, 1] = 9, 3, 1
    found = LayerMap(Layer("a", 0, "a", "ReLU", 3), values, (4, 4))
    assert found.order("mean").tolist() == [1, 0, 2]
    assert found.order("max").tolist() == [0, 1, 2]
    assert found.order("number").tolist() == [0, 1, 2]
    with pytest.raises(ValueError, match="sorted by"):
        found.order("colour")


def test_strongest_cells_keep_apart() -> None:
    channel = np.zeros((5, 6), np.float32)
    channel[0, 0], channel[0, 1], channel[4, 5], channel[2, 3] = 9, 8, 7, 6
    cells = strongest_cells(channel, 3, apart=2)
    assert [(cell.row, cell.column, cell.value) for cell in cells] == [(0, 0, 9), (4, 5, 7), (2, 3, 6)]
    assert len(strongest_cells(channel, 99, apart=9)) == 1
