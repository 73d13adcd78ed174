"""Training-time changes of a sample: a random view, a mirror image, colours, blur, noise, and classes from another.

Every transform is a frozen dataclass called as `transform(sample, rng) -> Sample`; all chance comes from the numpy
Generator that is handed in, so that a draw can be repeated. Image and label map always move together; the label map
is never interpolated, and what lies outside the photo is void.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, log, radians, sin
from typing import Protocol

import cv2
import numpy as np

from fcn_core.data.sample import Sample
from fcn_core.labels import VOID


class Transform(Protocol):
    """A change of a sample that takes its chance from `rng`."""

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample: ...


@dataclass(frozen=True)
class RandomView:
    """A crop at a random scale, place, angle and mirroring, resampled once.

    size: height and width of the result in pixels. scale: smallest and largest magnification, drawn evenly on a
    logarithmic scale. stretch: up to this factor wider or narrower. rotate: largest angle in degrees. mirror: share
    of views that are mirrored left to right. fill: RGB 0-255 of pixels outside the photo. rare: share of views that
    are centred near a pixel of one of `rare_classes` (class indices) when the sample has any.
    """

    size: tuple[int, int]
    scale: tuple[float, float] = (1.0, 1.0)
    stretch: float = 1.0
    rotate: float = 0.0
    mirror: float = 0.0
    fill: tuple[int, int, int] = (124, 116, 104)
    rare: float = 0.0
    rare_classes: tuple[int, ...] = ()

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        height, width = self.size
        zoom = float(np.exp(rng.uniform(log(self.scale[0]), log(self.scale[1]))))
        wider = float(np.exp(rng.uniform(-1, 1) * log(self.stretch)))
        angle = radians(rng.uniform(-self.rotate, self.rotate))
        flip = -1.0 if rng.random() < self.mirror else 1.0
        centre_x, centre_y = self._centre(sample.mask, zoom * wider, zoom, rng)

        # Result pixel -> photo pixel, both counted from their centres (half-pixel convention).
        c, s = cos(angle), sin(angle)
        back = np.array([[flip * c / (zoom * wider), s / zoom], [-flip * s / (zoom * wider), c / zoom]])
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        offset = np.array([centre_x, centre_y]) - back @ middle
        matrix = np.column_stack([back, offset])
        image = cv2.warpAffine(
            sample.image, matrix, (width, height), flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT, borderValue=self.fill,
        )  # fmt: skip
        mask = cv2.warpAffine(
            sample.mask, matrix, (width, height), flags=cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT, borderValue=VOID,
        )  # fmt: skip
        return Sample(image=image, mask=mask, name=sample.name)

    def _centre(self, mask: np.ndarray, zoom_x: float, zoom_y: float, rng: np.random.Generator) -> tuple[float, float]:
        """Photo coordinates of the view's middle: inside the photo as far as it reaches, else the photo fits inside."""
        spans = []
        for length, view in ((mask.shape[1], self.size[1] / zoom_x), (mask.shape[0], self.size[0] / zoom_y)):
            # Whole photo pixels, so that a view at scale 1 is an exact crop.
            first = float(np.floor(rng.random() * (abs(length - view) + 1)))
            first = min(first, abs(length - view)) * (1 if length >= view else -1)
            spans.append((first, length, view))
        middle = [first + (view - 1) / 2 for first, _, view in spans]
        if self.rare > 0 and rng.random() < self.rare:
            wanted = [c for c in self.rare_classes if (mask == c).any()]
            if wanted:
                ys, xs = np.nonzero(mask == rng.choice(wanted))
                pick = int(rng.integers(len(xs)))
                for axis, at in enumerate((float(xs[pick]), float(ys[pick]))):
                    _, length, view = spans[axis]
                    near = np.floor(at + rng.uniform(-0.3, 0.3) * view - view / 2)
                    if length >= view:
                        middle[axis] = float(np.clip(near, 0, length - view)) + (view - 1) / 2
        return middle[0], middle[1]


@dataclass(frozen=True)
class ColourJitter:
    """Brightness, contrast, saturation, hue and white balance, as one 3×4 colour matrix.

    Each of brightness, contrast, saturation and balance is the largest relative change (0.3: factors 0.7-1.3; balance
    for each channel by itself); hue is the largest turn of the colour circle in degrees; gamma the largest exponent
    and its inverse (1.0: none). probability: share of samples that are changed at all.
    """

    brightness: float = 0.0
    contrast: float = 0.0
    saturation: float = 0.0
    hue: float = 0.0
    balance: float = 0.0
    gamma: float = 1.0
    probability: float = 1.0

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        if rng.random() >= self.probability:
            return sample
        bright, contrast, saturation = (
            1 + rng.uniform(-width, width) for width in (self.brightness, self.contrast, self.saturation)
        )
        matrix = _saturation_and_hue(saturation, radians(rng.uniform(-self.hue, self.hue)))
        gains = 1 + rng.uniform(-self.balance, self.balance, size=3)
        matrix = np.diag(gains) @ matrix * bright
        mean = cv2.mean(sample.image)[:3]
        grey = float(np.mean(mean)) * bright
        affine = np.column_stack([matrix * contrast, np.full(3, (1 - contrast) * grey)])
        image = cv2.transform(sample.image, affine)
        if self.gamma > 1:
            exponent = np.exp(rng.uniform(-1, 1) * log(self.gamma))
            curve = 255 * (np.arange(256) / 255) ** exponent
            image = cv2.LUT(image, np.rint(curve).astype(np.uint8))
        return Sample(image=image, mask=sample.mask, name=sample.name)


def _saturation_and_hue(saturation: float, turn: float) -> np.ndarray:
    """3×3 RGB matrix that keeps luma (ITU-R BT.601) and scales and turns the YIQ chroma plane."""
    to_yiq = np.array([[0.299, 0.587, 0.114], [0.595716, -0.274453, -0.321263], [0.211456, -0.522591, 0.311135]])
    c, s = saturation * cos(turn), saturation * sin(turn)
    return np.linalg.solve(to_yiq, np.array([[1, 0, 0], [0, c, -s], [0, s, c]]) @ to_yiq)


@dataclass(frozen=True)
class Blur:
    """Gaussian blur with a random sigma up to `sigma` pixels, for a share `probability` of samples."""

    sigma: float = 1.0
    probability: float = 0.2

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        if self.sigma <= 0 or rng.random() >= self.probability:
            return sample
        image = cv2.GaussianBlur(sample.image, (0, 0), rng.uniform(0.1, 1) * self.sigma)
        return Sample(image=image, mask=sample.mask, name=sample.name)


@dataclass(frozen=True)
class Noise:
    """Gaussian noise of a random standard deviation up to `sigma` grey levels, for a share of samples."""

    sigma: float = 8.0
    probability: float = 0.2

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        if self.sigma <= 0 or rng.random() >= self.probability:
            return sample
        grain = rng.standard_normal(sample.image.shape, dtype=np.float32) * np.float32(rng.random() * self.sigma)
        image = np.clip(np.rint(sample.image + grain), 0, 255).astype(np.uint8)
        return Sample(image=image, mask=sample.mask, name=sample.name)


@dataclass(frozen=True)
class Compose:
    """Transforms one after the other."""

    steps: tuple[Transform, ...]

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        for step in self.steps:
            sample = step(sample, rng)
        return sample


def mix_classes(
    under: Sample, over: Sample, rng: np.random.Generator, *, classes: Sequence[int] | None = None
) -> Sample:
    """Paste the pixels of some classes of `over` onto `under`, both of the same size (ClassMix, Olsson et al. 2021).

    classes: the class indices to paste, such as rare ones; None takes a random half of the classes that `over` shows.
    """
    if under.mask.shape != over.mask.shape:
        raise ValueError(f"can only mix samples of one size, got {under.mask.shape} and {over.mask.shape}")
    if classes is None:
        shown = np.unique(over.mask)
        shown = shown[shown != VOID]
        classes = rng.permutation(shown)[: (len(shown) + 1) // 2].tolist()
    chosen = np.zeros(256, dtype=bool)
    chosen[list(classes)] = True
    paste = chosen[over.mask]
    image = np.where(paste[..., None], over.image, under.image)
    mask = np.where(paste, over.mask, under.mask)
    return Sample(image=image, mask=mask, name=f"{under.name}+{over.name}")
