"""GoogLeNet (Szegedy et al., CVPR 2015) without its classifier: its last pooling and linear layer are dropped.

Three of them. torchvision's (`googlenet`) has 3×3 convolutions where the published network has 5×5 (its authors call
that a known bug) and a 2×2 fourth pooling; its weights need that. One cell of it sees 379 pixels. `googlenet_published`
has the published 5×5 branches and 3×3 pooling, and sees 715; `googlenet_pooled` also keeps the final 7×7 average
pooling, which makes the 907 of the FCN paper's table 1 (whose text has that pooling discarded).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import nn
from torchvision.models.googlenet import BasicConv2d, Inception

from fcn_core.models.trunks.trunk import REFERENCE_PADDING, Trunk, TrunkSpec, centre_poolings

INCEPTIONS: dict[str, tuple[int, ...] | None] = {
    "inception3a": (64, 96, 128, 16, 32, 32),
    "inception3b": (128, 128, 192, 32, 96, 64),
    "maxpool3": None,
    "inception4a": (192, 96, 208, 16, 48, 64),
    "inception4b": (160, 112, 224, 24, 64, 64),
    "inception4c": (128, 128, 256, 24, 64, 64),
    "inception4d": (112, 144, 288, 32, 64, 64),
    "inception4e": (256, 160, 320, 32, 128, 128),
    "maxpool4": None,
    "inception5a": (256, 160, 320, 32, 128, 128),
    "inception5b": (384, 192, 384, 48, 128, 128),
}


def googlenet(spec: TrunkSpec, *, published: bool = False, pooled: bool = False) -> Trunk:
    """Levels 2 and 4 before the first two poolings, 8 and 16 after inception3b and 4e, 32 at the end."""

    def inception(before: Sequence[int], *channels: int) -> tuple[Inception, list[int]]:
        b1, r3, b3, r5, b5, pool = (spec.scaled(c) for c in channels)
        block = Inception(sum(before), b1, r3, b3, r5, b5, pool)
        if published:
            block.branch3[1] = BasicConv2d(r5, b5, kernel_size=5, padding=2)  # type: ignore[operator]
        return block, [b1, b3, b5, pool]

    c64, c192 = spec.scaled(64), spec.scaled(192)
    first = BasicConv2d(spec.in_channels, c64, kernel_size=7, stride=2, padding=3)
    layers: list[tuple[str, nn.Module]] = [
        ("conv1", first),
        ("maxpool1", nn.MaxPool2d(3, 2, ceil_mode=True)),
        ("conv2", BasicConv2d(c64, c64, kernel_size=1)),
        ("conv3", BasicConv2d(c64, c192, kernel_size=3, padding=1)),
        ("maxpool2", nn.MaxPool2d(3, 2, ceil_mode=True)),
    ]
    before = [c192]
    for name, channels in INCEPTIONS.items():
        if channels is None:
            layers.append((name, nn.MaxPool2d(3 if published or name == "maxpool3" else 2, 2, ceil_mode=True)))
        else:
            block, before = inception(before, *channels)
            layers.append((name, block))
    if pooled:  # padded in both alignments, so that the smallest image leaves a cell
        layers.append(("avgpool", nn.AvgPool2d(7, stride=1, padding=3, count_include_pad=False)))
    features = nn.Sequential()
    for name, layer in layers:
        features.add_module(name, layer)
    if spec.alignment == "reference":
        first.conv.padding = (REFERENCE_PADDING, REFERENCE_PADDING)
    centre_poolings(features, spec)
    names = [name for name, _ in layers]
    taps = {level: names.index(n) for level, n in ((2, "conv1"), (4, "conv3"), (8, "inception3b"), (16, "inception4e"))}
    return Trunk(spec, features, taps=taps)
