"""Measure a chain's geometry in PyTorch instead of deriving it: sizes on empty tensors, coordinates with a ramp.

A photo whose value at every pixel is that pixel's own coordinate goes through the layers, each with weights that
average (uniform for convolutions and poolings, bilinear for transposed convolutions). What then comes out at pixel i
is the coordinate that pixel i looks at. Padding is marked as not a number, so only what the photo alone decides is
read off.
"""

from __future__ import annotations

from math import prod

import torch
from torch import Tensor
from torch.nn import functional as F

from fcn_core.analysis.aligning.chain import PHOTO, Chain, ChainLayer
from fcn_core.models.spec import STREAMS, score_of
from fcn_core.ops.bilinear import bilinear_kernel

LONGEST = 2**16  # pixels of a ramp


def probed_places(chain: Chain) -> dict[str, tuple[float, float]]:
    """Stream -> (scale, offset) of where output pixel i looks, measured: scale · i + offset.

    A stream is left out where no ramp of moderate length has pixels that padding does not reach, or where a
    transposed convolution leaves gaps (its stride is larger than its kernel).
    """
    found = {}
    for stream, layers in _streams(chain).items():
        down = prod(x.stride for x in layers if x.kind != "transposed")
        up = prod(x.stride for x in layers if x.kind == "transposed")
        period = down * up
        length = 1024
        while length <= LONGEST:
            ramp = torch.arange(length, dtype=torch.float64)[None, None]
            measured = _line(_through(ramp, layers), max(period, 1))
            if measured is not None:
                found[stream] = measured
                break
            length *= 4
    return found


def _streams(chain: Chain) -> dict[str, list[ChainLayer]]:
    """The layers of each stream from the photo to the output."""
    after = {source: layer for layer in chain.layers for source in layer.sources if layer.kind == "sum"}
    by_name = {layer.name: layer for layer in chain.layers}
    read_by = {layer.sources[0]: layer for layer in chain.layers if layer.kind == "transposed"}
    found = {}
    for stream, score in ((stream, score_of(stream)) for stream in STREAMS):
        if score not in by_name:
            continue
        layers: list[ChainLayer] = []
        now = by_name[score]
        while True:  # down to the photo
            layers.insert(0, now)
            if now.sources[0] == PHOTO:
                break
            now = by_name[now.sources[0]]
        now = by_name[score]
        while now is not chain.layers[-1]:  # and up to the output
            now = after.get(now.name) or read_by[now.name]
            layers += [now] * (now.kind != "sum")
        found[stream] = layers
    return found


def _through(x: Tensor, layers: list[ChainLayer]) -> Tensor:
    for layer in layers:
        if x.shape[-1] < 1:
            break
        if layer.kind == "transposed":
            x = _enlarged(x, layer)
        elif layer.kernel > 1 or layer.stride > 1 or layer.padding:
            x = F.pad(x, (layer.padding, layer.padding), value=float("nan"))
            if x.shape[-1] < layer.dilation * (layer.kernel - 1) + 1:
                return x[..., :0]
            weight = torch.full((1, 1, layer.kernel), 1 / layer.kernel, dtype=x.dtype)
            x = F.conv1d(x, weight, stride=layer.stride, dilation=layer.dilation)
        x = x[..., layer.crop :]
    return x


def _enlarged(x: Tensor, layer: ChainLayer) -> Tensor:
    weight = bilinear_kernel(layer.kernel, dtype=x.dtype).sum(0)[None, None]
    sums, shares = (
        F.conv_transpose1d(values, weight, None, layer.stride, layer.padding) for values in (x, torch.ones_like(x))
    )
    out = sums / shares
    out[..., : layer.kernel] = out[..., out.shape[-1] - layer.kernel :] = float(
        "nan"
    )  # cells beyond the map are missing
    return out


def _line(out: Tensor, period: int) -> tuple[float, float] | None:
    """Scale and offset of a ramp's output. Between coarse cells it may bend, the same way in every period, and by
    symmetry its mean over a period lies on the line."""
    values = out.flatten()
    known = torch.nonzero(~values.isnan()).flatten()
    if len(known) < 2 * period or len(known) != known[-1] - known[0] + 1:
        return None
    first, turns = int(known[0]), len(known) // period - 1
    a = float(values[first : first + period].mean())
    b = float(values[first + turns * period : first + (turns + 1) * period].mean())
    scale = (b - a) / (turns * period)
    return scale, a - scale * (first + (period - 1) / 2)


def torch_sizes(chain: Chain, photo: tuple[int, int]) -> dict[str, tuple[int, int]]:
    """Layer -> (rows, columns) that PyTorch's own layers give, before the crop. Nothing is computed: the tensors are
    empty. RuntimeError, PyTorch's own, for settings that do not work."""
    maps = {PHOTO: torch.empty(1, 1, *photo, device="meta")}
    sizes = {}
    for layer in chain.layers:
        x = maps[layer.sources[0]]
        if layer.kind == "sum":
            other = maps[layer.sources[1]]
            x = x[..., : other.shape[-2], : other.shape[-1]]
        elif layer.kind == "pooling":
            x = F.max_pool2d(x, layer.kernel, layer.stride, layer.padding, ceil_mode=True)
        elif layer.kind != "block":
            weight = torch.empty(1, 1, layer.kernel, layer.kernel, device="meta")
            if layer.kind == "transposed":
                x = F.conv_transpose2d(x, weight, stride=layer.stride, padding=layer.padding)
            else:
                x = F.conv2d(x, weight, stride=layer.stride, padding=layer.padding, dilation=layer.dilation)
        sizes[layer.name] = (x.shape[-2], x.shape[-1])
        maps[layer.name] = x[..., layer.crop :, layer.crop :]
    return sizes
