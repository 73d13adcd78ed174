"""Mean and deviation of every image channel of a data set, for images that ImageNet's statistics do not fit."""

from __future__ import annotations

import numpy as np

from fcn_core.data.kept import LabelledPictures, Subset, channels_of
from fcn_core.labels import VOID
from fcn_core.weights.preprocessing import Preprocessing

CONSTANT = 1e-6  # deviations below this share of the mean are rounding, not signal


def measure(dataset: LabelledPictures, at_most: int = 64) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """(mean, std) of each channel, in the images' own units, over the labelled (non-void) pixels.

    at_most: so many evenly spread pictures are read, always the same. Without any labelled pixel all pixels count.
    A channel that never changes gets the deviation 1, so that it becomes 0 and not infinite. ValueError when the
    data set is empty or its pictures differ in their channels.
    """
    if len(dataset) == 0:
        raise ValueError(f"{dataset.name} is empty, there is nothing to measure")
    some = Subset(dataset, at_most)
    sums = {labelled: _Sums() for labelled in (True, False)}
    for index in range(len(some)):
        sample = some[index]
        for labelled, own in sums.items():
            own.add(sample.image[sample.mask != VOID] if labelled else sample.image.reshape(-1, sample.image.shape[2]))
    mean, std = (sums[True] if sums[True].count else sums[False]).mean_and_std()
    return tuple(mean.tolist()), tuple(std.tolist())


def preprocessing_for(dataset: LabelledPictures, at_most: int = 64) -> Preprocessing:
    """The preprocessing that brings every channel of a data set to mean 0 and deviation 1."""
    mean, std = measure(dataset, at_most)
    if len(mean) != channels_of(dataset):
        raise ValueError(f"{dataset.name} says {channels_of(dataset)} channels, but its images have {len(mean)}")
    return Preprocessing.of_bands(mean, std)


class _Sums:
    """Count, mean and squared deviations, joined picture by picture (Chan, Golub, LeVeque 1979), in float64."""

    def __init__(self) -> None:
        self.count = 0
        self.mean: np.ndarray = np.zeros(1)
        self.squares: np.ndarray = np.zeros(1)

    def add(self, pixels: np.ndarray) -> None:
        """pixels: N×C."""
        if self.count and pixels.shape[1] != self.mean.size:
            raise ValueError(f"pictures of {self.mean.size} and of {pixels.shape[1]} channels in one data set")
        if not len(pixels):
            return
        values = pixels.astype(np.float64)
        mean = values.mean(axis=0)
        squares = np.square(values - mean).sum(axis=0)
        total = self.count + len(pixels)
        apart = mean - self.mean
        self.squares = self.squares + squares + np.square(apart) * (self.count * len(pixels) / total)
        self.mean = self.mean + apart * (len(pixels) / total)
        self.count = total

    def mean_and_std(self) -> tuple[np.ndarray, np.ndarray]:
        std = np.sqrt(self.squares / self.count)
        return self.mean, np.where(std <= CONSTANT * np.maximum(np.abs(self.mean), CONSTANT), 1.0, std)
