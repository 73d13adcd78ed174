"""Training-time changes of a sample: a random view, a mirror image, colours, blur, noise, and classes from another.

Every transform is a frozen dataclass called as `transform(sample, rng) -> Sample`; all chance comes from the numpy
Generator that is handed in, so that a draw can be repeated. Image and label maps always move together; label maps
are never interpolated, and what lies outside the photo is void. Geometry takes images of any number of channels;
colours change only where the first three channels are colours (`Sample.colour`), and the other channels stay.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import cos, log, radians, sin
from typing import Protocol

import cv2
import numpy as np

from fcn_core.data.sample import Sample
from fcn_core.labels import VOID

WARPED_AT_ONCE = 4  # channels for which OpenCV takes a border value


class Transform(Protocol):
    """A change of a sample that takes its chance from `rng`."""

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample: ...


@dataclass(frozen=True)
class RandomView:
    """A crop at a random scale, place, angle and mirroring, resampled once.

    size: height and width of the result in pixels. scale: smallest and largest magnification, drawn evenly on a
    logarithmic scale. stretch: up to this factor wider or narrower. rotate: largest angle in degrees. mirror: share
    of views that are mirrored left to right. fill: values of pixels outside the photo, one a channel in the image's
    own units (RGB 0-255); fewer numbers than channels leave the others 0. rare: share of views that are centred near
    a pixel of one of `rare_classes` (class indices) when the sample has any.
    """

    size: tuple[int, int]
    scale: tuple[float, float] = (1.0, 1.0)
    stretch: float = 1.0
    rotate: float = 0.0
    mirror: float = 0.0
    fill: tuple[float, ...] = (124, 116, 104)
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
        image = _warp(sample.image, matrix, self.size, cv2.INTER_LINEAR, self.fill)
        mask, *others = (
            _warp(m[..., None], matrix, self.size, cv2.INTER_NEAREST, (VOID,))[..., 0]
            for m in (sample.mask, *sample.tasks.values())
        )
        return replace(sample, image=image, mask=mask, tasks=dict(zip(sample.tasks, others, strict=True)))

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


def _warp(
    image: np.ndarray, matrix: np.ndarray, size: tuple[int, int], interpolation: int, fill: tuple[float, ...]
) -> np.ndarray:
    """H×W×C -> height×width×C under a 2×3 matrix from result to source pixels; `fill` outside, one number a channel."""
    channels = image.shape[2]
    values = (*fill, *[0.0] * channels)[:channels]
    if image.dtype != np.float32:
        values = tuple(round(value) for value in values)
    parts = []
    for first in range(0, channels, WARPED_AT_ONCE):
        part = slice(first, min(first + WARPED_AT_ONCE, channels))
        planes = image
        if channels not in (1, 3, 4):
            # OpenCV places these numbers of channels exactly, and others only to 1/32 of a pixel.
            planes = np.zeros((*image.shape[:2], WARPED_AT_ONCE), image.dtype)
            planes[..., : part.stop - first] = image[..., part]
        warped = cv2.warpAffine(
            planes, matrix, size[::-1], flags=interpolation | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_CONSTANT, borderValue=values[part],
        )  # fmt: skip
        parts.append(warped[..., None] if warped.ndim == 2 else warped[..., : part.stop - first])
    return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)


@dataclass(frozen=True)
class ColourJitter:
    """Brightness, contrast, saturation, hue and white balance, as one 3×4 colour matrix on the first three channels.

    Samples that are not in colour are left as they are.

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
        if not sample.colour or rng.random() >= self.probability:
            return sample
        rgb = sample.image if sample.image.shape[2] == 3 else np.ascontiguousarray(sample.image[..., :3])
        bright, contrast, saturation = (
            1 + rng.uniform(-width, width) for width in (self.brightness, self.contrast, self.saturation)
        )
        matrix = _saturation_and_hue(saturation, radians(rng.uniform(-self.hue, self.hue)))
        gains = 1 + rng.uniform(-self.balance, self.balance, size=3)
        matrix = np.diag(gains) @ matrix * bright
        mean = cv2.mean(rgb)[:3]
        grey = float(np.mean(mean)) * bright
        affine = np.column_stack([matrix * contrast, np.full(3, (1 - contrast) * grey)])
        rgb = cv2.transform(rgb, affine)
        if rgb.dtype != np.uint8:
            rgb = np.clip(rgb, 0, 255)
        if self.gamma > 1:
            exponent = np.exp(rng.uniform(-1, 1) * log(self.gamma))
            if rgb.dtype == np.uint8:
                rgb = cv2.LUT(rgb, np.rint(255 * (np.arange(256) / 255) ** exponent).astype(np.uint8))
            else:
                rgb = (255 * (rgb / 255) ** exponent).astype(rgb.dtype)
        if sample.image.shape[2] > 3:
            rgb = np.concatenate([rgb, sample.image[..., 3:]], axis=2)
        return replace(sample, image=rgb)


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
        return replace(sample, image=image.reshape(sample.image.shape))


@dataclass(frozen=True)
class Noise:
    """Gaussian noise of a random standard deviation up to `sigma` grey levels, for a share of samples.

    In uint16 and float32 channels a grey level is 1/255 of the channel's range in this picture.
    """

    sigma: float = 8.0
    probability: float = 0.2

    def __call__(self, sample: Sample, rng: np.random.Generator) -> Sample:
        if self.sigma <= 0 or rng.random() >= self.probability:
            return sample
        grain = rng.standard_normal(sample.image.shape, dtype=np.float32) * np.float32(rng.random() * self.sigma)
        if sample.image.dtype == np.uint8:
            return replace(sample, image=np.clip(np.rint(sample.image + grain), 0, 255).astype(np.uint8))
        level = (np.ptp(sample.image, axis=(0, 1)) / 255).astype(np.float32)
        if sample.colour:
            level[:3] = 1
        image = sample.image + grain * level
        if sample.image.dtype == np.uint16:
            return replace(sample, image=np.clip(np.rint(image), 0, 65535).astype(np.uint16))
        return replace(sample, image=image)


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
    if set(under.tasks) != set(over.tasks) or under.image.shape != over.image.shape:
        raise ValueError(
            "can only mix samples of the same channels and tasks, got "
            f"{under.image.shape[2]} channels with tasks {sorted(under.tasks)} and "
            f"{over.image.shape[2]} with {sorted(over.tasks)}"
        )
    if classes is None:
        shown = np.unique(over.mask)
        shown = shown[shown != VOID]
        classes = rng.permutation(shown)[: (len(shown) + 1) // 2].tolist()
    chosen = np.zeros(256, dtype=bool)
    chosen[list(classes)] = True
    paste = chosen[over.mask]
    return Sample(
        image=np.where(paste[..., None], over.image, under.image),
        mask=np.where(paste, over.mask, under.mask),
        name=f"{under.name}+{over.name}",
        tasks={task: np.where(paste, over.tasks[task], mask) for task, mask in under.tasks.items()},
        colour=under.colour,
    )
