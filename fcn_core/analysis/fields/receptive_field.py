"""Theoretical receptive fields of any module, by walking it (CVPR 2015, section 3; table 1's 355, 404, 907).

`receptive_field(model, (H, W))` gives for the map after every layer the size of what one cell sees, the
stride, the first centre and the effective padding along each axis, the exact box of any cell, and the
names of what cannot be analysed. Maps of several streams (an FCN's fc7, pool4 and pool3) are told apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from typing import Any

import torch
from torch import nn

from fcn_core.analysis.fields.map_field import MapField, Note
from fcn_core.analysis.fields.reach import FAR, NotAnalysable, Reach
from fcn_core.analysis.fields.trace import FieldTensor, Trace, named_tensors, skeleton
from fcn_core.models.fcn import FCN
from fcn_core.models.late_fusion import LateFusionFCN
from fcn_core.models.network import Network
from fcn_core.models.paper_names import paper_names
from fcn_core.models.spec import STREAMS, score_of

FCN_STREAMS = {f"head.{score_of(stream)}": stream for stream in STREAMS}
JOINING = {
    "cat": "concatenation", "add": "sum", "sub": "difference", "mul": "product",
    "stack": "stack", "convolution": "convolution", "constant_pad_nd": "padding",
    "upsample_bilinear2d": "interpolation", "upsample_nearest2d": "interpolation",
    "upsample_bicubic2d": "interpolation", "pixel_shuffle": "pixel shuffle", "mean": "mean",
    "max_pool2d_with_indices": "max pooling", "avg_pool2d": "average pooling",
}  # fmt: skip


@dataclass(frozen=True)
class AxisField:
    """What cells see along one axis of the picture, in pixels.

    size          of one cell's field; None if every cell sees the whole axis in a way that no box describes.
                  Where cells differ (upsampled maps), of the largest
    smallest      of the smallest
    stride        from one cell to the next ("jump"); below 1 where a map is finer than the picture
    first_centre  the pixel under the centre of cell 0, counted from 0 at the centre of the first pixel
    padding       effective padding: pixels that cell 0's field reaches beyond the start of the picture
    cells         of the map along this axis
    """

    size: int | None
    smallest: int | None
    stride: Fraction
    first_centre: Fraction
    padding: int
    cells: int


@dataclass(frozen=True)
class Box:
    """What one cell sees: [top, bottom) × [left, right) in pixels; it may reach beyond the picture.

    inside   the same, cut to what the cell can really depend on; None if that is nothing
    """

    top: int
    left: int
    bottom: int
    right: int
    inside: tuple[int, int, int, int] | None
    picture: tuple[int, int]

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def share_in_padding(self) -> float:
        """Share of the box that lies outside the picture, 0-1."""
        rows = max(min(self.bottom, self.picture[0]) - max(self.top, 0), 0)
        columns = max(min(self.right, self.picture[1]) - max(self.left, 0), 0)
        return 1 - rows * columns / max(self.height * self.width, 1)


@dataclass(frozen=True, eq=False)
class LayerField:
    """The map after one layer.

    name      of the module ("trunk.features.23"), or of an operation between modules ("head: sum 2")
    label     what the paper calls it ("pool4", "fuse_pool4"), otherwise the name
    kind      class of the module, or what the operation does
    settings  kernel, stride, padding, dilation where it has them
    shape     of the map, N×C×h×w
    streams   stream -> one AxisField for each axis (rows, columns); "" where streams are not told apart
    axes      all streams joined
    notes     why cells see the whole picture, or what could not be analysed
    """

    name: str
    label: str
    kind: str
    settings: str
    shape: tuple[int, ...]
    _field: MapField = field(repr=False)

    @property
    def notes(self) -> tuple[Note, ...]:
        return self._field.notes

    @property
    def depth(self) -> int:
        """Convolutions and poolings on the longest way from the picture to this map."""
        return self._field.depth

    @property
    def places(self) -> dict[int, int]:
        """Dimension of the map -> axis of the picture that it runs along."""
        return self._field.places

    @cached_property
    def axes(self) -> tuple[AxisField, ...]:
        return tuple(_axis(reach) for reach in self._field.axes)

    @cached_property
    def streams(self) -> dict[str, tuple[AxisField, ...]]:
        return {name: tuple(_axis(r) for r in reaches) for name, reaches in self._field.streams.items()}

    @property
    def is_whole(self) -> bool:
        """Whether a cell sees everything along some axis."""
        return any(axis.size is None for axis in self.axes)

    @property
    def changes_nothing(self) -> bool:
        """Whether cells see what the cells of the layer's input see (ReLU, normalisation, 1×1 convolution)."""
        return self.kind in ("ReLU", "Dropout", "Dropout2d", "BatchNorm2d", "Identity", "LocalResponseNorm")

    def cell_at(self, row: float, column: float) -> tuple[int, int]:
        """The cell whose centre lies nearest to a pixel of the picture (row, column)."""
        found = []
        for axis, place in zip(self.axes, (row, column), strict=True):
            index = 0 if axis.stride == 0 else round(float((Fraction(place) - axis.first_centre) / axis.stride))
            found.append(min(max(index, 0), axis.cells - 1))
        return found[0], found[1]

    def box(self, row: int, column: int, stream: str | None = None) -> Box:
        """What the cell in this row and column sees, through one stream or (None) all of them.

        ValueError for a cell that the map does not have or a map without rows and columns.
        """
        if len(self._field.picture) != 2:
            raise ValueError(f"boxes are for pictures of two axes; this one has {len(self._field.picture)}")
        if stream is not None and stream not in self._field.streams:
            known = ", ".join(self._field.streams) or "none"
            raise ValueError(f"{self.name} has no stream {stream!r}; it has {known}")
        reaches = self._field.axes if stream is None else self._field.streams[stream]
        ends: list[tuple[int, int, int, int]] = []
        for reach, cell, what in zip(reaches, (row, column), ("rows", "columns"), strict=True):
            if not 0 <= cell < reach.cells:
                raise ValueError(f"{self.name} has {reach.cells} {what}, counted from 0; got {cell}")
            ends.append(_ends(reach, cell))
        (top, bottom, y0, y1), (left, right, x0, x1) = ends
        inside = (y0, x0, y1, x1) if y0 < y1 and x0 < x1 else None
        height, width = self._field.picture
        return Box(top, left, bottom, right, inside, (height, width))


@dataclass(frozen=True)
class ReceptiveFields:
    """All layers of a walked module in the order in which they ran, and what it returned, by name.

    picture     size that was walked: (rows, columns)
    outputs     "logits.8", "maps.fuse_pool4", "out", … -> LayerField
    unanalysed  what could not be followed, one sentence each
    """

    picture: tuple[int, ...]
    layers: tuple[LayerField, ...]
    outputs: dict[str, LayerField]
    unanalysed: tuple[str, ...] = ()

    def layer(self, name: str) -> LayerField:
        """The layer or output of this name or label; ValueError if there is none."""
        every = (*self.layers, *self.outputs.values())
        for found in (*(f for f in every if f.name == name), *(f for f in every if f.label == name)):
            return found
        near = [layer.name for layer in self.layers if name.split(".")[-1] in layer.name][:5]
        raise ValueError(f"no layer {name!r}" + (f"; did you mean {', '.join(near)}?" if near else ""))


def receptive_field(
    model: nn.Module,
    size: tuple[int, ...] = (512, 512),
    *,
    channels: int | None = None,
    streams: Mapping[str, str] | None = None,
) -> ReceptiveFields:
    """Walks `model` with a picture of `size` (H, W) and gives what the cells of every map see.

    channels: of the picture; by default those that the model's first layer wants. streams: module name ->
    name of the stream that begins with its output; by default those of an FCN. The model itself is not
    touched. What cannot be followed ends up in `unanalysed`; ValueError where the picture is too small for
    the network or `forward` needs more than one picture.
    """
    if not size or any(n < 1 for n in size):
        raise ValueError(f"expected the picture's size in pixels, such as (480, 640); got {size}")
    streams = _usual_streams(model) if streams is None else streams
    bare = skeleton(model)
    names = {id(part): name for name, part in bare.named_modules()}
    if unknown := set(streams) - set(names.values()):
        raise ValueError(f"streams begin at modules of the network; it has no {', '.join(sorted(unknown))}")
    trace = Trace()
    walk = _Walk(trace, names, dict(streams), paper_names(model))
    for part in bare.modules():
        part.register_forward_pre_hook(walk.enter)
        part.register_forward_hook(walk.leave)
    trace.observe = walk.operation
    dtype = next((p.dtype for p in model.parameters() if p.is_floating_point()), torch.float32)
    x = trace.start((1, channels or _first_channels(model), *size), dtype)
    try:
        with torch.enable_grad():  # without gradients a windowed network would take its shortcut around the trunk
            output = bare(x)
    except NotAnalysable as problem:
        return ReceptiveFields(tuple(size), tuple(walk.rows), {}, (*walk.unanalysed(), _where(trace, str(problem))))
    except (RuntimeError, ValueError, NotImplementedError, TypeError) as problem:
        raise ValueError(
            f"the network cannot be walked with a picture of {'×'.join(map(str, size))}: "
            f"{_where(trace, str(problem).splitlines()[0] if str(problem) else type(problem).__name__)}"
        ) from problem
    returned = named_tensors(output)
    outputs = {name: LayerField(name, name, "output", "", t.field.shape, t.field) for name, t in returned.items()}
    named = {id(t.field): name.removeprefix("maps.") for name, t in returned.items() if name.startswith("maps.")}
    rows = tuple(
        replace(row, label=named[id(row._field)]) if row.label == row.name and id(row._field) in named else row
        for row in walk.rows
    )
    return ReceptiveFields(tuple(size), rows, outputs, walk.unanalysed())


class _Walk:
    """Collects one row for each module that does something itself and for each joining between modules."""

    def __init__(self, trace: Trace, names: dict[int, str], streams: dict[str, str], labels: dict[str, str]) -> None:
        self.trace, self.names, self.streams, self.labels = trace, names, streams, labels
        self.rows: list[LayerField] = []
        self.seen: dict[str, int] = {}
        self.notes: dict[Note, None] = {}
        self.has_children: dict[str, bool] = {}

    def enter(self, module: nn.Module, inputs: Any) -> None:
        name = self.names[id(module)]
        self.has_children[name] = any(True for _ in module.children())
        self.trace.where.append(name)

    def leave(self, module: nn.Module, inputs: Any, output: Any) -> Any:
        name = self.trace.where.pop()
        if not isinstance(output, FieldTensor):
            return output
        if name in self.streams:
            output.field = output.field.as_stream(self.streams[name])
        if not self.has_children[name]:
            self._row(name, type(module).__name__, _settings(module), output.field)
        return output

    def operation(self, where: str, operation: str, field: MapField) -> None:
        for note in field.notes:
            self.notes.setdefault(note)
        operation = operation.rstrip("_")
        if operation in JOINING and self.has_children.get(where, True):
            self._row(f"{where}: {JOINING[operation]}" if where else JOINING[operation], JOINING[operation], "", field)

    def _row(self, name: str, kind: str, settings: str, field: MapField) -> None:
        count = self.seen[name] = self.seen.get(name, 0) + 1
        label = self.labels.get(name, name)
        name, label = (name, label) if count == 1 else (f"{name} {count}", f"{label} {count}")
        self.rows.append(LayerField(name, label, kind, settings, field.shape, field))

    def unanalysed(self) -> tuple[str, ...]:
        return tuple(str(note) for note in self.notes)


def _axis(reach: Reach) -> AxisField:
    if reach.whole:
        return AxisField(None, None, Fraction(0), Fraction(reach.extent - 1, 2), 0, reach.cells)
    sizes = [int(n) for n in reach.high - reach.low + 1 if n > 0]
    return AxisField(
        reach.size, min(sizes, default=0), reach.stride, reach.first_centre,
        0 if reach.is_constant else reach.padding, reach.cells,
    )  # fmt: skip


def _ends(reach: Reach, cell: int) -> tuple[int, int, int, int]:
    """(start, stop) nominal and (start, stop) really reached, half open; a cell that sees nothing gives 0, 0."""
    first, last = int(reach.first[cell]), int(reach.last[cell])
    if reach.whole:
        return 0, reach.extent, 0, reach.extent
    turns, phase = divmod(cell, reach.period)
    low, high = int(reach.low[phase]) + reach.shift * turns, int(reach.high[phase]) + reach.shift * turns
    if reach.low[phase] >= FAR:
        return 0, 0, 0, 0
    return low, high + 1, *((first, last + 1) if first <= last else (0, 0))


def _usual_streams(model: nn.Module) -> dict[str, str]:
    parts = {"": model} if isinstance(model, FCN) else {}
    if isinstance(model, LateFusionFCN):
        parts = {"first.": model.first, "second.": model.second}
    present = {prefix + name: stream for prefix, part in parts.items() for name, stream in FCN_STREAMS.items()
               if name in dict(part.named_modules())}  # fmt: skip
    return present


def _first_channels(model: nn.Module) -> int:
    if isinstance(model, Network):
        return model.spec.in_channels
    for part in model.modules():
        if isinstance(part, nn.Conv1d | nn.Conv2d | nn.Conv3d):
            return part.in_channels
        if isinstance(part, nn.ConvTranspose1d | nn.ConvTranspose2d | nn.ConvTranspose3d):
            return part.in_channels
    return 3


def _settings(module: nn.Module) -> str:
    def text(value: Any) -> str:
        values = value if isinstance(value, tuple) else (value,) * 2
        return "×".join(map(str, values)) if len(set(values)) > 1 else str(values[0])

    kernel = getattr(module, "kernel_size", None)
    if kernel is None:
        return ""
    size = "×".join(map(str, kernel)) if isinstance(kernel, tuple) else f"{kernel}×{kernel}"
    words = [size]
    for name, usual in (("stride", "1"), ("padding", "0"), ("dilation", "1"), ("output_padding", "0")):
        value = getattr(module, name, None)
        if value is not None and text(value) != usual:
            words.append(f"{name.replace('_', ' ')} {text(value)}")
    if getattr(module, "ceil_mode", False):
        words.append("rounded up")
    return ", ".join(words)


def _where(trace: Trace, problem: str) -> str:
    return f"{trace.where[-1]}: {problem}" if trace.where and trace.where[-1] else problem
