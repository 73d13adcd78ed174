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


def spectral(channels: int, dtype: type, colour: bool | None = None) -> Sample:
    """Flat squares; channel c spells the class of the label map: class × 20 + c; the task's map is 9 - class."""
    plain = blocks()
    planes = [20.0 * plain.mask + c for c in range(channels)]
    return Sample(
        image=np.stack(planes, axis=-1).astype(dtype), mask=plain.mask, name="bands",
        tasks={"other": (9 - plain.mask).astype(np.uint8)}, colour=colour,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("channels", "dtype"), [(1, np.uint8), (2, np.float32), (4, np.uint16), (5, np.uint8), (9, np.float32)]
)
def test_every_channel_and_task_moves_with_the_mask(channels, dtype):
    sample = spectral(channels, dtype)
    view = RandomView((50, 60), scale=(0.8, 2.0), rotate=20, mirror=0.5, fill=tuple(range(200, 200 + channels)))
    for seed in range(6):
        seen = view(sample, np.random.default_rng(seed))
        assert seen.image.shape == (50, 60, channels) and seen.image.dtype == dtype
        box = np.ones((5, 5), np.uint8)
        flat = cv2.dilate(seen.mask, box) == cv2.erode(seen.mask, box)
        flat[:2], flat[-2:], flat[:, :2], flat[:, -2:] = False, False, False, False
        inside, outside = flat & (seen.mask != VOID), flat & (seen.mask == VOID)
        assert inside.sum() > 50
        for c in range(channels):
            assert np.abs(seen.image[..., c][inside] - (20.0 * seen.mask[inside] + c)).max() <= 2
            assert (np.abs(seen.image[..., c][outside] - (200.0 + c)) <= 2).all()
        assert (seen.tasks["other"][inside] == 9 - seen.mask[inside]).all()
        assert (seen.tasks["other"][seen.mask == VOID] == VOID).all()


def test_two_groups_of_channels_are_warped_alike():
    rng = np.random.default_rng(1)
    image = rng.random((30, 40, 3)).astype(np.float32)
    mask = np.zeros((30, 40), np.uint8)
    view = RandomView((20, 20), scale=(0.5, 2), rotate=30, stretch=1.3, mirror=0.5, fill=(0,) * 6)
    alone = view(Sample(image, mask, "rgb"), np.random.default_rng(5)).image
    doubled = view(Sample(np.concatenate([image, image], 2), mask, "six"), np.random.default_rng(5)).image
    assert np.array_equal(doubled, np.concatenate([alone, alone], axis=2))


def test_colours_change_only_in_the_first_three_channels_of_colour_images():
    jitter = ColourJitter(brightness=0.3, contrast=0.3, saturation=0.5, hue=30, balance=0.1, gamma=1.5)
    rgbx = spectral(4, np.uint8)
    plain = Sample(rgbx.image[..., :3].copy(), rgbx.mask, "rgb")
    changed = jitter(rgbx, np.random.default_rng(0))
    assert np.array_equal(changed.image[..., 3], rgbx.image[..., 3]) and changed.tasks is rgbx.tasks
    assert np.array_equal(changed.image[..., :3], jitter(plain, np.random.default_rng(0)).image)
    bands = spectral(8, np.uint8)
    assert jitter(bands, np.random.default_rng(0)) is bands
    depth = spectral(4, np.float32, colour=True)  # colour and log depth as float32
    as_float = jitter(depth, np.random.default_rng(0)).image
    assert np.array_equal(as_float[..., 3], depth.image[..., 3]) and as_float.dtype == np.float32
    assert np.abs(as_float[..., :3] - changed.image[..., :3]).max() <= 3  # rounded twice against not at all


def test_noise_is_scaled_to_the_range_of_a_channel_and_blur_keeps_the_shape():
    ramp = np.linspace(0, 1, 10_000, dtype=np.float32).reshape(100, 100)
    mask = np.zeros((100, 100), np.uint8)
    sample = Sample(np.stack([ramp, 1000 * ramp, np.full_like(ramp, 5)], -1), mask, "x")
    grain = Noise(20, 1.0)(sample, np.random.default_rng(0)).image - sample.image
    assert 0 < grain[..., 0].std() < 0.1
    assert grain[..., 1].std() == pytest.approx(1000 * grain[..., 0].std(), rel=0.05)
    assert (grain[..., 2] == 0).all()
    wide = Sample((sample.image[..., 1:2] * 65).astype(np.uint16), mask, "16 bit")
    for change in (Noise(8, 1.0), Blur(2.0, 1.0)):
        image = change(wide, np.random.default_rng(0)).image
        assert image.shape == wide.image.shape and image.dtype == np.uint16 and (image != wide.image).any()
    assert Blur(2.0, 1.0)(spectral(9, np.float32), np.random.default_rng(0)).image.shape == (96, 96, 9)


def test_mixing_pastes_every_channel_and_task():
    under, over = spectral(6, np.float32), spectral(6, np.float32)
    over = Sample(over.image + 1000, over.mask, "over", {"other": np.full_like(over.mask, 3)})
    mixed = mix_classes(under, over, np.random.default_rng(0), classes=[2, 5])
    pasted = np.isin(over.mask, [2, 5])
    assert np.array_equal(mixed.image, np.where(pasted[..., None], over.image, under.image))
    assert np.array_equal(mixed.tasks["other"], np.where(pasted, 3, under.tasks["other"]))
    with pytest.raises(ValueError, match="same channels and tasks"):
        mix_classes(under, Sample(over.image, over.mask, "no task"), np.random.default_rng(0))
