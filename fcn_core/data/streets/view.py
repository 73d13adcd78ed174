"""Camera and canvas of the synthetic streets: world metres in, coloured and labelled pixels out.

World axes: x to the right, y up (0 = the road), z away from the camera; all in metres. Everything is drawn
twice with one geometry, as colour and as material; the material decides the label, so labels are exact.
The canvas is `SUPERSAMPLE` times larger than the result, which smooths the image and leaves the labels crisp.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cache, cached_property

import cv2
import numpy as np

from fcn_core.labels import CAMVID, VOID

SUPERSAMPLE = 2
NEAR = 0.7
_SHIFT = 4

_ANGLES = np.linspace(0, 2 * np.pi, 20, endpoint=False)
CIRCLE = np.stack([np.cos(_ANGLES), np.sin(_ANGLES)], -1)
"""20 points of a unit circle, 20×2."""

Colour = Sequence[float] | np.ndarray


class Material(IntEnum):
    """What a pixel is made of; finer than the labels, because textures differ within a class."""

    SKY = 0
    PLASTER = 1
    BRICK = 2
    GLASS = 3
    ROOF = 4
    POLE = 5
    ASPHALT = 6
    MARK = 7
    PAVING = 8
    LEAF = 9
    GRASS = 10
    SIGN = 11
    FENCE = 12
    CAR = 13
    PERSON = 14
    CYCLIST = 15
    UNKNOWN = 16


_CLASS_OF = {
    Material.SKY: "sky", Material.PLASTER: "building", Material.BRICK: "building", Material.GLASS: "building",
    Material.ROOF: "building", Material.POLE: "pole", Material.ASPHALT: "road", Material.MARK: "road",
    Material.PAVING: "pavement", Material.LEAF: "tree", Material.GRASS: "tree", Material.SIGN: "sign",
    Material.FENCE: "fence", Material.CAR: "car", Material.PERSON: "pedestrian", Material.CYCLIST: "bicyclist",
}  # fmt: skip
LABEL_OF = np.full(256, VOID, np.uint8)
for _material, _name in _CLASS_OF.items():
    LABEL_OF[_material] = CAMVID.index(_name)


@cache
def noise_tile(octaves: tuple[float, ...] = (1.0, 0.5, 0.25, 0.12), base: int = 4, side: int = 256) -> np.ndarray:
    """A side×side float32 tile of smooth noise (mean 0, deviation 1) that repeats without a seam.

    The tile is the same in every process: scenes differ by where they sample it.
    """
    rng = np.random.default_rng(20260)
    tile = np.zeros((side, side), np.float32)
    for octave, weight in enumerate(octaves):
        cells = base << octave
        grid = np.pad(rng.standard_normal((cells, cells)).astype(np.float32), 3, mode="wrap")
        step = side // cells
        big = cv2.resize(grid, None, fx=step, fy=step, interpolation=cv2.INTER_CUBIC)
        tile += weight * big[3 * step : 3 * step + side, 3 * step : 3 * step + side]
    tile = (tile - tile.mean()) / tile.std()
    tile.setflags(write=False)
    return tile


def sample_tile(tile: np.ndarray, h: int, w: int, scale: float, dx: float, dy: float) -> np.ndarray:
    """h×w view of a tile: pixel (x, y) reads tile position (x * scale + dx, y * scale + dy), wrapping around."""
    matrix = np.array([[scale, 0, dx], [0, scale, dy]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(tile, matrix, (w, h), flags=flags, borderMode=cv2.BORDER_WRAP)


@dataclass(frozen=True)
class Camera:
    """A pinhole above the road, looking along it; focal length and centre in canvas pixels."""

    focal: float
    cx: float
    horizon: float
    height: float
    bend: float = 0.0
    """Sideways drift of the street in metres per square metre of depth: a gentle curve."""

    def project(self, points: np.ndarray) -> np.ndarray:
        """…×3 world points (z >= NEAR) -> …×2 canvas positions, pixel centres at whole numbers."""
        z = points[..., 2:]
        scale, lift, centre = self._matrix
        flat = points[..., :2] * scale
        flat += lift
        flat /= z
        flat += centre
        if self.bend:
            flat[..., :1] += self.focal * self.bend * z
        return flat

    @cached_property
    def _matrix(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Factor, offset before and offset after the division by depth (each x, y)."""
        return (np.array([self.focal, -self.focal]), np.array([0.0, self.focal * self.height]),
                np.array([self.cx - 0.5, self.horizon - 0.5]))  # fmt: skip


class Canvas:
    """Colour, material and ground shadow at canvas resolution, and the brushes that keep them in step."""

    def __init__(self, camera: Camera, h: int, w: int, haze: Colour, haze_distance: float) -> None:
        self.camera, self.h, self.w = camera, h, w
        self.haze, self.haze_distance = np.asarray(haze, np.float64), haze_distance
        self._haze = tuple(float(c) for c in haze)
        self.unit = h / 240.0
        self.image = np.zeros((h, w, 3), np.uint8)
        self.code = np.zeros((h, w), np.uint8)
        self.shade = np.zeros((h, w), np.uint8)

    def tint(self, colour: Colour, z: float, light: float = 1.0) -> tuple[float, ...]:
        """A colour under a light, faded into the haze of distance z (RGB 0-255)."""
        near = math.exp(-z / self.haze_distance)
        r, g, b = self._haze
        return (
            r + (min(float(colour[0]) * light, 255.0) - r) * near,
            g + (min(float(colour[1]) * light, 255.0) - g) * near,
            b + (min(float(colour[2]) * light, 255.0) - b) * near,
        )

    def fill(self, polygons: Sequence[np.ndarray], colour: Colour | None, material: Material | None = None) -> None:
        """Fill canvas polygons (each N×2); `colour` None leaves the image, `material` None leaves the labels."""
        fixed = [_fixed(p) for p in polygons if len(p) >= 3]
        if fixed:
            self._paint(fixed, colour, material)

    def _paint(self, fixed: list[np.ndarray], colour: Colour | None, material: Material | None) -> None:
        if colour is not None:
            cv2.fillPoly(self.image, fixed, tuple(float(c) for c in colour), cv2.LINE_8, _SHIFT)
        if material is not None:
            cv2.fillPoly(self.code, fixed, int(material), cv2.LINE_8, _SHIFT)

    def face(
        self, corners: Sequence[Sequence[float]] | np.ndarray, colour: Colour | None,
        material: Material | None = None, light: float = 1.0,
    ) -> None:  # fmt: skip
        """Fill a flat polygon given by its world corners (N×3), clipped at the near plane."""
        points = clip_near(np.asarray(corners, np.float64))
        if len(points) >= 3:
            depths = points[:, 2].tolist()
            tint = None if colour is None else self.tint(colour, sum(depths) / len(depths), light)
            self._paint([_fixed(self.camera.project(points))], tint, material)

    def faces(self, quads: np.ndarray, colour: Colour, material: Material | None = None, light: float = 1.0) -> None:
        """Fill many polygons (N×4×3, or N×M×3) of one colour at once, but none that reaches behind the near plane."""
        quads = quads[quads[..., 2].min(axis=1) > NEAR] if len(quads) else quads
        if len(quads):
            z = float(quads[..., 2].mean())
            self._paint(list(_fixed(self.camera.project(quads))), self.tint(colour, z, light), material)

    def hull(self, points: np.ndarray, colour: Colour | None, material: Material | None = None) -> None:
        """Fill the outline of a convex body given by world points (N×3), all beyond the near plane."""
        flat = self.camera.project(points).astype(np.float32)
        self.fill([cv2.convexHull(flat)[:, 0]], colour, material)

    def stroke(
        self, start: np.ndarray, end: np.ndarray, width: float, colour: Colour, material: Material | None = None
    ) -> None:
        """A round-ended line between two canvas positions (x, y), `width` canvas pixels wide (at least 1)."""
        a, b = ((int(round(float(p[0]) * 16)), int(round(float(p[1]) * 16))) for p in (start, end))
        thickness = max(1, int(round(width)))
        cv2.line(self.image, a, b, tuple(float(c) for c in colour), thickness, cv2.LINE_8, _SHIFT)
        if material is not None:
            cv2.line(self.code, a, b, int(material), thickness, cv2.LINE_8, _SHIFT)

    def disc(
        self, centre: np.ndarray, radii: tuple[float, float], colour: Colour, material: Material | None = None
    ) -> None:
        """A filled upright ellipse at a canvas position (x, y); `radii` along x and y, canvas pixels."""
        self.fill([CIRCLE * radii + centre], colour, material)

    def shadow(self, corners: Sequence[Sequence[float]] | np.ndarray, depth: int) -> None:
        """Darken the ground (0-255) under a world polygon (N×3); labels stay, and only ground shows it."""
        points = clip_near(np.asarray(corners, np.float64))
        if len(points) >= 3:
            cv2.fillPoly(self.shade, [_fixed(self.camera.project(points))], depth, cv2.LINE_8, _SHIFT)


def _fixed(flat: np.ndarray) -> np.ndarray:
    """Canvas positions as the fixed-point integers that cv2 draws from; far-off ones are pulled in."""
    scaled = flat * float(1 << _SHIFT)
    np.minimum(scaled, 2e6, out=scaled)
    np.maximum(scaled, -2e6, out=scaled)
    return scaled.astype(np.int32)


def clip_near(points: np.ndarray) -> np.ndarray:
    """The part of a flat polygon (N×3) that lies beyond the near plane."""
    if min(points[:, 2].tolist()) >= NEAR:
        return points
    kept: list[np.ndarray] = []
    for a, b in zip(points, np.roll(points, -1, axis=0), strict=True):
        if a[2] >= NEAR:
            kept.append(a)
        if (a[2] >= NEAR) != (b[2] >= NEAR):
            kept.append(a + (b - a) * (NEAR - a[2]) / (b[2] - a[2]))
    return np.array(kept).reshape(-1, 3)
