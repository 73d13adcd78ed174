"""The endless stream of training pictures: which picture comes at which place, and how it is varied.

Draw k is a pure function of (seed, k): its picture, crop and colours do not depend on what was drawn before, on the
number of workers or on how many processes share a batch. A run that is resumed at step n therefore goes on with
exactly the pictures that an uninterrupted run would have seen.
"""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import psutil
import torch
from torch import Tensor

from fcn_core.data.balance import class_balance
from fcn_core.data.datasets import open_dataset
from fcn_core.data.kept import Kept, LabelledPictures, Subset
from fcn_core.data.sample import Sample
from fcn_core.data.transforms import Blur, ColourJitter, Compose, Noise, RandomView, Transform, mix_classes
from fcn_core.labels import VOID
from fcn_core.training.settings.groups import AugmentSettings, DataSettings
from fcn_core.weights.preprocessing import Preprocessing

BLOCK = 32
KEPT_SHARE = 0.25


def open_data(settings: DataSettings) -> LabelledPictures:
    """The data set that the settings name; ValueError says what is missing.

    Pictures are kept in memory as the settings ask, unless all of them together would take over a quarter of what is
    free.
    """
    data = open_dataset(
        settings.kind, root=settings.root, split=settings.split, count=settings.count, seed=settings.seed,
        size=settings.size, images=settings.images, holdout=settings.holdout,
    )  # fmt: skip
    if settings.limit is not None and settings.limit < len(data):
        data = Subset(data, settings.limit)
    if not settings.keep or len(data) == 0:
        return data
    kept = Kept(data)
    return kept if len(kept) * kept.stride <= psutil.virtual_memory().available * KEPT_SHARE else data


@dataclass(frozen=True)
class ClassCounts:
    """What class weights are computed from: length K float64 each, as parts of all labelled pixels. pixels: of each
    class; they sum to 1. shown_in: all pixels, void too, of the pictures that show it."""

    pixels: np.ndarray
    shown_in: np.ndarray


def count_classes(data: Sequence[LabelledPictures], shares: Sequence[float], *, at_most: int = 400) -> ClassCounts:
    """Count the classes over evenly spread pictures of each part; each part weighs its share (0-1, of a sum of 1)."""
    pixels, shown_in = np.zeros((2, len(data[0].labels)))
    for part, share in zip(data, shares, strict=True):
        own = class_balance(part, at_most=at_most)
        weight = share / max(1, own.pixels.sum())
        pixels += weight * own.pixels
        shown_in += weight * own.shown_in
    return ClassCounts(pixels, shown_in)


class Draws:
    """Map-style stream for a DataLoader: draw number k -> (image C×H×W float32 preprocessed, mask H×W uint8).

    Where the data have further tasks, their label maps come third, as a dictionary: task name -> H×W uint8.
    """

    def __init__(
        self,
        data: Sequence[LabelledPictures],
        *,
        shares: Sequence[float | None],
        augment: AugmentSettings,
        preprocessing: Preprocessing,
        seed: int,
        sample_share: float = 1.0,
    ) -> None:
        classes = [part.labels.classes for part in data]
        if any(c != classes[0] for c in classes):
            raise ValueError("data sets can only be mixed when their classes are the same, in the same order")
        self.data = list(data)
        weights = np.array([len(d) if s is None else s for d, s in zip(data, shares, strict=True)], dtype=float)
        if any(s is None for s in shares) and any(s is not None for s in shares):
            raise ValueError("give every data set of a mixture a share, or none")
        self.shares = weights / weights.sum()
        self.preprocessing, self.seed, self.augment = preprocessing, seed, augment
        self.sample_share = sample_share
        self.rare = tuple(data[0].labels.index(name) for name in augment.rare_classes)
        self.view, self.look = build_transforms(augment, self.rare, preprocessing)
        self.epoch_length = self._epoch_length()
        self._plan: tuple[int, np.ndarray] | None = None

    def _epoch_length(self) -> int:
        """Draws an epoch: as many as give the part with the smallest surplus one pass (one data set: its length)."""
        return max(1, round(min(len(d) / s for d, s in zip(self.data, self.shares, strict=True))))

    def _epoch_plan(self, epoch: int) -> np.ndarray:
        """epoch_length × 2: data set and picture of each draw of an epoch. No picture twice before all of its set."""
        if self._plan is None or self._plan[0] != epoch:
            edges = np.rint(np.cumsum([0.0, *self.shares]) * self.epoch_length).astype(int)
            rows = []
            for number, part in enumerate(self.data):
                each = edges[number + 1] - edges[number]
                places = np.arange(epoch * each, (epoch + 1) * each)
                for turn in np.unique(places // len(part)):
                    order = np.random.default_rng([self.seed, 1, number, int(turn)]).permutation(len(part))
                    chosen = order[places[places // len(part) == turn] % len(part)]
                    rows.append(np.column_stack([np.full(len(chosen), number), chosen]))
            plan = np.random.default_rng([self.seed, 2, epoch]).permutation(np.concatenate(rows))
            self._plan = (epoch, plan)
        return self._plan[1]

    def sample(self, draw: int) -> Sample:
        """The varied sample of a draw, before preprocessing."""
        epoch, place = divmod(draw, self.epoch_length)
        number, index = self._epoch_plan(epoch)[place]
        rng = np.random.default_rng([self.seed, 3, draw])
        sample = self.view(self.data[number][int(index)], rng)
        if rng.random() < self.augment.class_mix:
            part = self.data[number]
            other = self.view(part[int(rng.integers(len(part)))], rng)
            sample = mix_classes(sample, other, rng, classes=self.rare or None)
        sample = self.look(sample, rng)
        if self.sample_share < 1:
            sample = sample_blocks(sample, self.sample_share, np.random.default_rng([self.seed, 4, draw]))
        return sample

    def __getitem__(self, draw: int) -> tuple[Tensor, Tensor] | tuple[Tensor, Tensor, dict[str, Tensor]]:
        sample = self.sample(draw)
        image, mask = self.preprocessing.apply(sample.image), torch.from_numpy(np.ascontiguousarray(sample.mask))
        if not sample.tasks:
            return image, mask
        return image, mask, {task: torch.from_numpy(np.ascontiguousarray(m)) for task, m in sample.tasks.items()}


def build_transforms(
    augment: AugmentSettings, rare: tuple[int, ...], preprocessing: Preprocessing
) -> tuple[RandomView, Transform]:
    """The geometric part and the part that only changes colours."""
    mean = [255 * m / preprocessing.scale for m in preprocessing.mean]
    if preprocessing.channel_order == "BGR":
        mean[:3] = mean[:3][::-1]
    view = RandomView(
        size=augment.crop, scale=augment.scale, stretch=augment.stretch, rotate=augment.rotate, mirror=augment.mirror,
        fill=tuple(mean), rare=augment.rare_crops, rare_classes=rare,
    )  # fmt: skip
    colours = ColourJitter(
        brightness=augment.brightness, contrast=augment.contrast, saturation=augment.saturation, hue=augment.hue,
        balance=augment.balance, gamma=augment.gamma, probability=augment.colour_probability,
    )  # fmt: skip
    blur, noise = Blur(augment.blur, augment.blur_probability), Noise(augment.noise, augment.noise_probability)
    return view, Compose((colours, blur, noise))


def sample_blocks(sample: Sample, share: float, rng: np.random.Generator) -> Sample:
    """Void all but a random share (0-1) of the 32×32 blocks: patch sampling as a mask on the loss (CVPR 2015, 3.4).

    The masks (H×W uint8) of the sample and of its tasks lose the same blocks; the image stays. A block is what one cell
    of the coarsest map answers for.
    """
    height, width = sample.mask.shape
    kept = rng.random((-(-height // BLOCK), -(-width // BLOCK))) < share
    left_out = ~kept.repeat(BLOCK, 0).repeat(BLOCK, 1)[:height, :width]
    tasks = {name: np.where(left_out, np.uint8(VOID), mask) for name, mask in sample.tasks.items()}
    return replace(sample, mask=np.where(left_out, np.uint8(VOID), sample.mask), tasks=tasks)


class StepBatches:
    """Batch sampler: for each pass from `first` on, this process's part of the pass's draws; endless."""

    def __init__(self, batch_size: int, *, first: int = 0, rank: int = 0, processes: int = 1) -> None:
        if batch_size % processes:
            raise ValueError(f"batch_size {batch_size} cannot be divided evenly over {processes} processes")
        self.batch_size, self.first, self.rank = batch_size, first, rank
        self.part = batch_size // processes

    def __iter__(self) -> Iterator[list[int]]:
        for number in itertools.count(self.first):
            start = number * self.batch_size + self.rank * self.part
            yield list(range(start, start + self.part))


def prepare_worker(_: int) -> None:
    """Worker processes use one thread, and leave Ctrl-C and stop signals to the main process."""
    cv2.setNumThreads(0)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
