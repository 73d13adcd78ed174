"""What every architecture of the registry promises; a new one is held to it by being registered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from fcn_core.exporting.onnx_file import export_onnx
from fcn_core.labels import CAMVID
from fcn_core.models.architectures import ARCHITECTURES, build
from fcn_core.models.description import NetworkSpec
from fcn_core.models.late_fusion_spec import LateFusionSpec
from fcn_core.models.network import Network
from fcn_core.models.spec import FCNSpec
from fcn_core.models.unet_spec import UNetSpec
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.weights import Preprocessing, load, save_checkpoint

SLIM: dict[str, list[NetworkSpec]] = {
    "fcn": [
        FCNSpec(width=0.0625, fc_channels=8, num_classes=11, heads=(32, 16, 8, 4)),
        FCNSpec(backbone="resnet18", width=0.0625, num_classes=11),
    ],
    "unet": [
        UNetSpec(width=0.0625, num_classes=11),
        UNetSpec(backbone="resnet18", width=0.0625, num_classes=11),
        UNetSpec(form="published", width=0.0625, num_classes=11, dropout=0.0),
    ],
    "late_fusion": [LateFusionSpec(width=0.0625, fc_channels=8, num_classes=11, first_channels=3, in_channels=6)],
}
"""Small ones to test; an architecture that is not named here is tested as its description's defaults have it."""

CASES = [
    pytest.param(spec, id=f"{name}-{number}")
    for name, one in ARCHITECTURES.items()
    for number, spec in enumerate(SLIM.get(name) or [one.spec.from_dict({"num_classes": 11})])
]


def network(spec: NetworkSpec) -> Network:
    torch.manual_seed(0)
    return build(spec)


@pytest.mark.parametrize("spec", CASES)
def test_any_photo_gives_logits_of_its_size(spec: NetworkSpec) -> None:
    model = network(spec).eval()
    for size in ((1, 1), (97, 131), (40, 9)):
        with torch.inference_mode():
            output = model(torch.randn(1, spec.in_channels, *size))
        assert set(output.logits) == set(model.heads) == set(spec.heads)
        assert all(logits.shape == (1, 11, *size) for logits in output.logits.values())
    finest = min(model.heads)
    with torch.inference_mode():
        alone = model(torch.ones(1, spec.in_channels, 40, 33), heads=(finest,)).logits
        every = model(torch.ones(1, spec.in_channels, 40, 33)).logits
    assert list(alone) == [finest] and torch.allclose(alone[finest], every[finest], atol=1e-5)
    with pytest.raises(ValueError, match="heads"):
        model(torch.ones(1, spec.in_channels, 8, 8), heads=(64,))
    with pytest.raises(ValueError, match=f"N×{spec.in_channels}×H×W"):
        model(torch.ones(1, spec.in_channels + 1, 8, 8))


@pytest.mark.parametrize("spec", CASES)
def test_a_description_builds_the_network_again(spec: NetworkSpec) -> None:
    kind = ARCHITECTURES[spec.architecture]
    again = kind.spec.from_dict(spec.to_dict())
    assert again == spec and kind.title and kind.source
    with torch.device("meta"):
        a, b = build(spec), build(again)
    assert {k: v.shape for k, v in a.state_dict().items()} == {k: v.shape for k, v in b.state_dict().items()}
    assert a.widest > 0
    assert set(a.trunks()) <= {name for name, _ in a.named_modules()}


@pytest.mark.parametrize("spec", CASES)
def test_a_few_steps_lower_the_loss(spec: NetworkSpec) -> None:
    model = network(spec).train()
    x, target = torch.randn(2, spec.in_channels, 32, 48), torch.zeros(2, 32, 48, dtype=torch.long)
    target[..., 20:] = 4
    optimiser = torch.optim.Adam(model.parameters(), lr=1e-3)
    losses = []
    for _ in range(4):
        torch.manual_seed(1)  # the same dropout
        loss = sum(F.cross_entropy(logits, target) for logits in model(x).logits.values())
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("spec", [case for case in CASES if case.id != "fcn_resnet101-0"])  # resnet50's deeper twin
def test_files_segmenter_and_export(spec: NetworkSpec, tmp_path: Path) -> None:
    model = network(spec).eval()
    channels = spec.in_channels
    preprocessing = Preprocessing("RGB", 1.0, (0.5,) * channels, (0.25,) * channels)
    path = save_checkpoint(tmp_path / "net.safetensors", model, labels=CAMVID, preprocessing=preprocessing)
    loaded = load(path)
    assert loaded.record.spec == spec and loaded.heads == tuple(sorted(model.heads, reverse=True))
    image = np.random.default_rng(0).integers(0, 256, (45, 60, channels), np.uint8)
    result = Segmenter(loaded).segment(image)
    with torch.inference_mode():
        logits = model(preprocessing.apply(image)[None]).logits
    for head in model.heads:
        expected = logits[head][0].numpy()
        assert np.abs(result.scores[head].logits - expected).max() < 1e-4 * max(np.abs(expected).max(), 1.0)
        assert result.label_maps[head].shape == (45, 60)
    report = export_onnx(loaded, tmp_path / "net.onnx", sizes=((33, 50), (1, 7)))
    assert report.heads == loaded.heads and report.label_agreement == 1.0


def test_unknown_architectures_are_named() -> None:
    from fcn_core.models.architectures import read_spec

    with pytest.raises(ValueError, match="no architecture 'segnext'; there are fcn, unet"):
        read_spec("segnext", {}, num_classes=2)
