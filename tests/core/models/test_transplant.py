"""Weights move between networks without changing what they compute."""

from __future__ import annotations

import pytest
import torch
from torchvision.models import alexnet, googlenet, vgg16

from fcn_core.models.architectures import build
from fcn_core.models.spec import FCNSpec
from fcn_core.models.transplant import transplant_classifier, transplant_coarser


def test_vgg16_classifier_becomes_convolutional_with_the_same_numbers() -> None:
    torch.manual_seed(0)
    classifier = vgg16(num_classes=1).eval()
    model = build(FCNSpec(backbone="vgg16", heads=(32,), alignment="reference")).eval()
    report = transplant_classifier(model, classifier.state_dict())
    assert "trunk.fc.fc6.weight" in report.copied and "head.score_fr.weight" in report.kept
    features = torch.randn(1, 512, 7, 7)
    with torch.inference_mode():
        flat = classifier.classifier[:-1](features.flatten(1))
        assert torch.allclose(model.trunk.fc(features)[0, :, 0, 0], flat[0], atol=1e-4)


def test_alexnet_trunk_with_four_channels() -> None:
    state = alexnet(num_classes=1).state_dict()
    model = build(FCNSpec(backbone="alexnet", in_channels=4, heads=(32,)))
    transplant_classifier(model, state)
    assert torch.equal(model.trunk.features[0].weight[:, :3], state["features.0.weight"])
    assert torch.equal(model.trunk.fc.fc6.weight.flatten(1), state["classifier.1.weight"])


def test_googlenet_trunk_computes_torchvisions_features() -> None:
    torch.manual_seed(0)
    classifier = googlenet(init_weights=False, aux_logits=False).eval()
    model = build(FCNSpec(backbone="googlenet", alignment="reference")).eval()
    transplant_classifier(model, classifier.state_dict())
    model.trunk.features.conv1.conv.padding = (3, 3)
    x = torch.randn(1, 3, 224, 224)
    seen = {}
    classifier.inception5b.register_forward_hook(lambda _m, _i, out: seen.update(out=out))
    with torch.inference_mode():
        classifier(x)
        assert torch.allclose(model.trunk(x)[32], seen["out"], atol=1e-5)


def test_wrong_classifier_is_named() -> None:
    model = build(FCNSpec(backbone="vgg16", width=0.125, fc_channels=16))
    with pytest.raises(ValueError, match="at width 1 .* here features.0.weight has shape"):
        transplant_classifier(model, {"features.0.weight": torch.zeros(64, 3, 3, 3)})


def small(heads: tuple[int, ...], **settings: object) -> FCNSpec:
    return FCNSpec(backbone="vgg16", width=0.0625, fc_channels=8, num_classes=3, heads=heads, **settings)  # type: ignore[arg-type]


def test_a_finer_network_starts_where_the_coarser_ended() -> None:
    torch.manual_seed(0)
    coarse = build(small((32,))).eval()
    with torch.no_grad():
        coarse.head.score_fr.weight.normal_()
    finer = build(small((32, 16))).eval()
    with torch.no_grad():
        finer.head.score_pool4.weight.normal_()
    report = transplant_coarser(finer, coarse)
    assert not finer.head.score_pool4.weight.any()
    assert report.kept == () and report.unused == ()
    x = torch.randn(1, 3, 128, 128)
    with torch.inference_mode():
        assert torch.equal(finer(x).logits[32], coarse(x).logits[32])
        # Two bilinear steps of 2 and 16 are close to one of 32, not equal.
        inside = (..., slice(32, -32), slice(32, -32))
        assert torch.allclose(finer(x).logits[16][inside], coarse(x).logits[32][inside], atol=0.2)


def test_transplant_between_different_trunks_is_refused() -> None:
    with pytest.raises(ValueError, match="the same fc_channels"):
        transplant_coarser(build(small((16,), fc_norm=True)), build(small((32,))))
    with pytest.raises(ValueError, match="expected a coarser network"):
        transplant_coarser(build(small((16,))), build(small((32,), in_channels=4)))
