"""Synthetic streets: exact labels, determinism, balance, and one scene at any size."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_core.data.sample import Sample
from fcn_core.data.streets.make_samples import SAMPLE_INDICES, SAMPLE_SEED, SAMPLE_SIZE, sample_folder, write_samples
from fcn_core.data.streets.scenes import MIN_SIDE, Streets, scene
from fcn_core.labels import CAMVID, VOID


@pytest.fixture(scope="module")
def many() -> list[Sample]:
    return [scene(2, index, size=(120, 160)) for index in range(28)]


@pytest.fixture(scope="module")
def shares(many: list[Sample]) -> dict[str, float]:
    counts = sum(np.bincount(s.mask.ravel(), minlength=256) for s in many)
    return {name: float(counts[i] / counts.sum()) for i, name in enumerate(CAMVID.classes)}


def test_same_seed_and_index_give_the_same_pixels():
    first, again = scene(4, 7, size=(97, 131)), scene(4, 7, size=(97, 131))
    assert np.array_equal(first.image, again.image) and np.array_equal(first.mask, again.mask)
    assert first.name == again.name == "streets-4-7"


def test_other_indices_and_seeds_give_other_scenes():
    masks = [scene(seed, index, size=(60, 80)).mask for seed, index in ((0, 0), (0, 1), (1, 0), (1, 1))]
    for i, a in enumerate(masks):
        for b in masks[i + 1 :]:
            assert (a != b).mean() > 0.05


def test_global_random_state_is_neither_read_nor_changed():
    np.random.seed(1)
    before = np.random.get_state()[1].copy()
    one = scene(0, 3, size=(48, 64))
    assert np.array_equal(before, np.random.get_state()[1])
    np.random.seed(2)
    assert np.array_equal(one.image, scene(0, 3, size=(48, 64)).image)


def test_threads_draw_what_one_thread_draws():
    alone = [scene(5, i, size=(60, 80)) for i in range(8)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda i: scene(5, i, size=(60, 80)), range(8)))
    for a, b in zip(alone, together, strict=True):
        assert np.array_equal(a.image, b.image) and np.array_equal(a.mask, b.mask)


@pytest.mark.parametrize("size", [(MIN_SIDE, MIN_SIDE), (97, 131), (33, 200), (200, 33), (240, 320), (360, 480)])
def test_any_size_has_a_full_image_and_only_class_labels(size):
    sample = scene(0, 11, size=size)
    assert sample.image.shape == (*size, 3) and sample.mask.shape == size
    assert sample.image.dtype == sample.mask.dtype == np.uint8
    assert sample.mask.max() < len(CAMVID)


@pytest.mark.parametrize("size", [(1, 1), (MIN_SIDE - 1, 64), (64, 0)])
def test_a_size_too_small_is_refused_with_the_least_size(size):
    with pytest.raises(ValueError, match=f"at least {MIN_SIDE}x{MIN_SIDE}"):
        scene(0, 0, size=size)


@pytest.mark.parametrize(("seed", "index"), [(-1, 0), (0, -2)])
def test_negative_seed_or_index_is_refused(seed, index):
    with pytest.raises(ValueError, match="0 or more"):
        scene(seed, index)


def test_every_class_appears_and_the_balance_is_that_of_a_street(shares):
    assert min(shares.values()) > 0.002
    assert set(sorted(shares, key=shares.__getitem__)[-3:]) == {"road", "building", "sky"}
    for small in ("pole", "sign", "pedestrian", "bicyclist", "fence"):
        assert shares[small] < 0.04 < shares["car"]


def test_sky_lies_above_and_road_below(many):
    rows = np.arange(120)[:, None]
    for sample in many:
        road = sample.mask == CAMVID.index("road")
        sky = sample.mask == CAMVID.index("sky")
        assert (road * rows).sum() / road.sum() > 70
        assert sky.sum() == 0 or (sky * rows).sum() / sky.sum() < 55


def test_poles_are_thin():
    pole = CAMVID.index("pole")
    runs: list[int] = []
    for index in range(12):
        for row in scene(2, index, size=(240, 320)).mask == pole:
            edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
            runs += list(edges[1::2] - edges[::2])
    assert 1 <= np.median(runs) <= 4


def test_a_small_scene_is_the_large_scene_seen_from_afar():
    for index in range(6):
        small, large = scene(1, index, size=(120, 160)).mask, scene(1, index, size=(360, 480)).mask
        assert (small == large[1::3, 1::3]).mean() > 0.93


def test_labels_follow_what_is_drawn():
    """Edges of the label map are edges of the image: the image changes more across them than elsewhere."""
    inside, across = [], []
    for index in range(8):
        sample = scene(1, index, size=(240, 320))
        step = np.abs(np.diff(sample.image.astype(float).mean(axis=2), axis=1))
        edge = np.diff(sample.mask.astype(int), axis=1) != 0
        across.append(step[edge].mean())
        inside.append(step[~edge].mean())
    assert np.mean(across) > 3 * np.mean(inside)


def test_void_is_drawn_only_when_asked_for():
    plain, with_void = scene(0, 5, size=(120, 160)), scene(0, 5, size=(120, 160), void=True)
    assert not (plain.mask == VOID).any()
    bonnet = with_void.mask == VOID
    assert 0 < bonnet.mean() < 0.15 and not bonnet[:90].any()
    assert np.array_equal(plain.mask[~bonnet], with_void.mask[~bonnet])


def test_streets_is_a_map_style_data_set():
    data = Streets(5, seed=1, size=(48, 64))
    assert len(data) == 5 and data.labels is CAMVID and data.name == "streets-1"
    assert np.array_equal(data[3].mask, scene(1, 3, size=(48, 64)).mask)
    assert data[-1].name == data[4].name
    with pytest.raises(IndexError):
        data[5]
    assert len([sample.name for sample in data]) == 5
    with pytest.raises(ValueError, match="at least one scene"):
        Streets(0)


def test_shipped_samples_are_what_the_command_draws(tmp_path: Path):
    files = write_samples(tmp_path)
    assert len(files) == 2 * len(SAMPLE_INDICES)
    for path in files:
        assert path.stat().st_size < 250_000
        shipped = np.asarray(Image.open(sample_folder() / path.name))
        drawn = np.asarray(Image.open(path))
        assert shipped.shape == drawn.shape and shipped.shape[:2] == SAMPLE_SIZE
        if path.suffix == ".png":
            assert (shipped == drawn).mean() > 0.999
    first = np.asarray(Image.open(tmp_path / "streets-1.labels.png"))
    assert np.array_equal(first, scene(SAMPLE_SEED, SAMPLE_INDICES[0], size=SAMPLE_SIZE).mask)


@pytest.mark.parametrize(
    ("image", "mask", "message"),
    [
        (np.zeros((4, 5, 3), np.float64), np.zeros((4, 5), np.uint8), "image must be a uint8"),
        (np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5), np.int64), "mask must be a uint8"),
        (np.zeros((4, 5), np.uint8), np.zeros((4, 5), np.uint8), "H×W×C"),
        (np.zeros((4, 5, 3), np.uint8), np.zeros((4, 5, 1), np.uint8), "mask must be H×W"),
        (np.zeros((4, 5, 3), np.uint8), np.zeros((5, 4), np.uint8), "one size"),
        (np.zeros((0, 5, 3), np.uint8), np.zeros((0, 5), np.uint8), "empty"),
    ],
)
def test_a_sample_refuses_arrays_that_do_not_fit(image, mask, message):
    with pytest.raises(ValueError, match=message):
        Sample(image, mask, "x")
