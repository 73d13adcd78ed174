"""What the cells of one map see, on all axes of the picture and separately for every stream.

A stream is a way that the picture takes to a map, told apart from the others: in an FCN the ones through
fc7, pool4 and pool3. Every operation treats the streams alike and one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from fcn_core.analysis.fields.reach import NotAnalysable, Reach, Taps, join

ALL = ""  # the stream of a network whose ways are not told apart


@dataclass(frozen=True)
class Note:
    """Something that ends in "sees the whole picture" or cannot be followed. known: whether that is certain."""

    layer: str
    what: str
    known: bool

    def __str__(self) -> str:
        return f"{self.layer}: {self.what}" if self.layer else self.what


@dataclass(frozen=True, eq=False)
class MapField:
    """The field of a tensor.

    shape     of the tensor
    places    dimension of the tensor -> axis of the picture (0 is its rows, 1 its columns) that it runs along
    streams   stream -> one Reach for each axis of the picture; an axis that is gone (pooled away) is whole
    picture   size of the picture along its axes, pixels
    notes     why cells see everything, where they do
    depth     convolutions and poolings on the longest way from the picture
    """

    shape: tuple[int, ...]
    places: dict[int, int]
    streams: dict[str, tuple[Reach, ...]]
    picture: tuple[int, ...]
    notes: tuple[Note, ...] = ()
    depth: int = 0

    @property
    def axes(self) -> tuple[Reach, ...]:
        """All streams joined."""
        return tuple(join(reaches) for reaches in zip(*self.streams.values(), strict=True))

    def cells(self, axis: int) -> int:
        """Cells along an axis of the picture; 1 if it is gone."""
        return next((self.shape[dim] for dim, place in self.places.items() if place == axis), 1)

    def through(self, shape: Sequence[int], rules: dict[int, Taps], *, deeper: bool = False) -> MapField:
        """After a layer that reads each dimension as its rule says; dimensions without one stay."""
        by_axis = {self.places[dim]: taps for dim, taps in rules.items() if dim in self.places}
        streams = {
            name: tuple(r.through(by_axis[k]) if k in by_axis else r for k, r in enumerate(reaches))
            for name, reaches in self.streams.items()
        }
        return replace(self, shape=tuple(shape), streams=streams, depth=self.depth + deeper)

    def moved(self, shape: Sequence[int], places: dict[int, int]) -> MapField:
        """The same cells in another order of dimensions."""
        return replace(self, shape=tuple(shape), places=places)

    def everything(self, shape: Sequence[int], note: Note, *, places: dict[int, int] | None = None) -> MapField:
        """Every cell sees the whole picture from here on."""
        places = {} if places is None else places
        cells = {axis: shape[dim] for dim, axis in places.items()}
        reaches = tuple(Reach.everything(cells.get(k, 1), n) for k, n in enumerate(self.picture))
        notes = self.notes if note in self.notes else (*self.notes, note)
        return MapField(tuple(shape), places, dict.fromkeys(self.streams, reaches), self.picture, notes, self.depth)

    def whole_along(self, shape: Sequence[int], places: dict[int, int], axes: Iterable[int], note: Note) -> MapField:
        """Every cell sees all of some axes; the others stay as they are."""
        cells = {axis: shape[dim] for dim, axis in places.items()}
        axes = set(axes)

        def after(reaches: tuple[Reach, ...]) -> tuple[Reach, ...]:
            return tuple(Reach.everything(cells.get(k, 1), r.extent) if k in axes else r for k, r in enumerate(reaches))

        streams = {name: after(reaches) for name, reaches in self.streams.items()}
        return MapField(tuple(shape), places, streams, self.picture, (*self.notes, note), self.depth)

    def as_stream(self, name: str) -> MapField:
        """Everything that leads here, from now on called one stream."""
        return replace(self, streams={name: self.axes})

    def constant(self, shape: Sequence[int]) -> MapField:
        """A tensor of this shape that depends on no pixel."""
        places = {dim: axis for dim, axis in self.places.items() if dim < len(shape)}
        cells = {axis: shape[dim] for dim, axis in places.items()}
        reaches = tuple(Reach.nothing(cells.get(k, 1), n) for k, n in enumerate(self.picture))
        return MapField(tuple(shape), places, {ALL: reaches}, self.picture)


def together(fields: Sequence[MapField], shape: Sequence[int], note: Callable[[str], Note]) -> MapField:
    """Tensors that are added, multiplied or stacked cell by cell, with PyTorch's broadcasting, to this shape."""
    shape = tuple(shape)
    notes = tuple(dict.fromkeys(n for f in fields for n in f.notes))
    places: dict[int, int] = {}
    for f in fields:
        lead = len(shape) - len(f.shape)
        for dim, axis in f.places.items():
            if places.setdefault(dim + lead, axis) != axis:
                return f.everything(shape, note("it joins rows with columns"))
    if len(set(places.values())) < len(places):
        return fields[0].everything(shape, note("it lays one axis of the picture along two dimensions"))
    spread: list[MapField] = []
    for f in fields:
        lead = len(shape) - len(f.shape)
        rules: dict[int, Taps] = {}
        stretched: set[int] = set()
        for dim, axis in places.items():
            own = dim - lead
            has_axis = f.places.get(own) == axis
            if not has_axis or (f.shape[own] == 1 and shape[dim] > 1):
                stretched.add(axis)
        blank = all(r.is_constant for reaches in f.streams.values() for r in reaches)
        if stretched and blank:
            f = replace(f, places=places).constant(shape)
        elif stretched:
            f = f.whole_along(shape, places, stretched, note("one value goes to all cells"))
        else:
            f = f.through(shape, rules).moved(shape, places)
        spread.append(f)
    notes = tuple(dict.fromkeys([*notes, *(n for f in spread for n in f.notes)]))
    depth = max(f.depth for f in fields)
    streams: dict[str, list[tuple[Reach, ...]]] = {}
    for f in spread:
        for name, reaches in f.streams.items():
            if name == ALL and all(r.is_constant for r in reaches) and len(spread) > 1:
                continue
            streams.setdefault(name, []).append(reaches)
    try:
        joined = {name: tuple(join(rs) for rs in zip(*ways, strict=True)) for name, ways in streams.items()}
        result = MapField(shape, places, joined or spread[0].streams, fields[0].picture, notes, depth)
        _ = result.axes  # the streams must be joinable too
    except NotAnalysable as problem:
        return replace(spread[0], notes=notes).everything(shape, note(str(problem)), places=places)
    return result
