"""The chain of layers from a photo to a head's label map: sizes, and where every cell looks (CVPR 2015, section 3.3).

A chain is read off a real network (`alignment_networks.chain_of`): kernel, stride, padding, and how far each map is
cropped. `walk` gives for a photo of any size the size of every map and its coordinate map, each stream (fc7, pool4,
pool3) by itself, so that a chain whose maps do not lie on top of each other says so. Any number of a chain can be
changed (`changed`), and `derived_crops` finds the crops that put the maps back in place (the coordinate maps of the
PAMI 2017 version and its code).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Literal

from fcn_core.models.spec import SKIPS, STREAMS, score_of
from fcn_core.ops.conv_arithmetic import (
    CoordinateMap,
    convolution_map,
    convolution_size,
    transposed_map,
    transposed_size,
)

Kind = Literal["convolution", "pooling", "block", "transposed", "sum"]
PHOTO = "photo"
STREAM_OF = {score_of(stream): stream for stream in STREAMS}
SKIP_SCORES = tuple(skip.score for skip in SKIPS)


@dataclass(frozen=True)
class ChainLayer:
    """One layer, square in both axes.

    sources   the maps that it reads: one, or two for a sum (the enlarged coarse one first)
    crop      rows and columns that are cut off at the top and left of its output
    pairs     weights of one kernel position: a cell of the output takes pairs · kernel² multiply-adds (of the input,
              for a transposed convolution). A block (Inception) has stride 1 and keeps the size; all its weights are
              counted at one position
    """

    name: str
    kind: Kind
    sources: tuple[str, ...]
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    dilation: int = 1
    crop: int = 0
    pairs: int = 0

    @property
    def coordinates(self) -> CoordinateMap:
        """Where the centres of its cells lie on the map that it reads, before the crop."""
        rule = transposed_map if self.kind == "transposed" else convolution_map
        return rule(self.kernel, stride=self.stride, padding=self.padding, dilation=self.dilation)

    @property
    def may_crop(self) -> bool:
        return self.kind == "transposed" or self.name in SKIP_SCORES

    def size(self, n: int) -> int:
        """Cells along an axis, before the crop; ValueError says what is wrong."""
        if self.kind == "transposed":
            return transposed_size(n, self.kernel, stride=self.stride, padding=self.padding)
        if self.kind == "pooling" and self.padding > self.kernel // 2:
            raise ValueError(
                f"a pooling may be padded by at most half its kernel, here {self.kernel // 2}; with {self.padding} "
                "some windows would see nothing but padding"
            )
        return convolution_size(
            n, self.kernel, stride=self.stride, padding=self.padding, dilation=self.dilation,
            ceil=self.kind == "pooling",
        )  # fmt: skip


@dataclass(frozen=True)
class Chain:
    """The layers of one head in the order in which they work; the last one is cropped to the photo's size."""

    head: int
    layers: tuple[ChainLayer, ...]

    def layer(self, name: str) -> ChainLayer:
        """The layer of this name; ValueError lists those that there are."""
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(f"no layer {name!r} in this chain; it has {', '.join(layer.name for layer in self.layers)}")


@dataclass(frozen=True)
class Placed:
    """A map of a chain: its size (rows, columns) before and after its crop, and where cell 0 and the others look.

    streams   stream -> centre of cell i of the cropped map on the photo; "" before any score layer. A sum has several,
              which agree where the maps were put together rightly
    """

    layer: ChainLayer
    full: tuple[int, int]
    size: tuple[int, int]
    streams: dict[str, CoordinateMap]

    @property
    def coordinates(self) -> CoordinateMap:
        """Of the first stream, which comes from the deepest layers."""
        return next(iter(self.streams.values()))


@dataclass(frozen=True)
class Walked:
    """All maps of a chain for a photo of `photo` (rows, columns), up to the first that does not work (`problem`)."""

    photo: tuple[int, int]
    maps: tuple[Placed, ...]
    problem: str = ""

    @property
    def output(self) -> Placed | None:
        """The head's map, cropped to the photo; None where the chain breaks off before."""
        return None if self.problem or not self.maps else self.maps[-1]

    def find(self, name: str) -> Placed:
        return next(placed for placed in self.maps if placed.layer.name == name)


def walk(chain: Chain, photo: tuple[int, int]) -> Walked:
    """Sizes and coordinates of every map for a photo of (rows, columns). Bad settings do not raise: see `problem`."""
    if min(photo) < 1:
        raise ValueError(f"expected the photo's height and width in pixels, at least 1; got {photo}")
    streams, placed = places(chain), dict[str, Placed]()
    start = Placed(ChainLayer(PHOTO, "block", ()), photo, photo, {"": CoordinateMap()})
    last = chain.layers[-1].name
    for layer in chain.layers:
        sources = [placed.get(name, start) for name in layer.sources]
        try:
            full = _sum_size(sources) if layer.kind == "sum" else _size(layer, sources[0].size)
            size = _cropped(layer, full, photo if layer.name == last else None)
        except ValueError as wrong:
            return Walked(photo, tuple(placed.values()), f"{layer.name}: {wrong}")
        placed[layer.name] = Placed(layer, full, size, streams[layer.name])
    return Walked(photo, tuple(placed.values()))


def derived_crops(chain: Chain) -> dict[str, int]:
    """Layer -> the crop that puts its map in place, for every layer that can be cropped.

    Where a coarse map meets a skip, the one of the two that begins further to the left is cropped. ValueError where
    no whole number of cells does it, or where strides do not fit.
    """
    found = {layer.name: 0 for layer in chain.layers if layer.may_crop}
    last = chain.layers[-1]
    for step in chain.layers:
        if step.kind != "sum" and step is not last:
            continue
        bare = replace(chain, layers=tuple(replace(x, crop=found.get(x.name, 0)) for x in chain.layers))
        if step.kind == "sum":
            coarse, skip = (place_of(bare, name) for name in step.sources)
            left, right = step.sources
            what = f"{left} and {right}"
        else:
            coarse, skip = place_of(bare, last.name), CoordinateMap()
            left, right, what = last.name, "", f"{last.name} and the photo"
        if coarse.scale != skip.scale:
            raise ValueError(
                f"{what} have the strides {text(coarse.scale)} and {text(skip.scale)}: their cells drift apart, and no "
                "crop mends that; change a stride"
            )
        cells = (coarse.offset - skip.offset) / skip.scale
        if cells.denominator != 1:
            raise ValueError(
                f"{what} lie {text(cells)} cells apart, and a crop takes whole cells; change a padding or a kernel"
            )
        if cells > 0 and not right:
            raise ValueError(f"{last.name} begins {text(cells)} pixels inside the photo, so there is nothing to crop")
        found[right if cells > 0 else left] = int(abs(cells))
    return found


def places(chain: Chain) -> dict[str, dict[str, CoordinateMap]]:
    """Layer -> stream -> where the cells of its cropped map look on the photo. Sizes play no part in it."""
    found: dict[str, dict[str, CoordinateMap]] = {PHOTO: {"": CoordinateMap()}}
    for layer in chain.layers:
        streams = {name: place for source in layer.sources for name, place in found[source].items()}
        if layer.name in STREAM_OF:
            streams = {STREAM_OF[layer.name]: streams[""]}
        if layer.kind != "sum":
            own = layer.coordinates
            own = CoordinateMap(own.scale, own(layer.crop))
            streams = {name: place.then(own) for name, place in streams.items()}
        found[layer.name] = streams
    return found


def looks_at(chain: Chain) -> dict[str, CoordinateMap]:
    """Stream -> the photo pixel that output pixel i looks at; i itself where everything is in place."""
    return places(chain)[chain.layers[-1].name]


def place_of(chain: Chain, name: str) -> CoordinateMap:
    """Where the cells of a layer's map look, through its first stream."""
    return next(iter(places(chain)[name].values()))


def changed(chain: Chain, changes: Mapping[str, Mapping[str, int]]) -> Chain:
    """The chain with other numbers: layer -> {"kernel" | "stride" | "padding" | "crop": value}. Names that the chain
    does not have are left out."""
    layers = (replace(layer, **dict[str, Any](changes.get(layer.name, {}))) for layer in chain.layers)
    return replace(chain, layers=tuple(layers))


def text(value: Fraction) -> str:
    """A fraction as one reads it: 12.5, −19, 1/3."""
    exact = value.denominator in (1, 2, 4, 8, 16)
    return (f"{float(value):.10g}" if exact else str(value)).replace("-", "−")


def _size(layer: ChainLayer, before: tuple[int, int]) -> tuple[int, int]:
    return layer.size(before[0]), layer.size(before[1])


def _sum_size(sources: list[Placed]) -> tuple[int, int]:
    """A sum has the cells that both maps have."""
    (a, b), (c, d) = sources[0].size, sources[1].size
    return min(a, c), min(b, d)


def _cropped(layer: ChainLayer, full: tuple[int, int], photo: tuple[int, int] | None) -> tuple[int, int]:
    """What is left of a map after its crop; the last one must cover the photo."""
    rows, columns = full[0] - layer.crop, full[1] - layer.crop
    if min(rows, columns) < 1:
        raise ValueError(f"a crop of {layer.crop} leaves nothing of a map of {full[1]}×{full[0]} cells; crop less")
    if photo is None:
        return rows, columns
    for have, need, what in ((rows, photo[0], "rows"), (columns, photo[1], "columns")):
        if have < need:
            raise ValueError(
                f"after the crop of {layer.crop} it has {have} {what} left, and the photo has {need}: "
                f"{need - have} are missing. Pad more, or crop less"
            )
    return photo
