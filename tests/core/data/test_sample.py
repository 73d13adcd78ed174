from __future__ import annotations

import numpy as np
import pytest

from fcn_core.data.sample import Sample


def sample(image, mask=None, **more):
    return Sample(image=image, mask=np.zeros(image.shape[:2], np.uint8) if mask is None else mask, name="x", **more)


@pytest.mark.parametrize(
    ("channels", "dtype", "colour"),
    [(3, np.uint8, True), (4, np.uint8, True), (8, np.uint8, False), (1, np.uint8, False), (3, np.uint16, False),
     (4, np.float32, False)],
)  # fmt: skip
def test_only_usual_images_are_taken_for_colour(channels, dtype, colour):
    assert sample(np.zeros((4, 5, channels), dtype)).colour is colour
    assert sample(np.zeros((4, 5, 6), dtype), colour=True).colour is True


@pytest.mark.parametrize(
    ("image", "more", "expected"),
    [
        (np.zeros((4, 5, 3)), {}, "uint8, uint16 or float32 numpy array, got float64"),
        (np.zeros((4, 5), np.uint8), {}, "H×W×C"),
        (np.zeros((4, 5, 3), np.uint8), {"mask": np.zeros((4, 6), np.uint8)}, "one size"),
        (np.zeros((4, 5, 3), np.uint8), {"mask": np.zeros((4, 5), np.int64)}, "mask must be a uint8"),
        (np.zeros((4, 5, 3), np.uint8), {"tasks": {"geo": np.zeros((5, 4), np.uint8)}}, "task 'geo' must have one"),
        (np.zeros((4, 5, 3), np.uint8), {"tasks": {"geo": np.zeros((4, 5))}}, "task 'geo' must be a uint8"),
        (np.zeros((4, 5, 1), np.uint8), {"colour": True}, "3 channels or more"),
        (np.zeros((0, 5, 3), np.uint8), {}, "empty"),
    ],
)
def test_what_does_not_fit_is_named(image, more, expected):
    with pytest.raises(ValueError, match=expected):
        sample(image, **more)
