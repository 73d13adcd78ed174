"""Chains of layers against PyTorch: sizes, places, derived crops, costs, and what a wrong crop does."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from segmenters import tiny_model
from torch.nn import functional as F

from fcn_core.analysis.aligning import changes as alignment_changes
from fcn_core.analysis.aligning.chain import Chain, ChainLayer, changed, derived_crops, looks_at, place_of, text, walk
from fcn_core.analysis.aligning.cost import counted_multiply_adds, layer_costs, total
from fcn_core.analysis.aligning.derivation import derive
from fcn_core.analysis.aligning.networks import chain_of, published_network
from fcn_core.analysis.aligning.other import in_other_alignment
from fcn_core.analysis.aligning.probe import probed_places, torch_sizes
from fcn_core.analysis.aligning.shift import moved, shifted_labels, slips
from fcn_core.analysis.fusing.fusion import Fusion
from fcn_core.models.fcn import FCN
from fcn_core.models.spec import FCNSpec
from fcn_core.ops.conv_arithmetic import CoordinateMap

HERE = CoordinateMap()
NETS = [(net, kind) for net in ("vgg16", "caffenet", "googlenet_published") for kind in ("reference", "centered")]
ALL = [(*net, head) for net in NETS for head in (32, 16, 8)]


def crops(chain: Chain) -> dict[str, int]:
    return {layer.name: layer.crop for layer in chain.layers if layer.may_crop}


def test_the_published_offsets_follow_from_the_layers() -> None:
    by_head = {head: derived_crops(chain_of(published_network("vgg16", "reference"), head)) for head in (32, 16, 8)}
    assert by_head[32] == {"upscore32": 19}
    assert by_head[16] == {"upscore2": 0, "score_pool4": 5, "upscore16": 27}
    assert by_head[8] == {"upscore2": 0, "score_pool4": 5, "upscore_pool4": 0, "score_pool3": 9, "upscore8": 31}
    assert derived_crops(chain_of(published_network("caffenet", "reference"), 32)) == {"upscore32": 18}


@pytest.mark.parametrize(("net", "kind", "head"), ALL)
def test_every_published_chain_is_in_place(net: str, kind: str, head: int) -> None:
    model = published_network(net, kind)
    chain = chain_of(model, head)
    assert derived_crops(chain) == crops(chain)
    assert set(looks_at(chain).values()) == {HERE}
    walked = walk(chain, (375, 500))
    assert not walked.problem and walked.output is not None and walked.output.size == (375, 500)
    assert {p.layer.name: p.full for p in walked.maps} == torch_sizes(chain, (375, 500))
    with torch.no_grad():
        maps = model(torch.empty(1, 3, 375, 500, device="meta"), heads=(head,)).maps
    ours = {p.layer.name: p.size for p in walked.maps}
    for name in set(maps) & {"score_fr", "fuse_pool4", "fuse_pool3"}:
        assert tuple(maps[name].shape[-2:]) == ours[name]
    assert total(layer_costs(walked)) == counted_multiply_adds(model, (375, 500), head)


@pytest.mark.parametrize(("net", "kind", "head"), ALL)
def test_a_ramp_comes_out_in_place(net: str, kind: str, head: int) -> None:
    chain = chain_of(published_network(net, kind), head)
    measured = probed_places(chain)
    assert set(measured) == set(looks_at(chain))
    for scale, offset in measured.values():
        assert scale == pytest.approx(1, abs=1e-9) and offset == pytest.approx(0, abs=1e-6)


small = st.integers(1, 5)


@st.composite
def changes_of_vgg(draw: st.DrawFn) -> dict[str, dict[str, int]]:
    names = (
        "conv1_1",
        "pool1",
        "conv3_2",
        "pool3",
        "pool4",
        "fc6",
        "upscore2",
        "score_pool4",
        "score_pool3",
        "upscore8",
    )
    found: dict[str, dict[str, int]] = {}
    for name in draw(st.lists(st.sampled_from(names), max_size=3, unique=True)):
        what = draw(st.sampled_from(("kernel", "padding", "stride", "crop")))
        if what == "crop" and not name.startswith(("upscore", "score_pool")):
            what = "padding"
        low, high = {"kernel": (2, 6), "padding": (0, 3), "stride": (1, 3), "crop": (0, 40)}[what]
        if name.startswith("upscore") and what == "kernel":
            low, high = 8, 20
        if name.startswith("pool") and what == "padding":
            high = 1
        found[name] = {what: draw(st.integers(low, high))}
    return found


@settings(max_examples=40, deadline=None)
@given(changes=changes_of_vgg())
def test_changed_chains_look_where_the_ramp_says(changes: dict[str, dict[str, int]]) -> None:
    chain = changed(chain_of(published_network("vgg16", "reference"), 8), changes)
    for stream, (scale, offset) in probed_places(chain).items():
        expected = looks_at(chain)[stream]
        assert scale == pytest.approx(float(expected.scale), rel=1e-9)
        assert offset == pytest.approx(float(expected.offset), abs=1e-5)


@settings(max_examples=60, deadline=None)
@given(changes=changes_of_vgg(), height=st.integers(1, 300), width=st.integers(1, 300))
def test_sizes_are_torchs_or_the_problem_is_real(changes: dict, height: int, width: int) -> None:
    chain = changed(chain_of(published_network("vgg16", "reference"), 8), changes)
    walked = walk(chain, (height, width))
    try:
        found = torch_sizes(chain, (height, width))
    except RuntimeError:
        assert walked.problem
        return
    for placed in walked.maps:
        assert placed.full == found[placed.layer.name]
    if walked.problem:
        assert walked.problem.split(":")[0] in {layer.name for layer in chain.layers}
        assert "missing" in walked.problem or "leaves nothing" in walked.problem


@settings(max_examples=30, deadline=None)
@given(padding=st.integers(82, 128), kernel=st.sampled_from((1, 3, 5, 7)), head=st.sampled_from((32, 16, 8)))
def test_derived_crops_put_any_padding_in_place(padding: int, kernel: int, head: int) -> None:
    usual = chain_of(published_network("vgg16", "reference"), head)
    chain = changed(usual, {"conv1_1": {"padding": padding}, "conv4_2": {"kernel": kernel, "padding": kernel // 2}})
    mended = changed(chain, {name: {"crop": crop} for name, crop in derived_crops(chain).items()})
    assert set(looks_at(mended).values()) == {HERE}


def test_one_more_pixel_of_padding_is_one_more_of_crop() -> None:
    usual = chain_of(published_network("vgg16", "reference"), 32)
    assert derived_crops(changed(usual, {"conv1_1": {"padding": 101}})) == {"upscore32": 20}


def test_what_no_crop_mends() -> None:
    usual = chain_of(published_network("vgg16", "reference"), 8)
    with pytest.raises(ValueError, match="drift apart"):
        derived_crops(changed(usual, {"pool5": {"stride": 1}}))
    with pytest.raises(ValueError, match="whole cells"):
        derived_crops(changed(usual, {"upscore2": {"kernel": 3}}))
    with pytest.raises(ValueError, match="inside the photo"):
        derived_crops(changed(chain_of(published_network("vgg16", "reference"), 32), {"conv1_1": {"padding": 1}}))


def test_a_wrong_crop_moves_its_stream_only() -> None:
    usual = chain_of(published_network("vgg16", "reference"), 8)
    assert looks_at(changed(usual, {"score_pool4": {"crop": 6}})) == {
        "fc7": HERE, "pool4": CoordinateMap(Fraction(1), Fraction(16)), "pool3": HERE,
    }  # fmt: skip
    assert set(looks_at(changed(usual, {"upscore8": {"crop": 30}})).values()) == {
        CoordinateMap(Fraction(1), Fraction(-1))
    }


def test_the_derivation_by_hand() -> None:
    chain = chain_of(published_network("vgg16", "reference"), 32)
    found = derive(chain, "upscore32")
    places = {step.layer.name: step.after for step in found.steps}
    # -100 + 1, then half of each pooling's stride so far, 3 strides of fc6, and half of the enlarging kernel back.
    assert places["conv1_1"].offset == -99 and places["pool5"].offset == Fraction(-167, 2)
    assert places["fc6"].offset == Fraction(25, 2) and places["fc6"].scale == 32
    assert places["upscore32"].offset == -19 and found.crop == 19 and not found.other
    assert next(s for s in found.steps if s.layer.name == "fc6").formula == "+ 32 · (7 − 1)/2"
    eight = chain_of(published_network("vgg16", "reference"), 8)
    for name, crop, unit in (("score_pool4", 5, 16), ("score_pool3", 9, 8)):
        met = derive(eight, name)
        assert (met.shift, met.crop, met.unit) == (crop, crop, unit) and met.other[-1].layer.name == name
    with pytest.raises(ValueError, match="not cropped"):
        derive(eight, "fc6")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"conv1_1": {"padding": 1}}, "missing"),
        ({"fc6": {"kernel": 60}}, "does not fit"),
        ({"pool1": {"padding": 2}}, "half its kernel"),
        ({"score_pool3": {"crop": 120}}, "leaves nothing"),
    ],
)
def test_what_is_wrong_is_said(changes: dict, said: str) -> None:
    walked = walk(changed(chain_of(published_network("vgg16", "reference"), 8), changes), (500, 500))
    assert said in walked.problem and walked.output is None and walked.problem.split(":")[0] != ""


def test_absurd_requests() -> None:
    model = published_network("vgg16", "reference")
    with pytest.raises(ValueError, match="at least 1"):
        walk(chain_of(model, 8), (0, 5))
    with pytest.raises(ValueError, match="no head 4s"):
        chain_of(model, 4)
    with pytest.raises(ValueError, match="no skips"):
        chain_of(torch.nn.Conv2d(3, 3, 1), 8)
    with pytest.raises(ValueError, match="no layer 'conv9'"):
        chain_of(model, 8).layer("conv9")
    assert text(Fraction(-19)) == "−19" and text(Fraction(25, 2)) == "12.5" and text(Fraction(1, 3)) == "1/3"


def test_changes_are_spelled_and_read_back() -> None:
    changes = {"conv1_1": {"kernel": 5, "padding": 1}, "upscore8": {"stride": 4, "crop": 30}}
    spelled = alignment_changes.spell(changes)
    assert spelled == "conv1_1:k5p1.upscore8:s4c30" and alignment_changes.read(spelled) == changes
    assert alignment_changes.read("") == {}
    for wrong, said in (("conv1_1", "changes no layer"), ("pool1:s0", "from 1 to 64"), ("a:k1k1k1k1k1", "no layer")):
        with pytest.raises(ValueError, match=said):
            alignment_changes.read(wrong)


def fused(model: FCN, height: int = 97, width: int = 131) -> Fusion:
    image = torch.randn(1, 3, height, width, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        maps = {name: found[0].numpy() for name, found in model(image).maps.items()}
    return Fusion(model, maps, (height, width))


@pytest.mark.parametrize("kind", ["reference", "centered"])
@pytest.mark.parametrize("head", [32, 16, 8])
@pytest.mark.parametrize("shift", [-16, -3, 0, 1, 16])
def test_a_shifted_last_crop_is_torchs(kind: str, head: int, shift: int) -> None:
    model = tiny_model(backbone="vgg16", alignment=kind)
    fusion = fused(model)
    up = fusion.enlargement(f"upscore{head}")
    grid = fusion.own(head)
    weight = torch.zeros(11, 11, up.placement.kernel, up.placement.kernel)
    line = 1 - (torch.arange(up.placement.kernel) - (up.placement.kernel - 1) / 2).abs() / up.placement.factor
    weight[range(11), range(11)] = line[:, None] * line[None]
    full = F.conv_transpose2d(grid[None], weight, stride=up.placement.factor)[0]
    begin = -up.placement.shift + shift
    full = F.pad(full, (64, 64, 64, 64))[:, 64 + begin : 64 + begin + 97, 64 + begin : 64 + begin + 131]
    expected = full.argmax(0).numpy()
    assert (shifted_labels(fusion, head, "final", shift) != expected).mean() < 1e-3


@pytest.mark.parametrize("shift", [-40, -9, 0, 7, 40])
def test_a_shifted_last_crop_of_a_learned_upsampling_is_torchs(shift: int) -> None:
    model = tiny_model(backbone="vgg16", learned_deconvs="all")
    with torch.no_grad():
        model.head.upscore8.weight.normal_(generator=torch.Generator().manual_seed(2))
    fusion = fused(model)
    full = F.conv_transpose2d(fusion.own(8)[None], model.head.upscore8.weight.detach(), stride=8)[0]
    begin = 64 - model.head.upscore8.placement.shift + shift
    expected = F.pad(full, (64, 64, 64, 64))[:, begin : begin + 97, begin : begin + 131].argmax(0).numpy()
    assert (shifted_labels(fusion, 8, "final", shift) != expected).mean() < 1e-3


def test_a_shifted_skip_is_the_network_with_another_crop() -> None:
    model = tiny_model(backbone="vgg16")
    fusion = fused(model, 160, 192)
    for crop, name in (("pool4", "score_pool4"), ("pool3", "score_pool3")):
        assert (shifted_labels(fusion, 8, crop, 0) == fusion.label_map(8)).all()
        maps = {key: value.numpy().copy() for key, value in fusion.maps.items()}
        maps[name] = np.pad(maps[name][:, 2:, 2:], ((0, 0), (0, 2), (0, 2)))
        by_hand = Fusion(model, maps, fusion.size).label_map(8)
        assert (shifted_labels(fusion, 8, crop, 2) != by_hand).mean() < 1e-3
    with pytest.raises(ValueError, match="no skip from pool3"):
        shifted_labels(fusion, 16, "pool3", 1)


def test_moving_a_map() -> None:
    grid = torch.arange(12.0).reshape(1, 3, 4)
    assert moved(grid, 1).tolist() == [[[5, 6, 7, 0], [9, 10, 11, 0], [0, 0, 0, 0]]]
    assert moved(grid, -1).tolist() == [[[0, 0, 0, 0], [0, 0, 1, 2], [0, 4, 5, 6]]]
    assert moved(grid, 5).abs().sum() == 0 and (moved(grid, 0) == grid).all()


def test_slips_are_best_in_place_where_the_network_is_right() -> None:
    fusion = fused(tiny_model(backbone="vgg16"))
    truth = fusion.label_map(8)
    near = np.zeros(truth.shape, bool)
    near[40:60] = True
    points = slips(fusion, 8, "final", truth, near, shifts=(-4, -1, 0, 1, 4))
    assert [p.shift for p in points] == [-4, -1, 0, 1, 4]
    assert points[2].pa == points[2].miou == points[2].band == 1
    assert points[0].miou < points[1].miou < 1 and points[4].miou < points[3].miou < 1


def test_the_same_weights_in_the_other_alignment() -> None:
    model = tiny_model(backbone="vgg16_bn")
    other = in_other_alignment(model)
    assert other.spec.alignment == "reference" and not other.training
    assert other.trunk.features[0].padding == (100, 100) and model.trunk.features[0].padding == (1, 1)
    assert other.trunk.features[0].weight.data_ptr() == model.trunk.features[0].weight.data_ptr()
    assert next(model.parameters()).requires_grad
    fresh = FCN(other.spec).eval()
    fresh.load_state_dict(model.state_dict())
    image = torch.randn(1, 3, 64, 80, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        assert torch.equal(other(image).logits[8], fresh(image).logits[8])
    assert in_other_alignment(other).spec.alignment == "centered"
    learned = FCN(FCNSpec(backbone="caffenet", width=0.05, fc_channels=4, num_classes=3, learned_deconvs="all"))
    kernels = {a.placement.kernel == b.placement.kernel for a, b in _enlargements(learned)}
    if False in kernels:
        with pytest.raises(ValueError, match="another size"):
            in_other_alignment(learned)
    with pytest.raises(ValueError, match="one alignment"):
        in_other_alignment(torch.nn.Conv2d(1, 1, 1))


def _enlargements(model: FCN) -> list:
    other = FCN(FCNSpec(**{**model.spec.__dict__, "alignment": "reference"}))
    return [(getattr(model.head, name), getattr(other.head, name)) for name in ("upscore32", "upscore2", "upscore8")]


def test_a_block_keeps_its_place() -> None:
    assert ChainLayer("inception3a", "block", ("pool2",)).coordinates == HERE
    chain = chain_of(published_network("googlenet_published", "reference"), 8)
    assert place_of(chain, "inception3a") == place_of(chain, "maxpool2")
