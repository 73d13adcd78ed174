from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from fcn_core.data.sample import Sample
from fcn_core.labels import CAMVID, VOC
from fcn_core.training.loop.stream import Draws, StepBatches, build_transforms, count_classes
from fcn_core.training.settings.groups import AugmentSettings
from fcn_core.weights.preprocessing import IMAGENET, Preprocessing

PLAIN = AugmentSettings(crop=(4, 4), scale=(1, 1), mirror=0, colour_probability=0)


class Flat:
    """Pictures of one class and one grey level each: `first` + index."""

    labels = CAMVID

    def __init__(self, name, count, first=0, label=0):
        self.name, self.count, self.first, self.label = name, count, first, label

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        image = np.full((4, 4, 3), self.first + index, np.uint8)
        return Sample(image=image, mask=np.full((4, 4), self.label, np.uint8), name=f"{self.name}{index}")


def draws(*data, shares=None, augment=PLAIN, seed=0):
    return Draws(data, shares=shares or [None] * len(data), augment=augment, preprocessing=IMAGENET, seed=seed)


def grey(stream, numbers):
    return [int(stream.sample(k).image[0, 0, 0]) for k in numbers]


def test_an_epoch_shows_every_picture_once_in_a_new_order():
    stream = draws(Flat("a", 7), Flat("b", 5, first=100))
    assert stream.epoch_length == 12
    first, second = grey(stream, range(12)), grey(stream, range(12, 24))
    assert sorted(first) == sorted(second) == [*range(7), *range(100, 105)]
    assert first != second and first == grey(draws(Flat("a", 7), Flat("b", 5, first=100)), range(12))
    assert first != grey(draws(Flat("a", 7), Flat("b", 5, first=100), seed=1), range(12))


def test_shares_hold_and_large_sets_are_walked_through():
    stream = draws(Flat("small", 10), Flat("large", 60, first=100), shares=[1, 2])
    assert stream.epoch_length == 30
    seen = grey(stream, range(90))
    assert [sum(v < 100 for v in seen[e * 30 : e * 30 + 30]) for e in range(3)] == [10, 10, 10]
    assert sorted(v for v in seen if v >= 100) == list(range(100, 160))  # 3 epochs × 20


def test_a_draw_does_not_depend_on_what_was_drawn_before():
    augment = AugmentSettings(crop=(3, 3), noise=5, noise_probability=1.0, class_mix=0.5)
    stream, other = draws(Flat("a", 7), augment=augment), draws(Flat("a", 7), augment=augment)
    backwards = [other[k] for k in reversed(range(20))][::-1]
    for (image, mask), (same_image, same_mask) in zip((stream[k] for k in range(20)), backwards, strict=True):
        assert torch.equal(image, same_image) and torch.equal(mask, same_mask)
    image, mask = stream[0]
    assert image.shape == (3, 3, 3) and image.dtype == torch.float32 and mask.dtype == torch.uint8


def test_steps_are_divided_over_processes():
    def take(**options):
        return list(itertools.islice(StepBatches(4, **options), 3))

    assert take() == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]]
    assert take(first=5)[0] == [20, 21, 22, 23]
    assert [a + b for a, b in zip(take(rank=0, processes=2), take(rank=1, processes=2), strict=True)] == take()
    with pytest.raises(ValueError, match="cannot be divided"):
        StepBatches(4, processes=3)


def test_class_counts_follow_the_shares():
    counts = count_classes([Flat("a", 3, label=1), Flat("b", 9, label=4)], [0.25, 0.75])
    pixels = counts.pixels
    assert pixels[1] == pytest.approx(0.25) and pixels[4] == pytest.approx(0.75) and pixels.sum() == pytest.approx(1)
    assert counts.shown_in == pytest.approx(pixels), "one class fills each of these pictures"


def test_a_class_is_shown_in_whole_pictures_void_too():
    class Mixed(Flat):
        def __getitem__(self, index):
            mask = np.array([[[0, 0], [1, 255]], [[0, 0], [0, 0]]][index], np.uint8)
            return Sample(image=np.zeros((2, 2, 3), np.uint8), mask=mask, name=f"{index}")

    counts = count_classes([Mixed("mixed", 2)], [1.0])
    assert counts.pixels[:3] == pytest.approx([6 / 7, 1 / 7, 0])
    assert counts.shown_in[:3] == pytest.approx([8 / 7, 4 / 7, 0])


def test_wrong_mixtures_are_refused():
    voc = Flat("voc", 2)
    voc.labels = VOC
    with pytest.raises(ValueError, match="classes are the same"):
        draws(Flat("a", 2), voc)
    with pytest.raises(ValueError, match="every data set of a mixture a share, or none"):
        draws(Flat("a", 2), Flat("b", 2), shares=[1, None])
    with pytest.raises(ValueError, match="no class 'dragon'"):
        draws(Flat("a", 2), augment=AugmentSettings(rare_classes=("dragon",)))


def test_label_maps_of_further_tasks_come_along():
    class WithTask(Flat):
        def __getitem__(self, index):
            sample = super().__getitem__(index)
            return Sample(sample.image, sample.mask, sample.name, tasks={"geo": sample.mask + np.uint8(2)})

    image, mask, tasks = draws(WithTask("a", 3, label=1))[0]
    assert image.shape == (3, 4, 4) and (mask == 1).all() and list(tasks) == ["geo"] and (tasks["geo"] == 3).all()
    assert len(draws(Flat("a", 3))[0]) == 2


def test_views_of_bands_are_padded_with_their_means():
    bands = Preprocessing.of_bands((10.0, 20.5, 30.0, 40.0, 50.0), (1.0, 2.0, 3.0, 4.0, 5.0))
    view, _ = build_transforms(AugmentSettings(crop=(8, 8), scale=(1, 1)), (), bands)
    small = Sample(np.zeros((2, 2, 5), np.float32), np.zeros((2, 2), np.uint8), "small")
    seen = view(small, np.random.default_rng(0))
    assert (bands.apply(seen.image).numpy()[:, seen.mask == 255] == 0).all()
