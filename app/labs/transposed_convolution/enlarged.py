"""A source enlarged by one kernel, the same by others, and what they look like; no Streamlit here."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from app.bench.identity import identified
from app.labs.transposed_convolution.upsample_source import Source
from app.parts.pictures import Shown, encode, view
from fcn_core.analysis.upsampling.enlarging import (
    REFERENCES,
    Difference,
    EnlargingKernel,
    difference,
    enlarge,
    reference,
)
from fcn_core.analysis.upsampling.overlap import stamp_by_torch
from fcn_core.draw import colour_map
from fcn_core.keys import fresh_key


@identified
@dataclass(frozen=True)
class Enlarged:
    """A source enlarged, C×H×W; the same by others, name -> C×H×W; how far apart; and torch's own stamping.

    key: names this very enlargement.
    """

    source: Source
    result: np.ndarray
    others: dict[str, np.ndarray]
    differences: dict[str, Difference]
    from_torch: float
    key: str = field(default_factory=fresh_key)

    def gap(self, name: str) -> np.ndarray:
        """The result minus another one, mean over the channels, H×W."""
        return (self.result - self.others[name]).mean(0)

    def limit(self, name: str) -> float:
        """The end of the scale on which a gap is drawn: its largest absolute value, or what hardly shows."""
        return max(float(np.abs(self.gap(name)).max()), 1.0 if self.source.unit == "grey levels" else 0.01)


def enlarged(source: Source, kernel: EnlargingKernel, edges: str) -> Enlarged:
    """Enlarge with a kernel and, to compare, with what else enlarges by the same factor."""
    result = enlarge(source.planes, kernel, edges=edges)
    others = {name: reference(source.planes, kernel.factor, name) for name in REFERENCES}
    if source.original is not None:
        others["the photo itself"] = source.original
    again = enlarge(source.planes, kernel, edges=edges, by=stamp_by_torch)
    apart = {name: difference(result, other, kernel.factor) for name, other in others.items()}
    return Enlarged(source, result, others, apart, float(np.abs(result - again).max()))


def planes_picture(planes: np.ndarray, source: Source) -> Shown:
    """Planes of a source, or what became of them, as a photo or on the scale of its scores."""
    if source.unit == "score":
        return _shown(colour_map((planes[0] / source.limit).clip(-1, 1).astype(np.float32), "diverging"))
    return _shown(planes.transpose(1, 2, 0).clip(0, 255).round().astype(np.uint8))


def gap_picture(found: Enlarged, name: str) -> Shown:
    """What another way makes different."""
    return _shown(colour_map((found.gap(name) / found.limit(name)).astype(np.float32), "diverging"))


def _shown(image: np.ndarray) -> Shown:
    return encode(view(image), full_size=image.shape[:2])
