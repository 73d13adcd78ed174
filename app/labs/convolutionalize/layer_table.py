"""Layer by layer: what a fully connected layer is as a convolution, and what both put out. No Streamlit here."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import nn

from fcn_core.analysis.dense.window_classifier import WindowClassifier
from fcn_core.ops.convolutionalize import flat


def layer_table(pair: WindowClassifier, size: tuple[int, int]) -> str:
    """A Markdown table of the layers that changed, and what they put out on a picture of `size` (height, width)."""
    rows, columns = pair.cells(size)
    lines = [
        "| fully connected | weights | kernel | on this photo |",
        "|:--|--:|:--|--:|",
        f"| {_convolutions(pair)} layers before | {_count(_before(pair)):,} | the same | |",
    ]
    for linear, convolution in zip(_linears(pair.full), _last_convolutions(pair), strict=True):
        k = convolution.kernel_size
        lines.append(
            f"| {linear.in_features:,} → {linear.out_features:,} | {_count([linear]):,} "
            f"| {k[0]}×{k[1]} × {convolution.in_channels:,} → {convolution.out_channels:,} "
            f"| {columns}×{rows} × {convolution.out_channels:,} |"
        )
    return "\n".join(lines)


def first_connected(pair: WindowClassifier) -> tuple[nn.Linear, nn.Conv2d]:
    """The first fully connected layer and the convolution that it became."""
    return next(_linears(pair.full)), _last_convolutions(pair)[0]


def _linears(network: nn.Sequential) -> Iterator[nn.Linear]:
    return (layer for layer in flat(network) if isinstance(layer, nn.Linear))


def _last_convolutions(pair: WindowClassifier) -> list[nn.Conv2d]:
    """The convolutions that stand where the fully connected layers stood."""
    count = sum(1 for _ in _linears(pair.full))
    return [layer for layer in flat(pair.whole) if isinstance(layer, nn.Conv2d)][-count:]


def _before(pair: WindowClassifier) -> list[nn.Module]:
    return [layer for layer in flat(pair.full) if not isinstance(layer, nn.Linear)]


def _convolutions(pair: WindowClassifier) -> int:
    """Layers with weights before the first fully connected one."""
    return sum(1 for layer in _before(pair) for module in layer.modules() if isinstance(module, nn.Conv2d))


def _count(layers: list[nn.Module]) -> int:
    with torch.no_grad():
        return sum(parameter.numel() for layer in layers for parameter in layer.parameters())
