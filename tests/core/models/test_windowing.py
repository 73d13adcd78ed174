"""Exact windowing against the plain forward pass, in double precision."""

from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from fcn_core.models.fcn import FCN
from fcn_core.models.spec import FCNSpec
from fcn_core.models.windowing import WindowedFCN, WindowedTrunk, _steps, plan_axis

SIZES = [(1, 1), (1, 40), (2, 3), (7, 5), (16, 16), (17, 31), (33, 15), (48, 95), (97, 131), (120, 113), (224, 62)]


def network(**changes: object) -> FCN:
    """A slim seeded network whose biases are not zero, so that the padding's features aren't either."""
    spec = FCNSpec(**{"backbone": "vgg16", "width": 1 / 16, "num_classes": 4, "alignment": "reference"} | changes)  # type: ignore[arg-type]
    torch.manual_seed(5)
    model = FCN(spec).double().eval()
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.normal_(std=0.3)
            elif "score" in name:
                parameter.normal_(std=0.1)
    return model


def image(h: int, w: int, *, n: int = 1, c: int = 3) -> torch.Tensor:
    return torch.randn(n, c, h, w, dtype=torch.float64, generator=torch.Generator().manual_seed(h * 1000 + w))


def difference(a: torch.Tensor, b: torch.Tensor) -> float:
    assert a.shape == b.shape
    return float((a - b).abs().max() / b.abs().max())


@pytest.fixture(scope="module")
def plain() -> FCN:
    return network()


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
def test_every_output_equals_the_plain_forward(plain: FCN, size: tuple[int, int]) -> None:
    x = image(*size)
    with torch.no_grad():
        expected, got = plain(x), WindowedFCN(plain)(x)
        features, windowed = plain.trunk(x), WindowedTrunk(plain.trunk)(x)
    assert expected.logits.keys() == got.logits.keys() and expected.maps.keys() == got.maps.keys()
    for a, b in [(got.logits[h], expected.logits[h]) for h in (32, 16, 8)]:
        assert difference(a, b) < 1e-12
    for name, b in expected.maps.items():
        assert difference(got.maps[name], b) < 1e-12, name
    for stride, b in features.items():
        assert difference(windowed[stride], b) < 1e-12, stride


def test_every_remainder_of_the_stride(plain: FCN) -> None:
    trunk = WindowedTrunk(plain.trunk)
    with torch.no_grad():
        for side in range(30, 46):
            x = image(side, 75 - side)
            for stride, b in plain.trunk(x).items():
                assert difference(trunk(x)[stride], b) < 1e-12, (side, stride)


def test_batches_channels_last_one_head_and_other_channels(plain: FCN) -> None:
    model = network(in_channels=5, extra_tasks={"geometry": 3}, heads=(16,))
    x = image(41, 58, n=3, c=5)
    with torch.no_grad():
        expected = model(x)
        got = WindowedFCN(model.to(memory_format=torch.channels_last))(x.to(memory_format=torch.channels_last))
    assert difference(got.logits[16], expected.logits[16]) < 1e-12
    assert difference(got.tasks["geometry"].logits[16], expected.tasks["geometry"].logits[16]) < 1e-12


def test_it_computes_a_window_and_not_the_whole_map(plain: FCN) -> None:
    steps = _steps(plain.trunk)
    assert steps is not None
    plan = plan_axis(steps, 375)
    assert plan is not None
    poolings = [i + 1 for i, step in enumerate(steps) if isinstance(step, nn.MaxPool2d)]
    assert [(plan.spans[i].size, *plan.spans[i].window) for i in poolings] == [
        (287, 48, 238), (144, 23, 120), (72, 10, 62), (36, 3, 33),
    ]  # fmt: skip
    assert max(span.size for span in plan.rim) < 128


def test_single_precision_gives_the_same_labels(plain: FCN) -> None:
    model = network().float()
    x = image(150, 203).float()
    with torch.inference_mode():
        expected, got = model(x).logits[8], WindowedFCN(model)(x).logits[8]
    assert (expected.argmax(1) == got.argmax(1)).double().mean() > 0.9999


def test_folded_batch_normalisation_is_windowed() -> None:
    model = network(backbone="vgg16_bn", fc_norm=True)
    x = image(37, 50)
    with torch.no_grad():
        expected = model(x).logits[8]
        assert _steps(model.trunk) is None  # as it is, it falls back
        assert torch.equal(WindowedFCN(model)(x).logits[8], expected)
        features = model.trunk.features
        for i, layer in enumerate(features):
            if isinstance(layer, nn.BatchNorm2d):
                features[i - 1] = fuse_conv_bn_eval(features[i - 1], layer)
                features[i] = nn.Identity()
        assert _steps(model.trunk) is not None
        assert difference(WindowedFCN(model)(x).logits[8], expected) < 1e-10


@pytest.mark.parametrize("changes", [{"alignment": "centered"}, {"backbone": "alexnet"}, {"backbone": "googlenet"}])
def test_other_networks_run_their_own_layers(changes: dict[str, object]) -> None:
    model = network(**changes)
    x = image(60, 70)
    with torch.no_grad():
        expected, got = model(x), WindowedFCN(model)(x)
    for head in model.heads:
        assert torch.equal(got.logits[head], expected.logits[head])


def test_gradients_and_training_use_the_plain_layers(plain: FCN) -> None:
    x = image(20, 24)
    windowed = WindowedFCN(plain)
    windowed(x).logits[8].sum().backward()
    assert plain.trunk.features[0].weight.grad is not None
    plain.zero_grad()


def test_it_shares_parameters_and_names(plain: FCN) -> None:
    windowed = WindowedFCN(plain)
    own, theirs = windowed.state_dict(), plain.state_dict()
    assert list(own) == list(theirs)
    assert all(own[key].data_ptr() == theirs[key].data_ptr() for key in own)


def test_a_wrong_image_gets_the_trunks_sentence(plain: FCN) -> None:
    with torch.no_grad(), pytest.raises(ValueError, match="expected a batch N×3×H×W"):
        WindowedFCN(plain)(torch.zeros(1, 4, 8, 8, dtype=torch.float64))
