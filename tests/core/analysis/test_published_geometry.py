"""Every published VGG16 net against a second writing-out of its forward pass, in float64 and at a small width.

The forward passes below follow the layer tables of the released nets (FCN-32s, 16s, 8s and 8s at once) line by
line, with dense transposed convolutions and the crop offsets as they were published: nothing of ours is used.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from fcn_core.models.architectures import build
from fcn_core.models.fcn import FCN
from fcn_core.models.names import torchfcn_to_ours
from fcn_core.models.spec import FCNSpec
from fcn_core.weights import import_file

CLASSES, WIDTH, FC = 5, 0.0625, 12
BLOCKS = ((4, 2), (8, 2), (16, 3), (32, 3), (32, 3))  # channels at this width, convolutions
HEADS = {"fcn32s": 32, "fcn16s": 16, "fcn8s": 8, "fcn8s_atonce": 8}
UPSAMPLINGS = {
    "fcn32s": {"upscore": 64},
    "fcn16s": {"upscore2": 4, "upscore16": 32},
    "fcn8s": {"upscore2": 4, "upscore_pool4": 4, "upscore8": 16},
}
UPSAMPLINGS["fcn8s_atonce"] = UPSAMPLINGS["fcn8s"]


def bilinear(size: int) -> Tensor:
    """The dense bilinear kernel of a layer with as many outputs as inputs, diagonal in the classes."""
    factor = (size + 1) // 2
    centre = factor - 1 if size % 2 else factor - 0.5
    weight = torch.zeros(CLASSES, CLASSES, size, size, dtype=torch.float64)
    for row in range(size):
        for column in range(size):
            value = (1 - abs(row - centre) / factor) * (1 - abs(column - centre) / factor)
            weight[range(CLASSES), range(CLASSES), row, column] = value
    return weight


def parameters(net: str, *, learned: bool) -> dict[str, Tensor]:
    """A state dict under the published names, every value random; the upsamplings too where they are learned."""
    generator = torch.Generator().manual_seed(1)
    shapes: dict[str, tuple[int, ...]] = {}
    before = 3
    for block, (channels, count) in enumerate(BLOCKS, start=1):
        for number in range(1, count + 1):
            shapes[f"conv{block}_{number}"] = (channels, before, 3, 3)
            before = channels
    shapes |= {"fc6": (FC, before, 7, 7), "fc7": (FC, FC, 1, 1), "score_fr": (CLASSES, FC, 1, 1)}
    if HEADS[net] <= 16:
        shapes["score_pool4"] = (CLASSES, 32, 1, 1)
    if HEADS[net] == 8:
        shapes["score_pool3"] = (CLASSES, 16, 1, 1)
    state: dict[str, Tensor] = {}
    for name, shape in shapes.items():
        spread = (2 / (shape[1] * shape[2] * shape[3])) ** 0.5
        state[f"{name}.weight"] = torch.randn(shape, generator=generator, dtype=torch.float64) * spread
        state[f"{name}.bias"] = torch.randn(shape[:1], generator=generator, dtype=torch.float64) * 0.1
    for name, size in UPSAMPLINGS[net].items():
        kernel = bilinear(size)
        noise = torch.randn(kernel.shape, generator=generator, dtype=torch.float64)
        state[f"{name}.weight"] = kernel + 0.05 * noise if learned else kernel
    return state


def published_scores(net: str, state: dict[str, Tensor], image: Tensor) -> Tensor:
    """N×K×H×W scores of the released net. image: N×3×H×W float64."""

    def convolve(x: Tensor, name: str, padding: int = 0) -> Tensor:
        return F.conv2d(x, state[f"{name}.weight"], state[f"{name}.bias"], padding=padding)

    def upsample(x: Tensor, name: str, stride: int) -> Tensor:
        return F.conv_transpose2d(x, state[f"{name}.weight"], stride=stride)

    def crop(x: Tensor, offset: int, like: Tensor) -> Tensor:
        return x[:, :, offset : offset + like.shape[2], offset : offset + like.shape[3]]

    h, pools = image, []
    for block, (_, count) in enumerate(BLOCKS, start=1):
        for number in range(1, count + 1):
            h = F.relu(convolve(h, f"conv{block}_{number}", 100 if block == number == 1 else 1))
        h = F.max_pool2d(h, 2, 2, ceil_mode=True)
        pools.append(h)
    pool3, pool4 = pools[2], pools[3]
    score = convolve(F.relu(convolve(F.relu(convolve(h, "fc6")), "fc7")), "score_fr")
    if net == "fcn32s":
        return crop(upsample(score, "upscore", 32), 19, image)
    at_once = net == "fcn8s_atonce"
    upscore2 = upsample(score, "upscore2", 2)
    fuse = upscore2 + crop(convolve(pool4 * 0.01 if at_once else pool4, "score_pool4"), 5, upscore2)
    if net == "fcn16s":
        return crop(upsample(fuse, "upscore16", 16), 27, image)
    upscore_pool4 = upsample(fuse, "upscore_pool4", 2)
    skip = convolve(pool3 * 0.0001 if at_once else pool3, "score_pool3")
    return crop(upsample(upscore_pool4 + crop(skip, 9, upscore_pool4), "upscore8", 8), 31, image)


def ours(net: str, state: dict[str, Tensor], *, learned: bool) -> FCN:
    """Our network with exactly these parameters."""
    model = build(
        FCNSpec(
            backbone="vgg16", width=WIDTH, fc_channels=FC, num_classes=CLASSES, heads=(HEADS[net],),
            alignment="reference", learned_deconvs="all" if learned else "none",
            skip_scales={16: 0.01, 8: 0.0001} if net == "fcn8s_atonce" else {16: 1.0, 8: 1.0},
        )
    ).double().eval()  # fmt: skip
    names = torchfcn_to_ours(model)
    left = set(state) - set(names)
    assert left == (set() if learned else {f"{name}.weight" for name in UPSAMPLINGS[net]})
    model.load_state_dict({key: state[name] for name, key in names.items()})
    return model


@pytest.mark.parametrize("learned", [False, True], ids=["bilinear", "learned"])
@pytest.mark.parametrize("net", list(HEADS))
def test_scores_are_those_of_the_released_net(net: str, learned: bool) -> None:
    state = parameters(net, learned=learned)
    model = ours(net, state, learned=learned)
    with torch.inference_mode():
        for height, width in ((1, 1), (2, 33), (31, 64), (75, 50), (97, 131)):
            image = torch.randn(2, 3, height, width, dtype=torch.float64) * 30
            expected = published_scores(net, state, image)
            logits = model(image).logits[HEADS[net]]
            assert logits.shape == expected.shape == (2, CLASSES, height, width)
            assert (logits - expected).abs().max() <= 1e-9 * expected.std().clamp(min=1)


def test_the_skips_of_the_net_trained_at_once_matter() -> None:
    """The factors change the scores, so that the comparison above would notice if they were left out."""
    state = parameters("fcn8s", learned=False)
    image = torch.randn(1, 3, 60, 70, dtype=torch.float64) * 30
    plain, scaled = (published_scores(net, state, image) for net in ("fcn8s", "fcn8s_atonce"))
    assert (plain - scaled).std() > 0.01 * plain.std()


@pytest.mark.parametrize("learned", [False, True], ids=["bilinear", "learned"])
@pytest.mark.parametrize("net", list(HEADS))
def test_a_pth_file_imports_to_the_same_scores(
    net: str, learned: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FCN_LAB_HOME", str(tmp_path / "home"))
    state = parameters(net, learned=learned)
    file = tmp_path / f"{net}_from_caffe.pth"
    torch.save({name: value.float() for name, value in state.items()}, file)
    imported = import_file(file)
    assert imported.report.ok and imported.loaded.heads == (HEADS[net],)
    image = torch.randn(1, 3, 61, 84) * 30
    with torch.inference_mode():
        logits = imported.loaded.model(image).logits[HEADS[net]]
    expected = published_scores(net, state, image.double())
    assert (logits - expected).abs().max() < 1e-4 * expected.std()
