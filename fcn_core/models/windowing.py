"""Exact windowing: the `reference` network with fewer multiply-adds and the same output.

The published network pads its first convolution by 100. Most of that margin never sees the image:
away from the image and away from the map's own border, every cell of a layer holds the same vector
c, which depends on the weights alone. So only the cells that the image can reach are computed here
(the window), the constant is filled in, and the rim of the map, which does see the layers' zero
padding, comes from a small empty image whose sides agree with the real ones modulo the stride, so
that every pooling falls on it in the same way.

The window carries d = x - c, which is zero outside it: a convolution then needs no ring of constants
but plain zero padding. With z = W·c + b the next constant is relu(z), and

    relu(W * (c + d) + b) - relu(z) = max(W * d + min(z, 0), -relu(z)).

Nothing is approximated; only the rounding differs. Windows are taken up to the map of stride 16;
what lies above it sees image and rim together, and runs as it is.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_core.models.fcn import FCN
from fcn_core.models.trunks.trunk import Trunk

Step = nn.Conv2d | nn.MaxPool2d


def windowed(model: nn.Module) -> nn.Module:
    """An FCN as a `WindowedFCN`; any other network as it is."""
    return WindowedFCN(model) if isinstance(model, FCN) else model


class WindowedFCN(FCN):
    """The same network as `fcn`, sharing its parameters, that computes only what the image can reach.

    Called like `fcn` and returning the same output. It saves work for inference with VGG trunks
    in `reference` alignment, batch normalisation (if any) folded into the convolutions; everywhere
    else it runs `fcn`'s own layers. It keeps no state, so threads may share it.
    """

    def __init__(self, fcn: FCN) -> None:
        nn.Module.__init__(self)
        self.spec = fcn.spec
        self.trunk = WindowedTrunk(fcn.trunk)
        self.head = fcn.head
        self.tasks = fcn.tasks
        self.training = fcn.training


class WindowedTrunk(Trunk):
    """A trunk over the layers of `trunk`; state-dict keys and maps are the same."""

    def __init__(self, trunk: Trunk) -> None:
        nn.Module.__init__(self)
        self.name, self.width, self.in_channels, self.taps = trunk.name, trunk.width, trunk.in_channels, trunk.taps
        self.coordinates, self.channels = trunk.coordinates, trunk.channels
        self.features, self.fc = trunk.features, trunk.fc
        self.training = trunk.training

    def forward(self, x: Tensor, levels: Collection[int] | None = None) -> dict[int, Tensor]:
        levels = self.levels if levels is None else levels
        wanted = x.ndim == 4 and x.shape[1] == self.in_channels and not self.training and not torch.is_grad_enabled()
        steps = _steps(self) if wanted else None
        rows = steps and plan_axis(steps, x.shape[-2])
        columns = steps and plan_axis(steps, x.shape[-1])
        if not (steps and rows and columns):
            return super().forward(x, levels)
        taps = {step: level for step, level in _tapped_steps(self).items() if level in (16, *levels)}
        maps = _windowed_maps(steps, taps, x, rows, columns)
        deep = maps[16] if 16 in levels else maps.pop(16)
        for layer in self.features[self.taps[16] + 1 :] if 32 in levels else ():
            deep = layer(deep)
        if 32 in levels:
            maps[32] = deep if self.fc is None else self.fc(deep)
        return maps


@dataclass(frozen=True)
class Span:
    """One axis of one map; all ranges are half open.

    size        cells of the map
    inner       cells that no zero padding of a layer and no cut-off pooling window has reached
    window      cells that the image can reach
    """

    size: int
    inner: tuple[int, int]
    window: tuple[int, int]

    def after(self, step: Step) -> Span:
        (low, high), (start, stop) = self.inner, self.window
        if isinstance(step, nn.MaxPool2d):
            return Span(-(-self.size // 2), (-(-low // 2), high // 2), (start // 2, -(-stop // 2)))
        pad, reach = int(step.padding[0]), step.kernel_size[0] - 1
        return Span(self.size + 2 * pad - reach, (low + pad, high + pad - reach), (start + pad - reach, stop + pad))


@dataclass(frozen=True)
class AxisPlan:
    """One axis of the image and of the map after every step; `rim` the same for the small empty image.

    The empty image may be smaller than its margins, its size even negative: only the padded size counts.
    """

    spans: tuple[Span, ...]
    rim: tuple[Span, ...]

    def stretch(self, step: int, device: torch.device) -> Tensor:
        """For every cell of the full map after `step` the cell of the small one that holds the same values."""
        full, small = self.spans[step], self.rim[step]
        cells = torch.arange(full.size, device=device)
        return torch.where(cells <= small.inner[0], cells, (cells - (full.size - small.size)).clamp(min=small.inner[0]))


def plan_axis(steps: list[Step], n: int) -> AxisPlan | None:
    """The plan for n pixels; None where image and border meet, or where nothing would be saved."""
    first = steps[0]
    assert isinstance(first, nn.Conv2d)
    pad = int(first.padding[0])
    # The margin of empty pixels around the image is as good as pixels: the border is what lies beyond it.
    spans = _walk(steps, Span(n, (-pad, n + pad), (0, n)))
    if any(s.window[0] < s.inner[0] or s.window[1] > s.inner[1] for s in spans):
        return None
    stride = 2 ** sum(isinstance(step, nn.MaxPool2d) for step in steps)
    for padded in range((n + 2 * pad) % stride + stride, n + 2 * pad, stride):
        rim = _walk(steps, Span(padded - 2 * pad, (-pad, padded - pad), (0, 0)))
        if all(s.inner[0] < s.inner[1] for s in rim):
            return AxisPlan(spans, rim)
    return None


def _walk(steps: list[Step], image: Span) -> tuple[Span, ...]:
    spans = [image]
    for step in steps:
        spans.append(spans[-1].after(step))
    return tuple(spans)


def _steps(trunk: Trunk) -> list[Step] | None:
    """Convolutions (each with its ReLU) and poolings up to stride 16; None if the trunk is made of anything else."""
    layers = [layer for layer in trunk.features[: trunk.taps[16] + 1] if not isinstance(layer, nn.Identity)]
    for layer, following in pairwise([*layers, nn.Identity()]):
        if isinstance(layer, nn.Conv2d):
            square = len({*layer.kernel_size}) == 1 and layer.padding[0] == layer.padding[-1]
            plain = layer.stride == (1, 1) and layer.dilation == (1, 1) and layer.padding_mode == "zeros"
            suited = square and plain and not isinstance(layer.padding, str) and isinstance(following, nn.ReLU)
        elif isinstance(layer, nn.MaxPool2d):
            settings = (layer.kernel_size, layer.stride, layer.padding, layer.dilation, layer.ceil_mode)
            suited = settings == (2, 2, 0, 1, True)
        else:
            suited = isinstance(layer, nn.ReLU)
        if not suited:
            return None
    steps: list[Step] = [layer for layer in layers if isinstance(layer, nn.Conv2d | nn.MaxPool2d)]
    return steps if steps and isinstance(steps[0], nn.Conv2d) else None


def _tapped_steps(trunk: Trunk) -> dict[int, int]:
    """Position in the list of steps, counted from 1 -> stride of the map that is asked for there."""
    kinds = [isinstance(layer, nn.Conv2d | nn.MaxPool2d) for layer in trunk.features]
    return {sum(kinds[: tap + 1]): stride for stride, tap in trunk.taps.items()}


def _windowed_maps(
    steps: list[Step], taps: dict[int, int], x: Tensor, rows: AxisPlan, columns: AxisPlan
) -> dict[int, Tensor]:
    """The trunk's maps at the tapped steps, at full size. x: N×C×H×W."""
    margin = 2 * int(steps[0].padding[0])  # type: ignore[index]
    rim = x.new_zeros(1, x.shape[1], rows.rim[0].size + margin, columns.rim[0].size + margin)
    constant = x.new_zeros(x.shape[1])
    window = x
    maps: dict[int, Tensor] = {}
    for index, step in enumerate(steps):
        if isinstance(step, nn.MaxPool2d):
            window = _pool(window, rows.spans[index].window, columns.spans[index].window)
            rim = step(rim)
        else:
            rim = F.conv2d(rim, step.weight, step.bias, padding=step.padding if index else 0, groups=step.groups)
            z = rim[0, :, rows.rim[index + 1].inner[0], columns.rim[index + 1].inner[0]].clone()
            constant = z.clamp(min=0)
            reach = step.kernel_size[0] - 1
            window = F.conv2d(window, step.weight, z.clamp(max=0), padding=reach, groups=step.groups)
            window.clamp_(min=-constant[:, None, None])
            rim = rim.relu_()
        if index + 1 in taps:
            spans = rows.spans[index + 1].window, columns.spans[index + 1].window
            at = rows.stretch(index + 1, x.device), columns.stretch(index + 1, x.device)
            whole = rim.index_select(2, at[0]).index_select(3, at[1]).repeat(len(x), 1, 1, 1)
            whole[..., slice(*spans[0]), slice(*spans[1])] = window + constant[:, None, None]
            maps[taps[index + 1]] = whole
    return maps


def _pool(window: Tensor, rows: tuple[int, int], columns: tuple[int, int]) -> Tensor:
    """2×2 pooling of d on the grid of the whole map. A cell that the edge of the window cuts also holds a zero."""
    pooled = F.max_pool2d(window, 2, 2, padding=(rows[0] % 2, columns[0] % 2), ceil_mode=True)
    for axis, (start, stop) in ((-2, rows), (-1, columns)):
        for cut, cell in ((start % 2, 0), (stop % 2, -1)):
            if cut:
                pooled.select(axis, cell).clamp_(min=0)
    return pooled
