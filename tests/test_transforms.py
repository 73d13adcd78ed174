from __future__ import annotations

import cv2
import numpy as np
import pytest

from fcn_core.data.sample import Sample
from fcn_core.data.transforms import Blur, ColourJitter, Compose, Noise, RandomView, mix_classes
from fcn_core.labels import VOID


def blocks(size: int = 12, cell: int = 8) -> Sample:
    """A picture of flat squares whose red channel says the class of the label map (class × 20)."""
    rng = np.random.default_rng(0)
    mask = rng.integers(0, 10, (size, size)).repeat(cell, 0).repeat(cell, 1).astype(np.uint8)
    image = np.stack([mask * 20, np.full_like(mask, 90), 255 - mask * 20], axis=-1)
    return Sample(image=image, mask=mask, name="blocks")


@pytest.mark.parametrize(
    "view",
    [
        RandomView((40, 60)),
        RandomView((40, 60), scale=(0.5, 2.0), mirror=0.5),
        RandomView((40, 60), scale=(0.7, 1.5), rotate=30, stretch=1.3, mirror=0.5),
        RandomView((150, 130), scale=(0.5, 2.0)),
        RandomView((40, 60), scale=(1.0, 2.0), rare=1.0, rare_classes=(3, 4)),
    ],
)
def test_image_and_mask_stay_aligned(view):
    sample = blocks()
    for seed in range(10):
        seen = view(sample, np.random.default_rng(seed))
        assert seen.image.shape == (*view.size, 3) and seen.mask.shape == view.size
        # Away from the borders of the squares, where the picture is interpolated, red must spell the class.
        box = np.ones((5, 5), np.uint8)
        flat = cv2.dilate(seen.mask, box) == cv2.erode(seen.mask, box)
        flat[:2], flat[-2:], flat[:, :2], flat[:, -2:] = False, False, False, False
        inside = flat & (seen.mask != VOID)
        assert inside.sum() > 50
        assert np.abs(seen.image[..., 0][inside].astype(int) - 20 * seen.mask[inside]).max() <= 2
        outside = flat & (seen.mask == VOID)
        assert (np.abs(seen.image[outside].astype(int) - view.fill) <= 2).all()


def test_scale_one_is_an_exact_crop_and_mirror_an_exact_mirror():
    rng = np.random.default_rng(3)
    pixels, indices = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8), rng.integers(0, 9, (20, 30), dtype=np.uint8)
    sample = Sample(image=pixels, mask=indices, name="x")
    for mirror in (0.0, 1.0):
        crop = RandomView((7, 11), mirror=mirror)(sample, np.random.default_rng(0))
        image, mask = (crop.image[:, ::-1], crop.mask[:, ::-1]) if mirror else (crop.image, crop.mask)
        places = [
            (y, x)
            for y in range(14)
            for x in range(20)
            if (pixels[y : y + 7, x : x + 11] == image).all() and (indices[y : y + 7, x : x + 11] == mask).all()
        ]
        assert len(places) == 1


def test_small_picture_is_padded_with_void_and_fill():
    sample = blocks(size=2)
    seen = RandomView((40, 40), fill=(1, 2, 3))(sample, np.random.default_rng(1))
    assert (seen.mask != VOID).sum() == sample.mask.size
    assert (seen.image[seen.mask == VOID] == (1, 2, 3)).all()


def test_rare_views_find_the_rare_class():
    mask = np.zeros((200, 200), np.uint8)
    mask[150:154, 20:24] = 7
    sample = Sample(image=np.zeros((200, 200, 3), np.uint8), mask=mask, name="one pole")

    def found(view: RandomView) -> int:
        return sum((view(sample, np.random.default_rng(seed)).mask == 7).any() for seed in range(40))

    assert found(RandomView((40, 40), rare=1.0, rare_classes=(7, 8))) == 40
    assert found(RandomView((40, 40))) < 10


@pytest.mark.parametrize(
    "change",
    [
        ColourJitter(brightness=0.3, contrast=0.3, saturation=0.5, hue=30, balance=0.1, gamma=1.5),
        Blur(2.0, 1.0),
        Noise(20.0, 1.0),
        Compose((ColourJitter(brightness=0.3), Blur(1.0, 1.0), Noise(5.0, 1.0))),
    ],
)
def test_colour_changes_leave_the_mask_and_repeat_with_the_generator(change):
    sample = blocks()
    once, again, other = (change(sample, np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert once.mask is sample.mask or (once.mask == sample.mask).all()
    assert (once.image == again.image).all() and (once.image != other.image).any()
    assert (once.image != sample.image).any() and once.image.dtype == np.uint8


def test_nothing_asked_changes_nothing():
    sample = blocks()
    rng = np.random.default_rng(0)
    same = Compose((ColourJitter(), Blur(1.0, 0.0), Noise(1.0, 0.0)))(sample, rng)
    assert np.abs(same.image.astype(int) - sample.image).max() <= 1


def test_grey_stays_grey_under_hue_and_saturation():
    grey = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[None, :, None], 3, axis=2).repeat(4, 0)
    sample = Sample(image=np.ascontiguousarray(grey), mask=np.zeros(grey.shape[:2], np.uint8), name="grey")
    turned = ColourJitter(saturation=0.9, hue=180)(sample, np.random.default_rng(0))
    assert np.abs(turned.image.astype(int) - grey).max() <= 1


def test_mix_pastes_whole_classes():
    under, over = blocks(), blocks()
    over = Sample(image=255 - over.image, mask=np.rot90(over.mask).copy(), name="over")
    mixed = mix_classes(under, over, np.random.default_rng(0), classes=[2, 5])
    pasted = np.isin(over.mask, [2, 5])
    assert (mixed.mask == np.where(pasted, over.mask, under.mask)).all()
    assert (mixed.image[pasted] == over.image[pasted]).all() and (mixed.image[~pasted] == under.image[~pasted]).all()
    half = mix_classes(under, over, np.random.default_rng(0))
    assert 0 < (half.mask != under.mask).sum() < half.mask.size
