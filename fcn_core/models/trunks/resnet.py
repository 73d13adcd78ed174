"""ResNet-18, 34, 50 and 101 (He et al., CVPR 2016) without their classifiers; torchvision's layers, at any width."""

from __future__ import annotations

from torch import nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from fcn_core.models.trunks.trunk import REFERENCE_PADDING, Trunk, TrunkSpec

Block = type[BasicBlock] | type[Bottleneck]


def resnet(spec: TrunkSpec, *, bottleneck: bool, depths: tuple[int, int, int, int]) -> Trunk:
    """Level 2 after the first convolution, 4 to 32 after the four stages. Layers are named as torchvision's."""
    block: Block = Bottleneck if bottleneck else BasicBlock
    stem = spec.scaled(64)
    padding = REFERENCE_PADDING if spec.alignment == "reference" else 3
    features = nn.Sequential()
    features.add_module("conv1", nn.Conv2d(spec.in_channels, stem, 7, stride=2, padding=padding, bias=False))
    features.add_module("bn1", nn.BatchNorm2d(stem))
    features.add_module("relu", nn.ReLU(inplace=True))
    features.add_module("maxpool", nn.MaxPool2d(3, stride=2, padding=1))
    before = stem
    for number, (planes, depth) in enumerate(zip((64, 128, 256, 512), depths, strict=True), 1):
        stage, before = _stage(block, before, spec.scaled(planes), depth, stride=1 if number == 1 else 2)
        features.add_module(f"layer{number}", stage)
    return Trunk(spec, features, taps={2: 2, 4: 4, 8: 5, 16: 6})


def _stage(block: Block, before: int, planes: int, depth: int, *, stride: int) -> tuple[nn.Sequential, int]:
    """(blocks, channels behind them); the first block strides, its shortcut a 1×1 convolution where shapes change."""
    after = planes * block.expansion
    shortcut = None
    if stride != 1 or before != after:
        shortcut = nn.Sequential(nn.Conv2d(before, after, 1, stride=stride, bias=False), nn.BatchNorm2d(after))
    blocks: list[nn.Module] = [block(before, planes, stride=stride, downsample=shortcut)]
    return nn.Sequential(*blocks, *(block(after, planes) for _ in range(depth - 1))), after
