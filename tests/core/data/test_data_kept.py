from __future__ import annotations

import os
import pickle

import numpy as np
import pytest

from fcn_core.data.kept import Kept, Subset, channels_of, tasks_of
from fcn_core.data.sample import Sample
from fcn_core.labels import CAMVID


class Counting:
    """A data set that counts how often it was asked; the last picture is larger than the others."""

    labels, name = CAMVID, "counting"

    def __init__(self):
        self.asked = []

    def __len__(self):
        return 4

    def __getitem__(self, index):
        self.asked.append(index)
        size = (5, 7) if index < 3 else (6, 7)
        return Sample(
            image=np.full((*size, 3), index, np.uint8), mask=np.full(size, index, np.uint8), name=f"bild-{index}-ü"
        )


def test_reads_once_and_returns_the_same():
    source = Counting()
    kept = Kept(source)
    source.asked.clear()
    for _ in range(3):
        for index in range(4):
            sample = kept[index]
            assert sample.name == f"bild-{index}-ü" and (sample.image == index).all() and (sample.mask == index).all()
    assert source.asked == [0, 1, 2, 3, 3, 3]  # the odd size is never kept
    kept[1].image[:] = 99  # a caller may change what it got
    assert (kept[1].image == 1).all()
    with pytest.raises(IndexError):
        kept[4]
    assert (pickle.loads(pickle.dumps(kept))[2].image == 2).all()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_what_a_forked_worker_read_is_there_for_all():
    source = Counting()
    kept = Kept(source)
    child = os.fork()
    if child == 0:
        kept[2]
        os._exit(0)
    os.waitpid(child, 0)
    source.asked.clear()
    assert (kept[2].image == 2).all() and source.asked == []


def test_subset_is_spread():
    subset = Subset(Counting(), 2)
    assert [subset[i].name for i in range(len(subset))] == ["bild-0-ü", "bild-3-ü"]
    assert len(Subset(Counting(), 9)) == 4


class Spectral:
    """Float images of five bands with a second label map."""

    labels, name, channels, tasks = CAMVID, "spectral", 5, {"geo": CAMVID}

    def __len__(self):
        return 3

    def __getitem__(self, index):
        rng = np.random.default_rng(index)
        return Sample(
            image=rng.random((5, 7, 5), dtype=np.float32), mask=np.full((5, 7), index, np.uint8), name=f"{index}",
            tasks={"geo": np.full((5, 7), index + 1, np.uint8)}, colour=True,
        )  # fmt: skip


def test_keeps_every_dtype_channel_and_task():
    source = Spectral()
    kept = Kept(source)
    assert kept.channels == 5 and kept.tasks == {"geo": CAMVID} and Subset(source, 2).channels == 5
    for _ in range(2):
        for index in range(3):
            sample, expected = kept[index], source[index]
            assert sample.image.dtype == np.float32 and np.array_equal(sample.image, expected.image)
            assert np.array_equal(sample.mask, expected.mask) and sample.name == expected.name
            assert np.array_equal(sample.tasks["geo"], expected.tasks["geo"]) and sample.colour is True
    assert np.array_equal(pickle.loads(pickle.dumps(kept))[2].tasks["geo"], source[2].tasks["geo"])
    assert channels_of(Counting()) == 3 and tasks_of(Counting()) == {}
