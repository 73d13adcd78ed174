"""The one FCN class: sizes, heads, alignment, variants."""

from __future__ import annotations

import pytest
import torch
from torch.nn import functional as F

from fcn_core.models.architectures import build
from fcn_core.models.fcn import FCN
from fcn_core.models.late_fusion import LateFusionFCN
from fcn_core.models.network import parameter_count
from fcn_core.models.spec import FCNSpec
from fcn_core.models.trunks import TRUNKS
from fcn_core.models.trunks.trunk import like_rgb


def tiny(**settings: object) -> FCN:
    """A narrow network whose every parameter is random, so that nothing is hidden by a zero."""
    torch.manual_seed(0)
    values = {"width": 0.0625, "fc_channels": 8, "num_classes": 3, "backbone": "vgg16"} | settings
    model = build(FCNSpec(**values)).eval()  # type: ignore[arg-type]
    with torch.no_grad():
        for name, p in model.named_parameters():
            if "score" in name and "upscore" not in name:
                p.normal_(std=0.3)
    return model


@pytest.mark.parametrize("alignment", ["reference", "centered"])
@pytest.mark.parametrize("backbone", list(TRUNKS))
def test_logits_have_the_size_of_any_image(backbone: str, alignment: str) -> None:
    model = tiny(backbone=backbone, alignment=alignment)
    with torch.inference_mode():
        for size in [(1, 1), (1, 50), (2, 3), (15, 17), (31, 33), (32, 32), (63, 65), (97, 131)]:
            output = model(torch.randn(1, 3, *size))
            assert {h: tuple(v.shape) for h, v in output.logits.items()} == {h: (1, 3, *size) for h in (32, 16, 8)}
            assert all(torch.isfinite(v).all() for v in output.logits.values())


@pytest.mark.parametrize("alignment", ["reference", "centered"])
def test_every_odd_size_in_a_sweep(alignment: str) -> None:
    model = tiny(alignment=alignment)
    with torch.inference_mode():
        for n in range(1, 130, 7):
            assert model(torch.randn(1, 3, n, 130 - n)).logits[8].shape[-2:] == (n, 130 - n)


def test_offsets_of_the_reference_networks() -> None:
    head = tiny(alignment="reference").head
    layers = ("upscore32", "upscore16", "upscore8", "upscore2", "upscore_pool4")
    assert [getattr(head, name).placement.shift for name in layers] == [-19, -27, -31, 5, 9]
    alexnet = tiny(alignment="reference", backbone="caffenet", heads=(32,)).head.upscore32.placement
    assert (alexnet.kernel, alexnet.factor, alexnet.shift) == (63, 32, -18)


def test_heads_alone_equal_heads_together() -> None:
    model, x = tiny(), torch.randn(1, 3, 70, 90)
    with torch.inference_mode():
        together = model(x).logits
        for head in (32, 16, 8):
            alone = model(x, heads=(head,)).logits
            assert list(alone) == [head]
            assert torch.allclose(alone[head], together[head], atol=1e-6)


def test_maps_carry_the_papers_names_and_add_up() -> None:
    model = tiny()
    with torch.inference_mode():
        maps = model(torch.randn(1, 3, 64, 96)).maps
    assert set(maps) == {
        "score_fr", "upscore2", "score_pool4", "fuse_pool4", "upscore_pool4", "score_pool3", "fuse_pool3",
    }  # fmt: skip
    assert torch.equal(maps["fuse_pool4"], maps["upscore2"] + maps["score_pool4"])
    assert torch.equal(maps["fuse_pool3"], maps["upscore_pool4"] + maps["score_pool3"])
    assert maps["score_fr"].shape[-2:] == (2, 3) and maps["fuse_pool3"].shape[-2:] == (8, 12)


def test_centered_head_is_half_pixel_interpolation_inside() -> None:
    model = tiny()
    with torch.inference_mode():
        output = model(torch.randn(1, 3, 192, 160))
    for head, name in ((32, "score_fr"), (16, "fuse_pool4"), (8, "fuse_pool3")):
        expected = F.interpolate(output.maps[name], scale_factor=head, mode="bilinear", align_corners=False)
        inside = (..., slice(head, -head), slice(head, -head))
        assert torch.allclose(output.logits[head][inside], expected[inside], atol=1e-5)


@pytest.mark.parametrize("backbone", ["vgg16", "alexnet", "googlenet"])
def test_centered_cells_sit_on_their_pixels(backbone: str) -> None:
    """Moving the image by one cell moves the 8s logits by exactly that many pixels."""
    model = tiny(backbone=backbone)
    wide = torch.randn(1, 3, 640, 640)
    with torch.inference_mode():
        a = model(wide[..., :576, :576]).logits[8]
        b = model(wide[..., 32:608, 32:608]).logits[8]
    assert torch.allclose(a[..., 282:300, 282:300], b[..., 250:268, 250:268], atol=1e-4)


def test_learned_deconvolutions_start_bilinear() -> None:
    frozen = tiny()
    learned = tiny(learned_deconvs="all")
    learned.load_state_dict(frozen.state_dict(), strict=False)
    x = torch.randn(1, 3, 50, 61)
    with torch.inference_mode():
        a, b = frozen(x).logits, learned(x).logits
    assert all(torch.allclose(a[h], b[h], atol=1e-5) for h in a)
    assert {n for n, _ in learned.named_parameters() if "upscore" in n} == {
        f"head.{n}.weight" for n in ("upscore32", "upscore2", "upscore16", "upscore_pool4", "upscore8")
    }
    intermediate = tiny(learned_deconvs="intermediate")
    assert {n for n, _ in intermediate.named_parameters() if "upscore" in n} == {
        "head.upscore2.weight", "head.upscore_pool4.weight",
    }  # fmt: skip


def test_skip_scaling_multiplies_the_skips_map() -> None:
    plain, scaled = tiny(), tiny(skip_scales={16: 0.01, 8: 0.0001})
    scaled.load_state_dict(plain.state_dict())
    x = torch.randn(1, 3, 64, 64)
    with torch.inference_mode():
        a, b = plain(x).maps, scaled(x).maps
    bias = plain.head.score_pool4.bias[:, None, None]
    assert torch.allclose(b["score_pool4"] - bias, 0.01 * (a["score_pool4"] - bias), atol=1e-6)
    assert torch.equal(a["score_fr"], b["score_fr"])


def test_several_tasks_share_one_trunk() -> None:
    model = tiny(extra_tasks={"geometric": 5})
    calls = []
    forward = model.trunk.forward
    model.trunk.forward = lambda x, levels: (calls.append(1), forward(x, levels))[1]  # type: ignore[method-assign]
    with torch.inference_mode():
        output = model(torch.randn(1, 3, 40, 40))
    assert calls == [1]
    assert output.tasks["geometric"].logits[8].shape == (1, 5, 40, 40)


def test_late_fusion_averages_two_trunks() -> None:
    a, b = tiny(), tiny(in_channels=1)
    x = torch.randn(1, 4, 45, 52)
    with torch.inference_mode():
        fused = LateFusionFCN.of(a, b)(x)
        expected = 0.5 * a(x[:, :3]).logits[8] + 0.5 * b(x[:, 3:]).logits[8]
        maps = 0.5 * a(x[:, :3]).maps["score_fr"] + 0.5 * b(x[:, 3:]).maps["score_fr"]
    assert torch.allclose(fused.logits[8], expected) and torch.allclose(fused.maps["score_fr"], maps)
    with pytest.raises(ValueError, match="same classes"):
        LateFusionFCN.of(a, tiny(num_classes=4))


@pytest.mark.parametrize("channels", [1, 2, 4, 31])
def test_any_number_of_image_channels(channels: int) -> None:
    with torch.inference_mode():
        assert tiny(in_channels=channels)(torch.randn(1, channels, 33, 20)).logits[8].shape == (1, 3, 33, 20)
    with pytest.raises(ValueError, match=f"N×{channels}×H×W"):
        tiny(in_channels=channels)(torch.randn(1, channels + 1, 33, 20))


def test_first_layer_from_rgb_weights() -> None:
    rgb = torch.randn(4, 3, 3, 3)
    grey = like_rgb(rgb, 1)
    image = torch.randn(1, 1, 9, 9)
    assert torch.allclose(F.conv2d(image, grey), F.conv2d(image.expand(-1, 3, -1, -1), rgb), atol=1e-5)
    five = like_rgb(rgb, 5)
    assert torch.equal(five[:, :3], rgb) and torch.allclose(five[:, 4], rgb.mean(dim=1))


def test_paper_sized_networks_have_the_papers_parameters() -> None:
    with torch.device("meta"):
        counts = {
            name: parameter_count(build(FCNSpec(backbone=name, heads=(32,), alignment="reference")))
            for name in ("caffenet", "vgg16", "googlenet")
        }
    assert {name: round(n / 1e6) for name, n in counts.items()} == {"caffenet": 57, "vgg16": 134, "googlenet": 6}


def test_spec_survives_its_dictionary() -> None:
    spec = FCNSpec(width=0.25, heads=(16, 8), extra_tasks={"geometric": 3}, skip_scales={16: 0.01, 8: 1e-4})
    assert FCNSpec.from_dict(spec.to_dict()) == spec
    with pytest.raises(ValueError, match="unknown network settings"):
        FCNSpec.from_dict({"depth": 3})


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"heads": ()}, "heads must be"),
        ({"heads": (2,)}, "heads must be"),
        ({"alignment": "left"}, "alignment must be"),
        ({"backbone": "resnet"}, "no trunk 'resnet'"),
        ({"num_classes": 0}, "at least 1"),
        ({"width": 0.0}, "above 0"),
        ({"dropout": 1.0}, "dropout"),
        ({"extra_tasks": {"a.b": 3}}, "plain word"),
        ({"extra_tasks": {"geometric": 0}}, "at least 1 class"),
        ({"skip_scales": {16: 0.01, 2: 0.1}}, r"strides 16, 8 and 4, got \[2\]"),
    ],
)
def test_bad_settings_are_named(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build(FCNSpec(**settings))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="asked for"):
        tiny(heads=(32,))(torch.zeros(1, 3, 8, 8), heads=(8,))
