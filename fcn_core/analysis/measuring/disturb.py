"""Spoil a label map on purpose: shift, erode, dilate, drop a class, salt noise, flood.

Label maps are H×W uint8, class indices and 255 for void. Every function returns a new map of the same size without
void, as a network's prediction has none: a void pixel has taken the label of the nearest pixel that has one.

Erosion and dilation are those of mathematical morphology with a disc of r pixels: distances are Euclidean, between
pixel centres. Which label fills a hole follows OpenCV's 5×5 chamfer distance, up to 2.5 % off the Euclidean one.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fcn_core.labels import VOID


@dataclass(frozen=True)
class Disturbance:
    """What is done to a label map, in this order.

    right, down: pixels by which it is shifted. grow: pixels by which `cls` is dilated (above 0) or eroded (below 0).
    drop: whether `cls` goes altogether. salt: share of pixels, 0-1, that get a random class. flood: the class that all
    pixels get in the end, or None. cls: class index that grow and drop are about.
    """

    cls: int
    right: int = 0
    down: int = 0
    grow: int = 0
    drop: bool = False
    salt: float = 0.0
    flood: int | None = None


def disturb(labels: np.ndarray, what: Disturbance, num_classes: int, *, seed: int = 0) -> np.ndarray:
    """The label map, H×W, with everything that `what` asks for. seed: of the salt noise."""
    if what.flood is not None:
        return np.full(_checked(labels).shape, what.flood, np.uint8)
    done = shift(without_void(labels), what.right, what.down)
    if what.drop:
        done = drop(done, what.cls)
    else:
        done = dilate(done, what.cls, what.grow) if what.grow > 0 else erode(done, what.cls, -what.grow)
    return salt(done, what.salt, num_classes, seed=seed)


def without_void(labels: np.ndarray) -> np.ndarray:
    """Every void pixel of a map, H×W, gets the label of the nearest pixel that has one; ValueError where none has."""
    void = _checked(labels) == VOID
    if void.all():
        raise ValueError("every pixel of the label map is void; expected at least one with a class")
    return _filled(labels, void) if void.any() else labels.copy()


def shift(labels: np.ndarray, right: int, down: int) -> np.ndarray:
    """Move the map, H×W, by whole pixels; what comes in at the side repeats the last column or row."""
    height, width = _checked(labels).shape
    rows = np.clip(np.arange(height) - down, 0, height - 1)
    columns = np.clip(np.arange(width) - right, 0, width - 1)
    return labels[rows[:, None], columns]


def erode(labels: np.ndarray, cls: int, radius: int) -> np.ndarray:
    """Pixels of `cls` within `radius` of another label of the map, H×W, get the nearest other label.

    The picture's edge is no boundary: a class that fills the picture stays.
    """
    mine = _checked(labels) == cls
    if radius <= 0 or not mine.any() or mine.all():
        return labels.copy()
    near = mine & (distance_to(~mine) <= radius)
    return np.where(near, _filled(labels, mine), labels)


def dilate(labels: np.ndarray, cls: int, radius: int) -> np.ndarray:
    """Pixels of the map, H×W, within `radius` of `cls` become `cls`."""
    mine = _checked(labels) == cls
    if radius <= 0 or not mine.any():
        return labels.copy()
    return np.where(distance_to(mine) <= radius, np.uint8(cls), labels)


def drop(labels: np.ndarray, cls: int) -> np.ndarray:
    """Pixels of `cls` get the nearest other label; a map, H×W, of that class alone stays as it is."""
    mine = _checked(labels) == cls
    return labels.copy() if mine.all() or not mine.any() else _filled(labels, mine)


def salt(labels: np.ndarray, share: float, num_classes: int, *, seed: int = 0) -> np.ndarray:
    """Each pixel of the map, H×W, gets, with probability `share` (0-1), any class, all equally likely, its own too.

    The same seed gives the same noise, and a larger share changes the same pixels and more.
    """
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"expected a share from 0 to 1, got {share}")
    if share == 0.0:
        return _checked(labels).copy()
    rng = np.random.default_rng(seed)
    hit = rng.random(_checked(labels).shape, np.float32) < share
    return np.where(hit, rng.integers(0, num_classes, labels.shape, np.uint8), labels)


def distance_to(mask: np.ndarray) -> np.ndarray:
    """H×W float32: distance in pixels from every pixel to the nearest one of `mask` (H×W bool); 0 inside it."""
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)


def _filled(labels: np.ndarray, hole: np.ndarray) -> np.ndarray:
    """Labels with every pixel of `hole` replaced by the nearest label outside it."""
    # Each zero of the input gets a number, and every pixel the number of its nearest zero.
    _, nearest = cv2.distanceTransformWithLabels(
        hole.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    known = ~hole
    label_of = np.zeros(int(nearest.max()) + 1, np.uint8)
    label_of[nearest[known]] = labels[known]
    return label_of[nearest]


def _checked(labels: np.ndarray) -> np.ndarray:
    if labels.ndim != 2 or labels.dtype != np.uint8:
        raise ValueError(f"expected a label map H×W of uint8, got shape {labels.shape} of {labels.dtype}")
    return labels
