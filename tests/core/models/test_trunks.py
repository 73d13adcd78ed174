"""Trunks as encoders: levels, channels and coordinates, dilation, pooling indices, torchvision's values."""

from __future__ import annotations

from fractions import Fraction

import pytest
import torch
from torch.nn import functional as F
from torchvision.models import resnet18, resnet50

from fcn_core.models.architectures import build
from fcn_core.models.spec import FCNSpec
from fcn_core.models.transplant import transplant_classifier
from fcn_core.models.trunks import TRUNKS, TrunkSpec, build_trunk


@pytest.mark.parametrize("name", list(TRUNKS))
def test_maps_are_what_the_trunk_says_of_them(name: str) -> None:
    trunk = build_trunk(TrunkSpec(name, width=0.0625, fc_channels=8)).eval()
    assert trunk.levels == TRUNKS[name].levels
    with torch.inference_mode():
        maps = trunk(torch.randn(1, 3, 65, 97))
        assert set(trunk(torch.randn(1, 3, 65, 97), (32,))) == {32}
    for level, values in maps.items():
        assert values.shape[1] == trunk.channels[level] and trunk.coordinates[level].scale == level
        assert -(-97 // level) <= values.shape[3] <= -(-97 // level) + 1


@pytest.mark.parametrize("name", list(TRUNKS))
def test_coordinates_are_where_gradients_come_from(name: str) -> None:
    """The middle of the pixels that reach a cell lies at the cell's coordinate. Positive weights hide no pixel."""
    trunk = build_trunk(TrunkSpec(name, width=0.0625, classifier=False)).double().eval()
    with torch.no_grad():
        for parameter in trunk.parameters():
            parameter.fill_(1e-2)
    for level in [level for level in trunk.levels if level <= 8]:
        x = torch.rand(1, 3, 192, 192, dtype=torch.float64, requires_grad=True)
        values = trunk(x, (level,))[level]
        cell = values.shape[2] // 2
        window = values[0, :, cell, cell].sum()
        (gradient,) = torch.autograd.grad(window, x)
        touched = torch.nonzero(gradient[0].abs().sum(0).sum(0))[:, 0]
        middle = Fraction(int(touched[0] + touched[-1]), 2)
        # A pooling passes its largest value only, so that the ends may be short by a few pixels of what it can see.
        assert abs(middle - trunk.coordinates[level](cell)) <= level


@pytest.mark.parametrize("stride", [16, 8])
def test_dilation_keeps_maps_dense(stride: int) -> None:
    for name in ("vgg16", "vgg16_bn", "alexnet", "googlenet", "resnet18", "resnet50"):
        plain, dilated = (
            build_trunk(TrunkSpec(name, width=0.0625, classifier=False, output_stride=s)).eval() for s in (32, stride)
        )
        assert dilated.coordinates[32] == plain.coordinates[stride]
        x = torch.randn(1, 3, 64, 96)
        with torch.inference_mode():
            assert dilated(x)[32].shape[-2:] == plain(x)[stride].shape[-2:]


def test_dilated_resnets_are_torchvisions() -> None:
    torch.manual_seed(0)
    theirs = resnet50(replace_stride_with_dilation=[False, True, True]).eval()
    ours = build_trunk(TrunkSpec("resnet50", output_stride=8)).eval()
    state = {f"features.{key}": value for key, value in theirs.state_dict().items() if not key.startswith("fc.")}
    ours.load_state_dict(state)
    x = torch.randn(1, 3, 65, 70)
    with torch.inference_mode():
        stem = theirs.maxpool(theirs.relu(theirs.bn1(theirs.conv1(x))))
        expected = theirs.layer4(theirs.layer3(theirs.layer2(theirs.layer1(stem))))
        assert torch.allclose(ours(x)[32], expected, atol=1e-5)


def test_a_resnet_starts_from_its_classifier() -> None:
    torch.manual_seed(0)
    state = resnet18().state_dict()
    model = build(FCNSpec(backbone="resnet18", num_classes=3))
    found = transplant_classifier(model, state)
    assert torch.equal(model.trunk.features.layer3[0].conv1.weight, state["layer3.0.conv1.weight"])  # type: ignore[union-attr]
    assert "trunk.features.layer4.1.bn2.running_var" in found.copied


def test_pooling_indices_lead_back() -> None:
    trunk = build_trunk(TrunkSpec("vgg16", width=0.0625, classifier=False)).eval()
    with torch.inference_mode():
        maps, places = trunk.encode(torch.randn(1, 3, 64, 96), indices=True)
        assert set(places) == {2, 4, 8, 16, 32}
        back = F.max_unpool2d(maps[2], places[2], 2, output_size=(64, 96))
    assert torch.equal(back[back != 0], maps[1][back != 0])


def test_impossible_trunks_are_named() -> None:
    with pytest.raises(ValueError, match="no trunk 'resnet19'"):
        build_trunk(TrunkSpec("resnet19"))
    with pytest.raises(ValueError, match="32, 16 or 8"):
        TrunkSpec("vgg16", output_stride=4)
