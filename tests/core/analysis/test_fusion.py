"""The logit ledger is exact for any spec and size; who decided follows from partial sums; fast labels equal slow."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from fcn_core.analysis.fusing.decisions import Decisions, decisions, who_decided
from fcn_core.analysis.fusing.enlarged_labels import enlarged_labels
from fcn_core.analysis.fusing.fusion import Fusion, skip_heads
from fcn_core.analysis.fusing.network_picture import network_boxes, trunk_stages
from fcn_core.analysis.fusing.steps import numbers, steps
from fcn_core.models.architectures import build
from fcn_core.models.fcn import FCN
from fcn_core.models.network import NetworkOutput
from fcn_core.models.spec import FCNSpec, streams_of
from fcn_core.models.torchvision_spec import FCNResNet50Spec
from fcn_core.ops.bilinear import upsample_bilinear
from fcn_core.ops.conv_arithmetic import CoordinateMap, place_upsampling
from fcn_core.segmenting.scores import classify

TRUNKS = ("vgg16", "alexnet", "caffenet")
SIZES = st.tuples(st.integers(1, 75), st.integers(1, 75))


def network(dtype: torch.dtype = torch.float32, seed: int = 0, **changes: object) -> FCN:
    """A tiny network whose score layers have weights and biases, and whose learned upsamplings are not bilinear."""
    spec = FCNSpec(**{"backbone": "vgg16", "width": 1 / 16, "fc_channels": 8, "num_classes": 4, **changes})  # type: ignore[arg-type]
    torch.manual_seed(seed)
    model = build(spec)
    for name, parameter in model.named_parameters():
        if "score" in name:
            nn.init.normal_(parameter, std=0.5)
        elif name.startswith("head.up"):
            parameter.data += 0.1 * torch.randn_like(parameter)
    return model.eval().to(dtype)


def passed(model: nn.Module, size: tuple[int, int], dtype: torch.dtype = torch.float32) -> NetworkOutput:
    generator = torch.Generator().manual_seed(1)
    with torch.inference_mode():
        return model(torch.randn(1, 3, *size, generator=generator, dtype=torch.float64).to(dtype))


def fused(model: nn.Module, output: NetworkOutput, size: tuple[int, int]) -> Fusion:
    return Fusion(model, {name: value[0].numpy() for name, value in output.maps.items()}, size)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    trunk=st.sampled_from(TRUNKS),
    alignment=st.sampled_from(("centered", "reference")),
    learned=st.sampled_from(("none", "intermediate", "all")),
    heads=st.sets(st.sampled_from((32, 16, 8)), min_size=1).map(lambda s: tuple(sorted(s, reverse=True))),
    skips=st.tuples(st.floats(0.01, 3), st.floats(0.01, 3)),
    classes=st.integers(1, 6),
    size=SIZES,
    double=st.booleans(),
)
def test_every_logit_is_the_sum_of_its_parts(trunk, alignment, learned, heads, skips, classes, size, double) -> None:
    dtype = torch.float64 if double else torch.float32
    model = network(
        dtype, backbone=trunk, alignment=alignment, learned_deconvs=learned, heads=heads, num_classes=classes,
        skip_scales={16: skips[0], 8: skips[1]},
    )  # fmt: skip
    output = passed(model, size, dtype)
    fusion = fused(model, output, size)
    assert fusion.heads == heads
    for head in heads:
        logits = output.logits[head][0]
        bound = (1e-12 if double else 1e-5) * max(1.0, float(logits.abs().max()))
        parts = fusion.parts(head)
        assert tuple(parts) == streams_of(head)
        assert float((sum(parts.values()) - logits).abs().max()) < bound
        assert float((fusion.logits(head) - logits).abs().max()) < bound
        for x, y in {(0, 0), (size[1] - 1, size[0] - 1), (size[1] // 2, size[0] // 3)}:
            book = fusion.ledger(head, x, y, logits[:, y, x].numpy())
            assert np.abs(book.residual).max() < bound
            np.testing.assert_allclose(book.parts, [p[:, y, x].numpy() for p in parts.values()], atol=bound)
        assert np.array_equal(decisions(fusion, head).labels[-1], classify(logits)[0].numpy())


def test_googlenet_splits_too() -> None:
    model = network(torch.float64, backbone="googlenet", learned_deconvs="all")
    output = passed(model, (40, 57), torch.float64)
    fusion = fused(model, output, (40, 57))
    for head in (32, 16, 8):
        parts, logits = fusion.parts(head), output.logits[head][0]
        assert float((sum(parts.values()) - logits).abs().max() / logits.abs().max()) < 1e-12


def test_a_part_is_what_the_network_says_with_the_other_score_layers_at_zero() -> None:
    model = network(torch.float64, learned_deconvs="intermediate", skip_scales={16: 0.5, 8: 2.0})
    fusion = fused(model, passed(model, (50, 70), torch.float64), (50, 70))
    layers = {"fc7": model.head.score_fr, "pool4": model.head.score_pool4, "pool3": model.head.score_pool3}
    for stream, part in fusion.parts(8).items():
        kept = {name: (layer.weight.data.clone(), layer.bias.data.clone()) for name, layer in layers.items()}
        for name, layer in layers.items():
            if name != stream:
                layer.weight.data.zero_()
                layer.bias.data.zero_()
        alone = passed(model, (50, 70), torch.float64).logits[8][0]
        torch.testing.assert_close(part, alone, atol=1e-12, rtol=0)
        for name, layer in layers.items():
            layer.weight.data, layer.bias.data = kept[name]


def test_a_scaled_skip_is_a_network_with_a_scaled_score_layer() -> None:
    model = network(torch.float64)
    size = (61, 45)
    fusion = fused(model, passed(model, size, torch.float64), size)
    for layer, factor in ((model.head.score_pool4, -0.7), (model.head.score_pool3, 1.6)):
        layer.weight.data *= factor
        layer.bias.data *= factor
    wanted = passed(model, size, torch.float64)
    scales = {"pool4": -0.7, "pool3": 1.6}
    for head in (16, 8):
        torch.testing.assert_close(fusion.logits(head, scales), wanted.logits[head][0], atol=1e-12, rtol=0)
        assert np.array_equal(fusion.label_map(head, scales), classify(wanted.logits[head][0])[0].numpy())


@settings(max_examples=60, deadline=None)
@given(
    grid=st.tuples(st.integers(1, 7), st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**31)),
    stride=st.sampled_from((2, 4, 8, 16, 32)),
    centred_between=st.booleans(),
    size=SIZES,
    smooth=st.booleans(),
)
def test_labels_without_most_logits_equal_the_slow_ones(grid, stride, centred_between, size, smooth) -> None:
    classes, h, w, seed = grid
    offset = (stride - 1) / 2 if centred_between else 0
    placement = place_upsampling(CoordinateMap(stride, type(CoordinateMap().offset)(offset)), CoordinateMap())
    values = torch.randn(classes, h, w, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))
    if smooth:
        values = values.cumsum(1).cumsum(2)  # large areas of one class
    start = -placement.shift
    logits = upsample_bilinear(
        values[None], factor=stride, kernel=placement.kernel, start=(start, start), size=size
    )[0]  # fmt: skip
    fast, slow = enlarged_labels(values.numpy(), placement, size), classify(logits)[0].numpy()
    gap = logits.topk(min(2, classes), dim=0).values
    tie = ((gap[0] - gap[-1]).abs() < 1e-9).numpy() if classes > 1 else np.zeros(size, bool)
    assert fast.shape == size and fast.dtype == np.uint8
    assert np.array_equal(fast[~tie], slow[~tie])


def test_who_decided_is_the_last_change() -> None:
    fc7 = np.array([[0, 0, 0, 0, 1]], np.uint8)
    pool4 = np.array([[0, 1, 0, 1, 1]], np.uint8)
    pool3 = np.array([[0, 1, 1, 0, 2]], np.uint8)
    decided = who_decided((fc7, pool4, pool3))
    assert decided.tolist() == [[0, 1, 2, 2, 2]], "the fourth went to 1 and back: pool3 turned it back"
    found = Decisions(8, ("fc7", "pool4", "pool3"), (fc7, pool4, pool3), decided)
    assert found.shares == {"fc7": 0.2, "pool4": 0.2, "pool3": 0.6}
    truth = np.array([[0, 1, 0, 255, 3]], np.uint8)
    flips = found.flips("pool3", truth)
    assert (flips.pixels, flips.repaired, flips.broken, flips.still_wrong) == (3, 0, 1, 1)
    assert found.verdict("pool3", truth).tolist() == [[0, 0, 2, 4, 3]]
    assert found.flips("pool4", truth).repaired == 1
    assert [(c.before, c.after, c.share) for c in found.changes("pool4")] == [(0, 1, 0.4)]
    assert found.flips("pool4").repaired is None
    with pytest.raises(ValueError, match="skips that are: pool4, pool3"):
        found.flips("fc7")


def test_a_ledger_and_the_map_name_the_same_stream() -> None:
    model = network()
    size = (64, 80)
    fusion = fused(model, passed(model, size), size)
    found = decisions(fusion, 8)
    assert len(np.unique(found.decided)) > 1, "this network should not leave all to one stream"
    for y in range(0, 64, 7):
        for x in range(0, 80, 7):
            book = fusion.ledger(8, x, y)
            top = np.sort(book.parts.cumsum(0), 1)
            if (top[:, -1] - top[:, -2]).min() > 1e-5:
                assert book.decided_by == found.streams[found.decided[y, x]]
                assert book.winner == found.labels[-1][y, x]


def test_steps_name_every_map_and_their_sums_hold() -> None:
    model = network()
    size = (64, 80)
    fusion = fused(model, passed(model, size), size)
    found = decisions(fusion, 8)
    way = steps(fusion, found)
    assert [step.name for step in way] == [
        "score_fr", "upscore2", "score_pool4", "fuse_pool4", "upscore_pool4", "score_pool3", "fuse_pool3", "8s",
    ]  # fmt: skip
    for step in way:
        cell = numbers(fusion, step, step.width // 2, step.height // 2)
        if cell.parts:
            np.testing.assert_allclose(sum(cell.parts.values()), cell.values, atol=1e-5)
    fuse = next(step for step in way if step.name == "fuse_pool3")
    assert fuse.changed == found.flipped("pool3").mean() == pytest.approx(sum(c.share for c in fuse.changes))
    assert [step.changed for step in way if step.kind != "add"] == [0.0] * 6
    assert [step.name for step in steps(fusion, decisions(fusion, 16))][-1] == "16s"
    assert [step.name for step in steps(fusion, decisions(fusion, 32))] == ["score_fr", "32s"]
    with pytest.raises(ValueError, match="outside fuse_pool3"):
        numbers(fusion, fuse, fuse.width, 0)


@pytest.mark.parametrize("alignment", ["centered", "reference"])
@pytest.mark.parametrize("trunk", TRUNKS)
def test_cells_lie_where_the_trunk_puts_them(trunk: str, alignment: str) -> None:
    model = network(backbone=trunk, alignment=alignment)
    fusion = fused(model, passed(model, (70, 90)), (70, 90))
    assert fusion.coordinates["score_fr"] == model.trunk.coordinates[32]
    for column in range(fusion.maps["fuse_pool3"].shape[2]):
        x, _ = fusion.centre("fuse_pool3", column, 0)
        where = fusion.coordinates["fuse_pool3"](column)
        if 0 <= where < 89:
            assert abs(x - where) <= 1 and fusion.cell("fuse_pool3", x, 0)[0] == column
    assert fusion.cell("8s", 12, 34) == (12, 34)


@pytest.mark.parametrize("alignment", ["centered", "reference"])
@pytest.mark.parametrize("trunk", [*TRUNKS, "googlenet"])
def test_the_drawn_sizes_are_those_of_a_real_pass(trunk: str, alignment: str) -> None:
    model, size = network(backbone=trunk, alignment=alignment), (53, 71)
    with torch.inference_mode():
        features = model.trunk(torch.zeros(1, 3, *size))
    taps = {stage.tap: stage for stage in trunk_stages(model.trunk, size) if stage.tap}
    for stride, name in ((8, "pool3"), (16, "pool4"), (32, "fc7")):
        stage = taps[name]
        assert (stage.channels, stage.height, stage.width) == tuple(features[stride].shape[1:])
        assert stage.stride == stride
    output = passed(model, size)
    boxes = network_boxes(model, {k: v[0].numpy() for k, v in output.maps.items()}, size, 3)
    names = [box.name for box in boxes]
    assert len(set(names)) == len(names) and names[-3:] == ["32s", "16s", "8s"]
    for i, box in enumerate(boxes):
        assert set(box.sources) <= set(names[:i]), "arrows lead forward"
        if box.name in output.maps:
            assert (box.channels, box.height, box.width) == tuple(output.maps[box.name].shape[1:])


def test_planes_are_those_of_the_logits() -> None:
    for learned in ("none", "all"):
        model = network(learned_deconvs=learned)
        output = passed(model, (40, 50))
        fusion = fused(model, output, (40, 50))
        for head in (32, 16, 8):
            np.testing.assert_allclose(fusion.plane(f"{head}s", 2), output.logits[head][0, 2], atol=1e-5)
        assert np.array_equal(fusion.plane("score_pool4", 1), output.maps["score_pool4"][0, 1])
    with pytest.raises(ValueError, match="no map 'fc9'"):
        fusion.plane("fc9", 0)


def test_what_cannot_be_taken_apart_is_named() -> None:
    model = network(heads=(16,))
    output = passed(model, (40, 50))
    fusion = fused(model, output, (40, 50))
    assert fusion.heads == (16,)
    with pytest.raises(ValueError, match="no head 8s here; these weights have 16s"):
        fusion.parts(8)
    with pytest.raises(ValueError, match="outside the 50×40 picture"):
        fusion.ledger(16, 50, 0)
    with pytest.raises(ValueError, match="no stream pool1"):
        fusion.fused(16, {"pool1": 1.0})
    with pytest.raises(ValueError, match="cut into tiles"):
        Fusion(model, {}, (40, 50))
    with torch.device("meta"):
        single = build(FCNResNet50Spec())
    with pytest.raises(ValueError, match="one stream only"):
        skip_heads(single)
    boxes = network_boxes(single, {"score_fr": np.zeros((21, 5, 7), np.float32)}, (40, 56), 3)
    assert [box.name for box in boxes] == ["photo", "trunk", "score_fr", "8s"]


def test_the_shared_network_stays_as_it_is() -> None:
    model = network(learned_deconvs="all")
    before = {name: value.clone() for name, value in model.state_dict().items()}
    fusion = fused(model, passed(model, (40, 50)), (40, 50))
    fusion.label_map(8, {"pool4": 2.0})
    fusion.fused(8).zero_()
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])
    assert not any(module._forward_hooks for module in model.modules())
