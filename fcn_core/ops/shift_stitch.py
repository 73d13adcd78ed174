"""Dense output from a coarse network, two ways (CVPR 2015, section 3.2; OverFeat's trick and the filters "à trous").

A network of stride S answers once for every S pixels. Shift-and-stitch by f runs it on f² shifted copies of the
picture, S/f pixels apart, and interlaces the answers: one for every S/f pixels. Rarefying runs it once: the last
strides are taken out, and every kernel behind them is spread (dilated) by what was taken out. Both give the same
numbers. Taking out the strides without spreading the kernels is a different network, with a smaller field.

The paper shifts right and down, here the picture moves left and up; only the order of interlacing differs. Borders:
"wrap" joins each border of the picture to the opposite one, in every layer, so that shifting loses nothing and the two
ways agree at every cell. "zero" pads with zeros, as networks are trained: cells that see a border differ, since the
shift moves it. "none" pads nothing: the maps shrink, and every cell agrees.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_core.ops.layer_geometry import square
from fcn_core.progress import Progress

Edge = Literal["wrap", "zero", "none"]
EDGES: tuple[Edge, ...] = ("wrap", "zero", "none")
Filter = nn.Conv2d | nn.MaxPool2d | nn.AvgPool2d


class SpreadLayer(nn.Module):
    """A convolution or pooling with another stride, its taps `spread` times as far apart; parameters are shared.

    It pads so that the map keeps covering the picture ("wrap", "zero"), or not at all ("none").
    """

    def __init__(self, layer: Filter, *, stride: int, spread: int, edge: Edge) -> None:
        super().__init__()
        self.layer, self.stride, self.edge = layer, stride, edge
        self.kernel = square(layer.kernel_size, "kernel size")
        self.dilation = spread * (1 if isinstance(layer, nn.AvgPool2d) else square(layer.dilation, "dilation"))

    def forward(self, x: Tensor) -> Tensor:
        """N×C×H×W -> N×D×h×w; h = ceil(H / stride) but for the edge "none"."""
        if self.edge == "none":
            return self._filtered(x)
        before = self.dilation * (self.kernel // 2 if isinstance(self.layer, nn.Conv2d) else (self.kernel - 1) // 2)
        extent = self.dilation * (self.kernel - 1) + 1
        rows, columns = ((-(-n // self.stride) - 1) * self.stride + extent - n - before for n in x.shape[-2:])
        if self.edge == "wrap":
            return self._filtered(_wrapped(_wrapped(x, 2, before, rows), 3, before, columns))
        fill = -torch.inf if isinstance(self.layer, nn.MaxPool2d) else 0.0
        padded = F.pad(x, (before, columns, before, rows), value=fill)
        if isinstance(self.layer, nn.AvgPool2d) and not self.layer.count_include_pad:
            inside = F.pad(torch.ones_like(x[:1, :1]), (before, columns, before, rows))
            return self._filtered(padded) / self._filtered(inside)
        return self._filtered(padded)

    def _filtered(self, x: Tensor) -> Tensor:
        layer = self.layer
        if isinstance(layer, nn.Conv2d):
            return F.conv2d(x, layer.weight, layer.bias, self.stride, 0, self.dilation, layer.groups)
        if isinstance(layer, nn.MaxPool2d):
            return F.max_pool2d(x, self.kernel, self.stride, 0, self.dilation)
        box = x.new_full((x.shape[1], 1, self.kernel, self.kernel), 1 / self.kernel**2)
        return F.conv2d(x, box, None, self.stride, 0, self.dilation, x.shape[1])


@dataclass(frozen=True)
class LayerWork:
    """One convolution or pooling of a network: its strides on the picture before and after it, and its work.

    reach: pixels of the picture that it adds to a cell's field. work: multiply-adds for one pixel of the picture with
    the network as it is (0 for poolings).
    """

    name: str
    kernel: int
    stride_before: int
    stride_after: int
    reach: int
    work: float

    def denser(self, stride: int) -> tuple[int, int, float]:
        """(own stride, spread, work a pixel) in a network whose strides stop at `stride` pixels."""
        before, after = min(self.stride_before, stride), min(self.stride_after, stride)
        if after % before or self.stride_before % before:
            raise ValueError(f"{self.name} cannot be made denser: strides {before} and {after} do not divide")
        return after // before, self.stride_before // before, self.work * (self.stride_after / after) ** 2


def layer_works(network: nn.Module, x: Tensor) -> tuple[LayerWork, ...]:
    """The convolutions and poolings of a network in the order of a pass. x: a picture N×C×H×W that it takes.

    The network may branch, add and join; ValueError for layers that change sizes in other ways, and for sides of
    the picture that the network's stride does not divide.
    """
    private = with_borders(network, "wrap")
    found: list[LayerWork] = []

    def note(name: str) -> Callable[..., None]:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            assert isinstance(module, SpreadLayer)
            before, after = (_stride(x, t, name) for t in (inputs[0], output))
            work = 0.0
            if isinstance(layer := module.layer, nn.Conv2d):
                work = layer.weight.numel() / after**2
            reach = (module.kernel - 1) * module.dilation * before
            found.append(LayerWork(name, module.kernel, before, after, reach, work))

        return hook

    for name, module in private.named_modules():
        if isinstance(module, SpreadLayer):
            module.register_forward_hook(note(name))
    with torch.inference_mode():
        private(x)
    return tuple(found)


def denser(
    network: nn.Module, works: tuple[LayerWork, ...], *, stride: int, edge: Edge, spread: bool = True
) -> nn.Module:
    """A copy of `network` (parameters shared) that answers for every `stride` pixels.

    works: of `layer_works`. With `spread`, kernels behind a stride that was taken out are dilated: the network "à
    trous", equal to shift-and-stitch. Without, only the strides are decreased, which is not the same network.
    """
    by_name = {work.name: work.denser(stride) for work in works}
    return _respread(network, lambda name, _: (by_name[name][0], by_name[name][1] if spread else 1), edge)


def shift_and_stitch(
    network: Callable[[Tensor], Tensor],
    x: Tensor,
    *,
    stride: int,
    factor: int,
    edge: Edge,
    progress: Progress | None = None,
) -> Tensor:
    """Run `network` of this stride on factor² shifted copies of x (N×C×H×W) and interlace: N×K×(f·h)×(f·w).

    edge: what comes in at the side that the picture leaves; it must be what the network's layers do at borders.
    progress(done, total) counts passes.
    """
    if factor < 1 or stride % factor:
        raise ValueError(f"shift-and-stitch by {factor} needs a stride that {factor} divides; this one is {stride}")
    step, done = stride // factor, 0
    parts: dict[tuple[int, int], Tensor] = {}
    for down, right in shifts(factor):
        parts[down, right] = network(shifted(x, down * step, right * step, edge))
        done += 1
        if progress:
            progress(done, factor**2)
    rows = sum(parts[i, 0].shape[-2] for i in range(factor))
    columns = sum(parts[0, i].shape[-1] for i in range(factor))
    first = parts[0, 0]
    stitched = first.new_empty(*first.shape[:2], rows, columns)
    for (down, right), part in parts.items():
        stitched[..., down::factor, right::factor] = part
    return stitched


def shifts(factor: int) -> Iterator[tuple[int, int]]:
    """(rows, columns) by which the stitched map is filled, in the order of filling."""
    return ((down, right) for down in range(factor) for right in range(factor))


def shifted(x: Tensor, down: int, right: int, edge: Edge) -> Tensor:
    """The picture moved up and left so that its pixel (down, right) comes first. x: N×C×H×W."""
    if edge == "wrap":
        return x.roll((-down, -right), (-2, -1))
    cut = x[..., down:, right:]
    return cut if edge == "none" else F.pad(cut, (0, right, 0, down))


def with_borders(network: nn.Module, edge: Edge) -> nn.Module:
    """A copy of `network` (parameters shared) with its own strides and dilations, whose layers treat borders so."""
    return _respread(network, lambda name, layer: (square(layer.stride, "stride"), 1), edge)


def _respread(network: nn.Module, settings: Callable[[str, Filter], tuple[int, int]], edge: Edge) -> nn.Module:
    """A private copy in evaluation mode, parameters shared, its filters replaced; settings give (stride, spread)."""
    if edge not in EDGES:
        raise ValueError(f"borders are one of {', '.join(EDGES)}; got {edge!r}")
    shared: dict[int, object] = {id(tensor): tensor for tensor in (*network.parameters(), *network.buffers())}
    private = nn.Sequential(copy.deepcopy(network, shared)).eval()
    for name, module in list(private.named_modules()):
        if isinstance(module, Filter):
            own_stride, spread = settings(name, module)
            layer = SpreadLayer(module, stride=own_stride, spread=spread, edge=edge)
            parent, _, child = name.rpartition(".")
            setattr(private.get_submodule(parent), child, layer)
        elif isinstance(module, nn.AdaptiveAvgPool2d | nn.AdaptiveMaxPool2d | nn.ConvTranspose2d | nn.Upsample):
            raise ValueError(f"layer {name} ({type(module).__name__}) has no stride that could be taken out")
    return private


def _wrapped(x: Tensor, axis: int, before: int, after: int) -> Tensor:
    n = x.shape[axis]
    return x.index_select(axis, torch.arange(-before, n + after, device=x.device) % n)


def _stride(x: Tensor, inner: Tensor, name: str) -> int:
    strides = {n // m if n % m == 0 else 0 for n, m in zip(x.shape[-2:], inner.shape[-2:], strict=True)}
    if len(strides) != 1 or 0 in strides:
        sizes = "{1}×{0}".format(*x.shape[-2:]), "{1}×{0}".format(*inner.shape[-2:])
        raise ValueError(
            f"the map of {sizes[1]} at {name} does not divide the picture of {sizes[0]}; cut the picture so that both "
            "sides are multiples of the network's stride"
        )
    return strides.pop()
