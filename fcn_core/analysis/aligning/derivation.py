"""How a crop offset follows from the layers, one step at a time (coordinate maps; PAMI 2017 and its code).

Going through a layer of kernel k, stride s and padding p, with S the stride so far:

    down (convolution, pooling):   offset += S · ((k - 1) / 2 - p),    S *= s
    up (transposed convolution):   S /= s,    offset -= S · ((k - 1) / 2 - p)

The crop is what brings cell 0 of one map onto a cell of the other: the difference of the offsets, in cells.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from fcn_core.analysis.aligning.chain import PHOTO, Chain, ChainLayer, text
from fcn_core.ops.conv_arithmetic import CoordinateMap


@dataclass(frozen=True)
class Step:
    """One layer on the way. adds: pixels by which it moves the centre of cell 0; formula: where they come from."""

    layer: ChainLayer
    before: CoordinateMap
    after: CoordinateMap
    formula: str

    @property
    def adds(self) -> Fraction:
        return self.after.offset - self.before.offset


@dataclass(frozen=True)
class Derivation:
    """The offset of one crop.

    cropped   the layer whose map is cropped
    steps     the way of the enlarged map from the photo on
    other     the way of the skip that it meets; empty where it meets the photo
    shift     cells of the target (`unit` pixels each) from the target's cell 0 to the enlarged map's cell 0
    """

    cropped: str
    steps: tuple[Step, ...]
    other: tuple[Step, ...]
    shift: Fraction
    unit: Fraction

    @property
    def crop(self) -> int | None:
        """Cells to cut; None where no whole number of them helps."""
        return int(abs(self.shift)) if self.shift.denominator == 1 else None


def derive(chain: Chain, cropped: str) -> Derivation:
    """The derivation of the crop of a layer: `upscore32`, `upscore16`, `upscore8` against the photo, `score_pool4` or
    `score_pool3` against the enlarged map that it meets. ValueError where the chain has no such layer."""
    layer, no_steps = chain.layer(cropped), tuple[Step, ...]()
    if layer is chain.layers[-1]:
        steps, other, target = way(chain, cropped), no_steps, CoordinateMap()
    else:
        meeting = next((x for x in chain.layers if x.kind == "sum" and cropped in x.sources), None)
        if meeting is None:
            raise ValueError(f"{cropped} is not cropped in this chain; its crops are at the sums and at the end")
        steps, other = (way(chain, source) for source in meeting.sources)
        target = other[-1].after
    enlarged = steps[-1].after
    return Derivation(cropped, steps, other, (enlarged.offset - target.offset) / target.scale, target.scale)


def way(chain: Chain, name: str) -> tuple[Step, ...]:
    """Every layer from the photo to a map's, crops of that map itself not applied."""
    layer = chain.layer(name)
    before: tuple[Step, ...] = () if layer.sources[0] == PHOTO else way(chain, layer.sources[0])
    here = before[-1].after if before else CoordinateMap()
    if before and (crop := before[-1].layer.crop):
        here = CoordinateMap(here.scale, here(crop))
    if layer.kind == "sum":
        return (*before, Step(layer, before[-1].after, here, "as its first map"))
    return (*before, Step(layer, here, here.then(layer.coordinates), _formula(layer, here.scale)))


def _formula(layer: ChainLayer, stride: Fraction) -> str:
    """The numbers filled in."""
    half = f"({layer.kernel} − 1)/2" if layer.dilation == 1 else f"{layer.dilation}·({layer.kernel} − 1)/2"
    inside = f"({half} − {layer.padding})" if layer.padding else half
    if layer.kind == "transposed":
        return f"− {text(stride / layer.stride)} · {inside}"
    return f"+ {text(stride)} · {inside}"
