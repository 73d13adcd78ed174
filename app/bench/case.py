"""What a view of the Segment page is about: one picture, one set of weights, and the result."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from app.bench import kept
from app.bench.held import HeldPicture, HeldTruth
from app.visitor import session
from fcn_core.labels import VOID, Colour, LabelSet
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.weights import WeightRecord


@dataclass(frozen=True)
class Case:
    """A picture with what the weights' heads say about it, and its ground truth if there is one."""

    picture: HeldPicture
    record: WeightRecord
    result: SegmentationResult
    truth: HeldTruth | None

    @cached_property
    def segmenter(self) -> Segmenter:
        """The weights, ready to run; the same for everything that is drawn of this case."""
        return kept.segmenter(self.record)

    @property
    def labels(self) -> LabelSet:
        return self.result.labels

    @property
    def heads(self) -> tuple[int, ...]:
        """Heads that the weights have, coarsest first."""
        return self.result.heads

    @property
    def safe(self) -> bool:
        """Whether the colour-blind-safe palette is switched on."""
        return session.setting("safe")

    @property
    def colours(self) -> tuple[Colour, ...]:
        """The palette that is switched on."""
        return self.labels.colours(safe=self.safe)

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
    def largest_class(self) -> str:
        """The class that covers most of the picture in the finest head's eyes, background aside."""
        shares = kept.shares(self.result, min(self.heads))
        named = [i for i, name in enumerate(self.labels.classes) if name != "background" or len(shares) == 1]
        return self.labels.classes[max(named, key=shares.__getitem__)]

    @property
    def cls(self) -> str:
        """The class on the bench if these weights know it, or the largest."""
        held = session.bench().cls
        return held if held in self.labels.classes else self.largest_class

    @property
    def pixel(self) -> tuple[int, int] | None:
        """The pixel on the bench if it lies in this picture."""
        height, width = self.result.image.shape[:2]
        pixel = session.bench().pixel
        return pixel if pixel and pixel[0] < width and pixel[1] < height else None

    def true_class(self, x: int, y: int) -> str:
        """The true class of a pixel, in words. There must be a ground truth."""
        assert self.truth is not None
        index = int(self.truth.mask[y, x])
        return "void, not counted" if index == VOID else self.labels.classes[index]
