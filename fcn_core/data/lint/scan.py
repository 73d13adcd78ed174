"""The linter's reading of pictures: each is read once, and what it shows is counted."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

from fcn_core.data.lint.masks import MaskProblem
from fcn_core.labels import VOID, LabelSet

THUMBNAIL = 16


@dataclass(frozen=True)
class FileLook:
    """One picture as far as it could be read.

    image: H×W×C of any dtype, or None. indices: H×W uint8, void 255, or None. photo, mask: file names, for messages.
    """

    photo: str
    mask: str
    image: np.ndarray | None
    indices: np.ndarray | None
    problems: tuple[MaskProblem, ...] = ()


@dataclass
class Scan:
    """What is gathered while reading, by split where a dict says so."""

    labels: LabelSet | None
    problems: dict[str, list[MaskProblem]] = field(default_factory=dict)  # code -> problems
    counts: dict[str, np.ndarray] = field(default_factory=dict)  # pixels of each value 0-255
    thumbnails: dict[str, list[np.ndarray]] = field(default_factory=dict)
    names: dict[str, list[str]] = field(default_factory=dict)
    read: dict[str, int] = field(default_factory=dict)
    all_void: list[str] = field(default_factory=list)

    def begin(self, split: str) -> None:
        """Make room for a split, so that one without a readable picture is counted as empty."""
        self.counts[split], self.read[split] = np.zeros(256, dtype=np.int64), 0
        self.thumbnails[split], self.names[split] = [], []

    def add(self, split: str, look: FileLook) -> None:
        """Count one picture."""
        self.read[split] += 1
        problems = list(look.problems)
        if look.image is not None and look.indices is not None and look.indices.shape != look.image.shape[:2]:
            problems.append(_sizes(look, look.image, look.indices))
        for problem in problems:
            self.problems.setdefault(problem.code, []).append(problem)
        if look.indices is not None and not problems:
            counts = np.bincount(look.indices.ravel(), minlength=256)
            self.counts[split] += counts
            if counts[VOID] == look.indices.size:
                self.all_void.append(look.mask)
        if look.image is not None:
            self.thumbnails[split].append(thumbnail(look.image))
            self.names[split].append(look.photo)

    @property
    def all_counts(self) -> np.ndarray:
        """Pixels of each value 0-255 over all splits, int64."""
        return sum(self.counts.values(), np.zeros(256, dtype=np.int64))

    @property
    def class_names(self) -> tuple[str, ...]:
        """The classes, or numbers up to the largest index where nothing names them."""
        if self.labels is not None:
            return self.labels.classes
        present = np.flatnonzero(self.all_counts[:VOID])
        return tuple(f"class {i}" for i in range(1 + (int(present[-1]) if present.size else 0)))


def thumbnail(image: np.ndarray) -> np.ndarray:
    """256 grey values (0-255 float32) by which a picture, H×W×C, is recognised at any size and compression."""
    if image.dtype == np.uint8 and image.shape[2] == 3:
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    else:
        grey = image.mean(axis=2, dtype=np.float64)
        low, high = np.nanmin(grey), np.nanmax(grey)
        grey = np.nan_to_num(255 * (grey - low) / (high - low if high > low else 1.0)).astype(np.float32)
    return cv2.resize(grey, (THUMBNAIL, THUMBNAIL), interpolation=cv2.INTER_AREA).ravel()


def _sizes(look: FileLook, image: np.ndarray, indices: np.ndarray) -> MaskProblem:
    said = (
        f"{look.photo} has {image.shape[1]}×{image.shape[0]} pixels, "
        f"its label map {indices.shape[1]}×{indices.shape[0]}"
    )
    mend = "Resize each label map to its photo with nearest neighbour, never with smoothing."
    if indices.shape == image.shape[1::-1]:
        mend = (
            "The two are turned by 90° against each other, as photos with an EXIF orientation are: turn the label map."
        )
    return MaskProblem("size_mismatch", look.photo, "error", said, mend)
