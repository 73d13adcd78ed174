"""What a view of the Segment page is about: one picture, one set of weights, and the result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app import session
from fcn_core.labels import Colour, LabelSet
from fcn_core.result import SegmentationResult
from fcn_core.weights import WeightRecord


@dataclass(frozen=True)
class HeldPicture:
    """The picture on the bench: H×W×3 uint8 RGB, its name without ending, and the hash of its content."""

    name: str
    title: str
    digest: str
    image: np.ndarray


@dataclass(frozen=True)
class Case:
    """A picture with what the weights' heads say about it; `truth` is H×W uint8, or None."""

    picture: HeldPicture
    record: WeightRecord
    result: SegmentationResult
    truth: np.ndarray | None

    @property
    def labels(self) -> LabelSet:
        return self.result.labels

    @property
    def heads(self) -> tuple[int, ...]:
        """Heads that the weights have, coarsest first."""
        return self.result.heads

    @property
    def colours(self) -> tuple[Colour, ...]:
        """The palette that is switched on."""
        return self.labels.colours(safe=session.setting("safe"))

    @property
    def hidden(self) -> frozenset[int]:
        """Class indices that are switched off."""
        off = session.setting("off")
        return frozenset(index for index, name in enumerate(self.labels.classes) if name in off)

    @property
    def head(self) -> int:
        """The head on the bench, or the finest that there is."""
        return session.bench().head if session.bench().head in self.heads else min(self.heads)

    @property
    def pixel(self) -> tuple[int, int] | None:
        """The pixel on the bench if it lies in this picture."""
        height, width = self.result.image.shape[:2]
        pixel = session.bench().pixel
        return pixel if pixel and pixel[0] < width and pixel[1] < height else None
