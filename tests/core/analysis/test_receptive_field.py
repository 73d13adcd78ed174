"""Receptive fields come out of the real modules, and agree with what pixels really change."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models import get_model

from fcn_core.analysis.fields.receptive_field import LayerField, ReceptiveFields, receptive_field
from fcn_core.models.architectures import build
from fcn_core.models.fcn import FCN
from fcn_core.models.spec import FCNSpec
from fcn_core.models.torchvision_spec import FCNResNet50Spec
from fcn_core.models.windowing import WindowedFCN


def slim(backbone: str, **settings: object) -> FCN:
    return FCN(FCNSpec(backbone=backbone, width=1 / 16, num_classes=3, **settings)).eval()  # type: ignore[arg-type]


def sizes(found: ReceptiveFields) -> dict[str, int | None]:
    assert all(layer.axes[0].size == layer.axes[1].size for layer in found.layers)
    return {layer.label: layer.axes[0].size for layer in found.layers}


@pytest.mark.parametrize("alignment", ["reference", "centered"])
@pytest.mark.parametrize(
    ("backbone", "published"),
    [
        ("vgg16", {"pool3": 44, "pool4": 100, "pool5": 212, "fc7": 404}),
        ("vgg16_bn", {"pool3": 44, "pool4": 100, "pool5": 212, "fc7": 404}),
        ("alexnet", {"fc7": 355}),
        ("caffenet", {"fc7": 355}),
        ("googlenet_pooled", {"avgpool": 907}),
    ],
)
def test_the_papers_numbers_come_out(backbone: str, alignment: str, published: dict[str, int]) -> None:
    found = sizes(receptive_field(slim(backbone, alignment=alignment), (240, 320)))
    assert {name: found[name] for name in published} == published


def test_googlenets_fields_without_its_last_pooling() -> None:
    assert receptive_field(slim("googlenet_published")).layer("score_fr").axes[0].size == 715
    assert receptive_field(slim("googlenet")).layer("score_fr").axes[0].size == 379
    own = receptive_field(get_model("googlenet", weights=None, init_weights=False, aux_logits=False))
    assert own.layer("inception5b: concatenation").axes[0].size == 379


def test_streams_of_the_8s_head() -> None:
    """Counted by hand: a pixel of 32s reads two cells of fc7 (404 + 32); pool3's three cells see 44 + 8."""
    found = receptive_field(slim("vgg16", alignment="reference"), (240, 320))
    head = found.outputs["logits.8"]
    assert {name: axes[0].size for name, axes in head.streams.items()} == {"fc7": 468, "pool4": 132, "pool3": 52}
    assert all(axis.stride == 1 and axis.first_centre == 0 for axes in head.streams.values() for axis in axes)
    assert set(found.outputs["logits.32"].streams) == {"fc7"} and found.outputs["logits.32"].axes[0].size == 436
    fused = found.layer("fuse_pool4")
    assert fused.kind == "sum" and fused.axes[0].stride == 16
    wide, narrow = head.box(100, 100, "fc7"), head.box(100, 100, "pool3")
    assert wide.top < narrow.top < narrow.bottom < wide.bottom
    assert head.box(100, 100) == wide
    with pytest.raises(ValueError, match="no stream 'pool5'"):
        head.box(1, 1, "pool5")


def test_a_box_counted_by_hand() -> None:
    found = receptive_field(nn.Sequential(nn.Conv2d(1, 1, 3, stride=2, padding=1), nn.MaxPool2d(2)), (10, 12))
    last = found.layers[-1]
    axis = last.axes[0]
    assert (axis.size, axis.stride, axis.first_centre, axis.padding) == (5, 4, 1, 1)
    box = last.box(0, 1)
    assert (box.top, box.left, box.bottom, box.right) == (-1, 3, 4, 8)
    assert box.inside == (0, 3, 4, 8) and box.share_in_padding == pytest.approx(0.2)
    with pytest.raises(ValueError, match="2 rows, counted from 0; got 2"):
        last.box(2, 0)


def test_fcn_resnet50_with_dilation_and_bottlenecks() -> None:
    found = receptive_field(build(FCNResNet50Spec()), (97, 130))
    assert not found.unanalysed
    score = found.outputs["maps.score_fr"]
    assert (score.axes[0].size, score.axes[0].stride) == (443, 8)
    assert found.outputs["logits.8"].axes[0].stride == Fraction(13 * 8, 97)


def test_depth_and_the_nearest_cell() -> None:
    found = receptive_field(slim("vgg16"), (240, 320))
    assert (found.layer("pool3").depth, found.layer("fc7").depth, found.layer("score_fr").depth) == (10, 20, 21)
    assert found.layer("pool3").cell_at(100, 11.5) == (12, 1)
    assert found.outputs["logits.8"].cell_at(100, 11) == (100, 11)
    assert found.layer("fc7").cell_at(9999, 0) == (7, 0)


@pytest.mark.parametrize("name", ["vgg16", "googlenet_pooled", "resnet18"])
def test_against_torchlens(name: str) -> None:
    """An independent engine finds the same size, stride and first centre after every convolution and pooling."""
    torchlens = pytest.importorskip("torchlens", reason="TorchLens, the independent engine, is not installed")
    if name == "resnet18":
        whole = get_model(name, weights=None)
        net = nn.Sequential(*list(whole.children())[:-2]).eval()
    else:
        trunk = slim(name, alignment="reference").trunk
        net = nn.Sequential(*trunk.features, *(trunk.fc or ())).eval()
    theirs = torchlens.trace(net, torch.rand(1, 3, 250, 250))
    ours = receptive_field(net, (250, 250))
    kinds = {"conv2d": "Conv2d", "maxpool2d": "MaxPool2d", "avgpool2d": "AvgPool2d"}
    found = [op.receptive_field.axes for op in theirs.ops if op.layer_type in kinds]
    expected = [layer.axes for layer in ours.layers if layer.kind in kinds.values()]
    assert len(found) == len(expected) > 8
    for axes, own in zip(found, expected, strict=True):
        last = [axis for axis in axes if axis.input_axis >= 2]
        assert [(a.size, a.jump, a.center0) for a in last] == [(a.size, a.stride, a.first_centre) for a in own]


def test_the_model_is_left_alone() -> None:
    model = slim("vgg16")
    before = {key: value.clone() for key, value in model.state_dict().items()}
    model.train()
    whole = receptive_field(model, (64, 64))
    assert model.training and not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules())
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    windowed = receptive_field(WindowedFCN(slim("vgg16", alignment="reference")), (64, 64))
    assert windowed.layer("score_fr").axes[0].size == whole.layer("score_fr").axes[0].size


@pytest.mark.parametrize(
    ("module", "named"),
    [
        (nn.Sequential(nn.Conv2d(3, 2, 3), nn.AdaptiveAvgPool2d(1)), "1: takes one value from the whole map"),
        (nn.Sequential(nn.Conv2d(3, 2, 3), nn.Flatten(), nn.Linear(2 * 38 * 38, 2)), "1: flattens rows and columns"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4)), "1: normalises over the whole map"),
        (nn.Sequential(nn.Conv2d(3, 4, 3), nn.Softmax(3)), "1: softmax over the cells"),
        (nn.Sequential(nn.Unfold(3)), "0: the operation im2col cannot be followed"),
    ],
)
def test_what_cannot_be_analysed_is_named(module: nn.Module, named: str) -> None:
    found = receptive_field(module, (40, 40))
    assert any(sentence.startswith(named) for sentence in found.unanalysed)
    assert found.outputs["output"].is_whole


def test_attention_is_named() -> None:
    class Attending(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.stem, self.look = nn.Conv2d(3, 8, 4, stride=4), nn.MultiheadAttention(8, 2, batch_first=True)

        def forward(self, x: Tensor) -> Tensor:
            tokens = self.stem(x).flatten(2).transpose(1, 2)
            return self.look(tokens, tokens, tokens)[0]

    found = receptive_field(Attending(), (32, 32))
    assert found.layer("stem").axes[0].size == 4 and found.outputs["output"].is_whole and found.unanalysed


def test_a_sum_of_unlike_strides_is_named() -> None:
    class Drifting(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x[..., :20, :20] + F.max_pool2d(x, 2)

    found = receptive_field(Drifting(), (40, 40), channels=1)
    assert "strides 1 and 2" in found.unanalysed[0]


def test_a_picture_that_is_too_small_is_explained() -> None:
    with pytest.raises(ValueError, match="cannot be walked with a picture of 8×8: 0"):
        receptive_field(nn.Sequential(nn.Conv2d(3, 2, 9)), (8, 8))


class Net(nn.Module):
    """Layers in a row, with a branch that is added or stacked."""

    def __init__(self, trunk: nn.Sequential, left: nn.Module, right: nn.Module, how: str, end: nn.Module) -> None:
        super().__init__()
        self.trunk, self.left, self.right, self.how, self.end = trunk, left, right, how, end

    def forward(self, x: Tensor) -> Tensor:
        x = self.trunk(x)
        a, b = self.left(x), self.right(x)
        n = min(a.shape[-1], b.shape[-1])
        shift = (a.shape[-1] - n) // 2
        a, b = a[..., shift : shift + n, shift : shift + n], b[..., :n, :n]
        return self.end(a + b if self.how == "sum" else torch.cat([a, b], dim=1)[:, :2] * 1.0 + b)


def conv(kernel: int, stride: int, padding: int, dilation: int) -> nn.Module:
    return nn.Conv2d(2, 2, kernel, stride=stride, padding=padding, dilation=dilation)


layers = st.one_of(
    st.builds(conv, st.integers(1, 4), st.integers(1, 3), st.integers(0, 3), st.integers(1, 3)),
    st.builds(lambda k, s, ceil: nn.MaxPool2d(k, s, padding=k // 2, ceil_mode=ceil),
              st.integers(2, 3), st.integers(1, 3), st.booleans()),
    st.builds(lambda k, s: nn.AvgPool2d(k, s), st.integers(1, 3), st.integers(1, 2)),
    st.builds(lambda k, s, p: nn.ConvTranspose2d(2, 2, k, stride=s, padding=min(p, k // 2)),
              st.integers(1, 4), st.integers(1, 3), st.integers(0, 1)),
    st.builds(lambda mode, n: nn.Upsample(scale_factor=n, mode=mode),
              st.sampled_from(["nearest", "bilinear"]), st.sampled_from([2, 3])),
    st.builds(lambda mode, p: nn.Conv2d(2, 2, 3, padding=p, padding_mode=mode),
              st.sampled_from(["reflect", "replicate", "circular"]), st.integers(0, 2)),
    st.builds(lambda n: nn.AdaptiveAvgPool2d(n), st.integers(3, 7)),
    st.builds(lambda p: nn.ZeroPad2d((p, 1, p, 0)), st.integers(-1, 2)),
    st.just(nn.ReLU(inplace=True)),
)  # fmt: skip
same = st.builds(lambda k, d: nn.Conv2d(2, 2, k, padding=d * (k // 2), dilation=d), st.sampled_from([1, 3, 5]),
                 st.integers(1, 2))  # fmt: skip
nets = st.builds(
    Net, st.lists(layers, min_size=1, max_size=4).map(lambda parts: nn.Sequential(*parts)), same, same,
    st.sampled_from(["sum", "cat"]), layers,
)  # fmt: skip


def probe(net: nn.Module, size: int) -> np.ndarray | None:
    """Which output rows change with which input rows, by trying: rows × input rows. None if the net does not fit.

    Everything is positive, so that nothing cancels out and nothing falls asleep.
    """
    net = net.double().eval()
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for p in net.parameters():
            p.copy_(torch.rand(p.shape, generator=generator, dtype=p.dtype) + 0.5)
        x = torch.rand(1, 2, size, size, generator=generator, dtype=torch.float64)
        try:
            usual = net(x)
        except RuntimeError:
            return None
        bumped = x.repeat(size, 1, 1, 1)
        for row in range(size):
            bumped[row, :, row] += 1e3
        change = (net(bumped) - usual).abs().amax((1, 3))  # input rows × output rows
    return (change > 1e-4).numpy().T  # one picture and many are rounded differently


def assert_rows_agree(layer: LayerField, seen: np.ndarray) -> None:
    reach = layer._field.axes[0]
    assert reach.cells == len(seen)
    for cell, rows in enumerate(seen):
        touched = np.flatnonzero(rows)
        expected = (int(touched[0]), int(touched[-1])) if len(touched) else None
        first, last = int(reach.first[cell]), int(reach.last[cell])
        assert expected == ((first, last) if first <= last else None), f"cell {cell}"


@settings(max_examples=60, deadline=None, derandomize=True)
@given(nets, st.integers(9, 20))
def test_random_networks_against_probing(net: Net, size: int) -> None:
    seen = probe(net, size)
    if seen is None:
        with pytest.raises(ValueError, match="cannot be walked"):
            receptive_field(net, (size, size), channels=2)
        return
    found = receptive_field(net, (size, size), channels=2)
    if found.unanalysed:  # named, not guessed: odd strides, and circular padding, which writes into a copy in place
        assert all("strides" in said or "overwritten in place" in said for said in found.unanalysed)
        return
    layer = found.outputs["output"]
    assert_rows_agree(layer, seen)
    # Away from the edges the formula (size, stride, first centre) tells the same.
    for cell in range(layer.axes[0].cells):
        box = layer.box(cell, cell)
        if box.inside is not None and 0 <= box.top and box.bottom <= size and box.inside[0] == box.top:
            assert box.height <= layer.axes[0].size
            assert box.inside[2] <= box.bottom


@pytest.mark.parametrize("alignment", ["reference", "centered"])
def test_an_fcns_heads_against_probing(alignment: str) -> None:
    """Every row of every head of a real (slim) FCN: the tracing agrees with what pixels change."""
    torch.manual_seed(0)
    model = FCN(FCNSpec(backbone="alexnet", width=1 / 32, num_classes=2, fc_channels=4, alignment=alignment)).double()
    model.eval()
    with torch.no_grad():
        for p in model.parameters():
            p.copy_(torch.rand_like(p) / p[0].numel() + 1e-3)
        x = torch.rand(1, 3, 150, 40, dtype=torch.float64)
        usual = model(x).logits
        changed = {head: [] for head in usual}
        for row in range(150):
            y = x.clone()
            y[:, :, row] += 1e3
            for head, logits in model(y).logits.items():
                changed[head].append(((logits - usual[head]).abs().amax((0, 1, 3)) > 0).numpy())
    found = receptive_field(model, (150, 40))
    for head, rows in changed.items():
        assert_rows_agree(found.outputs[f"logits.{head}"], np.array(rows).T)
