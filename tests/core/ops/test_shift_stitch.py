"""Shift-and-stitch equals the network with spread kernels, for random stacks and for the project's networks."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from segmenters import tiny_model
from torch import nn
from torch.nn import functional as F

from fcn_core.ops.shift_stitch import EDGES, SpreadLayer, denser, layer_works, shift_and_stitch, shifted

TOLERANCE = 1e-5


def random_stack(rng: np.random.Generator) -> tuple[nn.Sequential, int]:
    """A seeded stack of convolutions and poolings with ReLUs between, and its stride."""
    torch.manual_seed(int(rng.integers(1 << 30)))
    layers: list[nn.Module] = []
    channels, stride = 2, 1
    for _ in range(int(rng.integers(3, 7))):
        kernel, step = int(rng.integers(1, 5)), int(rng.choice([1, 1, 2, 3])) if stride <= 4 else 1
        kind = rng.choice(["conv", "max", "average"])
        if kind == "conv":
            wide, dilation = 2 * int(rng.integers(1, 3)), int(rng.integers(1, 3))
            layers += [nn.Conv2d(channels, wide, kernel, step, dilation=dilation, groups=2), nn.ReLU(inplace=True)]
            channels = wide
        else:
            layers.append(nn.MaxPool2d(kernel, step) if kind == "max" else nn.AvgPool2d(kernel, step))
        stride *= step
    return nn.Sequential(*layers).double().eval(), stride


def picture(stride: int, rng: np.random.Generator) -> torch.Tensor:
    """Larger than any of these stacks sees."""
    side = stride * -(-150 // stride)
    return torch.from_numpy(rng.standard_normal((1, 2, side, side + stride)))


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("edge", ["wrap", "none"])
def test_both_ways_agree_at_every_cell(seed: int, edge: str) -> None:
    rng = np.random.default_rng(seed)
    network, stride = random_stack(rng)
    x = picture(stride, rng)
    works = layer_works(network, x)
    assert works[-1].stride_after == stride
    coarse = denser(network, works, stride=stride, edge=edge)
    for factor in (f for f in range(1, stride + 1) if stride % f == 0):
        try:
            dense = denser(network, works, stride=stride // factor, edge=edge)
        except ValueError as problem:  # a stride of 3 before one of 2 leaves no way to stop at 2
            assert "do not divide" in str(problem)
            continue
        with torch.inference_mode():
            stitched = shift_and_stitch(coarse, x, stride=stride, factor=factor, edge=edge)
            once = dense(x)
        assert stitched.shape == once.shape
        assert float((stitched - once).abs().max()) < 1e-10


def test_without_padding_it_is_pytorchs_own_network() -> None:
    network, stride = random_stack(np.random.default_rng(3))
    x = picture(stride, np.random.default_rng(4))
    plain = denser(network, layer_works(network, x), stride=stride, edge="none")
    torch.testing.assert_close(plain(x), network(x))


def test_a_dilated_stack_written_by_hand() -> None:
    torch.manual_seed(0)
    first, second = nn.Conv2d(1, 3, 3, padding=1), nn.Conv2d(3, 2, 3)
    network = nn.Sequential(first, nn.MaxPool2d(2, 2), second).eval()
    x = torch.randn(1, 1, 24, 24)
    dense = denser(network, layer_works(network, x), stride=1, edge="none")
    by_hand = F.conv2d(
        F.max_pool2d(F.conv2d(x, first.weight, first.bias), 2, 1), second.weight, second.bias, dilation=2
    )
    torch.testing.assert_close(dense(x), by_hand)


@pytest.mark.parametrize("backbone", ["vgg16_bn", "alexnet", "caffenet", "googlenet"])
@pytest.mark.parametrize("alignment", ["centered", "reference"])
def test_the_projects_trunks(backbone: str, alignment: str) -> None:
    model = tiny_model(backbone=backbone, alignment=alignment, heads=(32,), width=0.0625)

    class Scores(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.trunk, self.score = model.trunk, model.head.score_fr

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.score(self.trunk(x)[32])

    network = Scores().eval()
    x = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(1))
    works = layer_works(network, x)
    with torch.inference_mode():
        for factor in (2, 4):
            coarse = denser(network, works, stride=32, edge="wrap")
            dense = denser(network, works, stride=32 // factor, edge="wrap")(x)
            stitched = shift_and_stitch(coarse, x, stride=32, factor=factor, edge="wrap")
            assert float((stitched - dense).abs().max()) < TOLERANCE * float(dense.abs().max().clamp(min=1))
            alone = denser(network, works, stride=32 // factor, edge="wrap", spread=False)(x)
            assert alone.shape == dense.shape
            assert float((alone - dense).std()) > 1e-3 * float(dense.std())
        if alignment == "centered" and backbone == "vgg16_bn":  # others round their maps up to a cell more
            as_trained = denser(network, works, stride=32, edge="zero")(x)
            torch.testing.assert_close(as_trained, network(x), rtol=1e-4, atol=1e-4)


def test_padding_with_zeros_differs_only_where_a_border_is_seen() -> None:
    torch.manual_seed(2)
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 2, 3, padding=1), nn.MaxPool2d(2)
    ).eval()
    x = torch.randn(1, 1, 64, 64)
    works = layer_works(network, x)
    with torch.inference_mode():
        dense = denser(network, works, stride=1, edge="zero")(x)
        coarse = denser(network, works, stride=4, edge="zero")
        stitched = shift_and_stitch(coarse, x, stride=4, factor=4, edge="zero")
    wrong = (stitched - dense).abs().amax(1)[0] > TOLERANCE
    assert wrong.any() and not wrong[12:-12, 12:-12].any()


def test_the_work_is_counted_as_by_hand() -> None:
    network = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.MaxPool2d(2), nn.Conv2d(8, 4, 5, padding=2))
    first, pool, second = layer_works(network, torch.zeros(1, 3, 16, 16))
    assert (first.work, pool.work, second.work) == (3 * 8 * 9, 0, 8 * 4 * 25 / 4)
    assert second.denser(1) == (1, 2, 8 * 4 * 25) and pool.denser(1) == (1, 1, 0) and pool.denser(2)[0] == 2


def test_the_given_network_is_not_touched() -> None:
    network = nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.MaxPool2d(2)).train()
    works = layer_works(network, torch.zeros(1, 1, 8, 8))
    copy = denser(network, works, stride=1, edge="wrap")
    assert network.training and not copy.training
    assert not any(isinstance(m, SpreadLayer) or m._forward_hooks for m in network.modules())
    assert {p.data_ptr() for p in copy.parameters()} == {p.data_ptr() for p in network.parameters()}


def test_shifting() -> None:
    x = torch.arange(12.0).view(1, 1, 3, 4)
    assert shifted(x, 1, 1, "wrap")[0, 0].tolist() == [[5, 6, 7, 4], [9, 10, 11, 8], [1, 2, 3, 0]]
    assert shifted(x, 1, 1, "zero")[0, 0].tolist() == [[5, 6, 7, 0], [9, 10, 11, 0], [0, 0, 0, 0]]
    assert shifted(x, 1, 1, "none")[0, 0].tolist() == [[5, 6, 7], [9, 10, 11]]
    assert EDGES == ("wrap", "zero", "none")


def test_what_cannot_be_done_is_said() -> None:
    pool = nn.Sequential(nn.MaxPool2d(2), nn.MaxPool2d(2))
    with pytest.raises(ValueError, match="multiples of the network's stride"):
        layer_works(pool, torch.zeros(1, 1, 10, 8))
    with pytest.raises(ValueError, match="no stride that could be taken out"):
        layer_works(nn.Sequential(nn.AdaptiveAvgPool2d(1)), torch.zeros(1, 1, 8, 8))
    with pytest.raises(ValueError, match="needs a stride that 3 divides"):
        shift_and_stitch(pool, torch.zeros(1, 1, 8, 8), stride=4, factor=3, edge="wrap")
    with pytest.raises(ValueError, match="borders are one of"):
        denser(pool, layer_works(pool, torch.zeros(1, 1, 8, 8)), stride=2, edge="mirror")  # type: ignore[arg-type]
