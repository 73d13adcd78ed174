from __future__ import annotations

import numpy as np
import pytest

from fcn_core.data.sample import Sample
from fcn_core.data.statistics import measure, preprocessing_for
from fcn_core.labels import CAMVID, VOID


class Bands:
    """Random pictures of four bands of very different range; the last is constant; a corner is void."""

    labels, name, channels = CAMVID, "bands", 4

    def __init__(self, count=6, void=False, wild=1e7):
        rng = np.random.default_rng(0)
        scale, shift = np.array([1, 1000, 1e-3, 0]), np.array([0, 50_000, 2, 31.7])
        self.images = [(rng.normal(size=(9, 7, 4)) * scale + shift).astype(np.float32) for _ in range(count)]
        self.masks = [np.zeros((9, 7), np.uint8) for _ in range(count)]
        for image, mask in zip(self.images, self.masks, strict=True):
            mask[:3, :3] = VOID
            image[:3, :3] = wild
            if void:
                mask[:] = VOID

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return Sample(self.images[index], self.masks[index], f"b{index}")


def test_mean_and_deviation_of_the_labelled_pixels():
    data = Bands()
    pixels = np.concatenate([i[m != VOID] for i, m in zip(data.images, data.masks, strict=True)]).astype(np.float64)
    mean, std = measure(data)
    assert np.allclose(mean, pixels.mean(0), rtol=1e-12)
    assert np.allclose(std[:3], pixels.std(0)[:3], rtol=1e-9) and std[3] == 1.0
    assert measure(data) == measure(data) and measure(data, 2) != measure(data)


def test_the_preprocessing_standardises_and_leaves_a_constant_band_at_zero():
    data = Bands()
    preprocessing = preprocessing_for(data)
    assert preprocessing.channels == 4 and preprocessing.values == "raw"
    planes = np.concatenate(
        [preprocessing.apply(i).numpy()[:, m != VOID] for i, m in zip(data.images, data.masks, strict=True)], axis=1
    )
    assert np.abs(planes.mean(1)).max() < 0.02 and np.abs(planes[:3].std(1) - 1).max() < 0.02
    assert np.abs(planes[3]).max() < 1e-3


def test_without_labels_all_pixels_count_and_nothing_is_nothing():
    mean, _ = measure(Bands(void=True, wild=5.0))
    assert mean[0] == pytest.approx(5 * 9 / 63, abs=0.2)
    with pytest.raises(ValueError, match="empty"):
        measure(Bands(count=0))
