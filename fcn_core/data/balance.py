"""How often each class occurs: pixels and pictures a class, for a chart and for class weights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fcn_core.data.kept import LabelledPictures, Subset
from fcn_core.labels import VOID, LabelSet
from fcn_core.progress import Progress


@dataclass(frozen=True)
class ClassBalance:
    """Counts of one data set, or of evenly spread pictures of it.

    pixels, pictures: length K int64, pixels of each class and pictures that show it. shown_in: length K int64, all
    pixels of those pictures, void too. void: pixels of no class. looked_at, of: how many pictures were counted, of how
    many.
    """

    labels: LabelSet
    pixels: np.ndarray
    pictures: np.ndarray
    shown_in: np.ndarray
    void: int
    looked_at: int
    of: int

    @property
    def shares(self) -> np.ndarray:
        """Share of the labelled pixels of each class: length K float64, sums to 1 (all 0 without any)."""
        return self.pixels / max(1, self.pixels.sum())

    @property
    def void_share(self) -> float:
        """Share of all pixels that belong to no class, 0-1."""
        return self.void / max(1, self.void + int(self.pixels.sum()))


def class_balance(
    dataset: LabelledPictures, *, at_most: int | None = None, progress: Progress | None = None
) -> ClassBalance:
    """Count the classes of a data set.

    at_most: look at so many evenly spread pictures only. progress: called as (pictures done, pictures in all).
    ValueError, from the data set, when a picture cannot be read.
    """
    some = dataset if at_most is None or at_most >= len(dataset) else Subset(dataset, at_most)
    count = len(dataset.labels)
    pixels, pictures, shown_in = np.zeros((3, count), dtype=np.int64)
    void = 0
    for index in range(len(some)):
        values = np.bincount(some[index].mask.ravel(), minlength=256)
        shown = values[:count] > 0
        pixels += values[:count]
        pictures += shown
        shown_in += shown * values.sum()
        void += int(values[VOID])
        if progress is not None:
            progress(index + 1, len(some))
    return ClassBalance(dataset.labels, pixels, pictures, shown_in, void, len(some), len(dataset))
