"""Trees and hedges of the synthetic streets."""

from __future__ import annotations

import cv2
import numpy as np

from fcn_core.data.streets.view import NEAR, SUPERSAMPLE, Canvas, Material, noise_tile, sample_tile

_FOLIAGE = ((74, 98, 44), (58, 84, 40), (92, 112, 50), (106, 104, 46), (70, 84, 60), (150, 112, 48), (50, 72, 44))


def foliage(canvas: Canvas, rng: np.random.Generator, centre: np.ndarray, radii: tuple[float, float], z: float,
            colour: np.ndarray, sun: float, *, cover: float = 1.0) -> None:  # fmt: skip
    """A ragged, lit crown around a canvas position; all of it is labelled tree, as people label crowns.

    centre: (x, y) in canvas pixels; colour: RGB 0-255, length 3. cover: the share of the crown that is leaf (the rest
    shows what lies behind).
    """
    start = rng.uniform(0, 256, 4)
    # One step is one pixel of the result: leaves need no supersampling, and this is the costliest brush.
    step = SUPERSAMPLE
    rx, ry = max(radii[0], 2.0), max(radii[1], 2.0)
    x0, x1 = max(0, int(centre[0] - 1.35 * rx) // step * step), min(canvas.w, int(centre[0] + 1.35 * rx) + 1)
    y0, y1 = max(0, int(centre[1] - 1.35 * ry) // step * step), min(canvas.h, int(centre[1] + 1.35 * ry) + 1)
    if x1 <= x0 or y1 <= y0:
        return
    u = ((np.arange(x0, x1, step, dtype=np.float32) - np.float32(centre[0])) / np.float32(rx))[None]
    v = ((np.arange(y0, y1, step, dtype=np.float32) - np.float32(centre[1])) / np.float32(ry))[:, None]
    h, w = v.shape[0], u.shape[1]
    scale = 70.0 / rx
    fine = scale * 2.6
    left, up = x0 - centre[0], y0 - centre[1]
    lumps = sample_tile(noise_tile(), h, w, scale * step, start[0] + left * scale, start[1] + up * scale)
    leaves = sample_tile(noise_tile((1.0, 1.0), 32), h, w, fine * step, start[2] + left * fine, start[3] + up * fine)
    inside = (1.0 - u * u - v * v) + 0.3 * lumps + 0.1 * leaves > 0.12
    code = canvas.code[y0:y1, x0:x1]
    code[_grown(inside.astype(np.uint8), code.shape) > 0] = Material.LEAF
    if cover < 1:
        inside &= leaves > 1.3 - 2.6 * cover
    light = np.clip(0.82 - 0.3 * v + (0.22 * sun) * u + 0.16 * lumps + 0.22 * leaves, 0.25, 1.7)
    base = np.array(canvas.tint(colour, z), np.float32)
    lit = _grown(np.minimum(light[..., None] * base, 255).astype(np.uint8), code.shape)
    cv2.copyTo(lit, _grown(inside.astype(np.uint8), code.shape), canvas.image[y0:y1, x0:x1])


def _grown(array: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Result pixels as blocks of canvas pixels, cut to `shape`."""
    big = cv2.resize(array, None, fx=SUPERSAMPLE, fy=SUPERSAMPLE, interpolation=cv2.INTER_NEAREST)
    return big[: shape[0], : shape[1]]


def tree(canvas: Canvas, rng: np.random.Generator, x: float, z: float, height: float, sun: float) -> None:
    """A tree with trunk, branches and crown; one in four is bare, one in six a narrow conifer."""
    cam = canvas.camera
    bare, narrow = rng.random() < 0.35, rng.random() < 0.16
    trunk = height * rng.uniform(0.22, 0.36)
    colour = np.array(_FOLIAGE[rng.integers(len(_FOLIAGE))], float) * rng.uniform(0.75, 1.2)
    bark = np.array((84, 70, 56), float) * rng.uniform(0.55, 1.1)
    spread = (height - trunk) * (0.24 if narrow and not bare else rng.uniform(0.42, 0.6))
    metre = cam.focal / z
    foot = cam.project(np.array([x, 0.0, z]))
    if foot[0] + 1.4 * spread * metre < 0 or foot[0] - 1.4 * spread * metre > canvas.w:
        return
    tint = canvas.tint(bark, z)
    half = height * 0.02 * metre
    fork = foot - [0, trunk * metre]
    top = fork[1] - height * 0.2 * metre
    middle = foot - [0, (trunk + (height - trunk) * 0.5) * metre]
    radii = (spread * metre, (height - trunk) * 0.52 * metre)
    stem = [(foot[0] - half * 1.3, foot[1]), (foot[0] + half * 1.3, foot[1]), (foot[0] + half * 0.6, top),
            (foot[0] - half * 0.6, top)]  # fmt: skip
    if bare:
        foliage(canvas, rng, middle, radii, z, bark, sun, cover=0.1)
        canvas.fill([np.array(stem)], tint, Material.LEAF)
        forks = 5 if z < 15 else 4 if z < 32 else 3
        _twigs(canvas, rng, fork, 0.0, 0.42 * (height - trunk) * metre, half * 1.1, tint, forks)
    else:
        canvas.fill([np.array(stem)], tint, Material.LEAF)
        foliage(canvas, rng, middle, radii, z, colour, sun)
        for _ in range(0 if narrow or z > 45 else 3):
            shift = rng.uniform(-0.6, 0.6, 2) * radii
            lump = (radii[0] * 0.55, radii[1] * 0.5)
            foliage(canvas, rng, middle + shift, lump, z, colour * rng.uniform(0.85, 1.15), sun)
    canvas.shadow(_round(x - sun * height * 0.3, z, spread, spread * 0.8), 70 if bare else 150)


def _twigs(canvas: Canvas, rng: np.random.Generator, start: np.ndarray, angle: float, length: float, width: float,
           colour: tuple[float, ...], depth: int) -> None:  # fmt: skip
    """Branches that fork into thinner branches."""
    for turn in (-0.55, 0.0, 0.5) if depth > 3 else (-0.45, 0.45):
        a = angle + turn + rng.uniform(-0.25, 0.25)
        reach = length * rng.uniform(0.6, 1.0)
        end = start + np.array([np.sin(a), -np.cos(a)]) * reach
        canvas.stroke(start, end, width * 0.7, colour, Material.LEAF)
        if depth > 1:
            _twigs(canvas, rng, end, a, length * 0.66, width * 0.6, colour, depth - 1)


def hedge(canvas: Canvas, rng: np.random.Generator, x: float, z0: float, z1: float, height: float, sun: float) -> None:
    """A clipped hedge along the street, made of overlapping crowns."""
    colour = np.array(_FOLIAGE[rng.integers(len(_FOLIAGE))], float) * rng.uniform(0.7, 1.0)
    for z in np.arange(z1, z0, -0.9):
        metre = canvas.camera.focal / z
        middle = canvas.camera.project(np.array([x, height * 0.45, z]))
        if -2 * metre < middle[0] < canvas.w + 2 * metre:
            foliage(canvas, rng, middle, (0.8 * metre, height * 0.56 * metre), z, colour, sun)


def _round(x: float, z: float, rx: float, rz: float) -> np.ndarray:
    a = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    return np.stack([x + rx * np.cos(a), np.zeros(12), np.maximum(z + rz * np.sin(a), NEAR)], -1)
