"""What stands along the synthetic streets: trees, hedges, lamp posts, traffic lights, signs and fences."""

from __future__ import annotations

import numpy as np

from fcn_core.data.street_view import NEAR, Canvas, Material, noise_tile, sample_tile

_FOLIAGE = ((74, 98, 44), (58, 84, 40), (92, 112, 50), (106, 104, 46), (70, 84, 60), (150, 112, 48), (50, 72, 44))


def foliage(canvas: Canvas, rng: np.random.Generator, centre: np.ndarray, radii: tuple[float, float], z: float,
            colour: np.ndarray, sun: float, *, bare: bool = False) -> None:  # fmt: skip
    """A ragged, lit crown around a canvas position; all of it is labelled tree, as people label crowns."""
    dx, dy, seed_x, seed_y = rng.uniform(0, 256, 2).tolist() + rng.uniform(0, 256, 2).tolist()
    rx, ry = max(radii[0], 2.0), max(radii[1], 2.0)
    x0, x1 = max(0, int(centre[0] - 1.35 * rx)), min(canvas.w, int(centre[0] + 1.35 * rx) + 1)
    y0, y1 = max(0, int(centre[1] - 1.35 * ry)), min(canvas.h, int(centre[1] + 1.35 * ry) + 1)
    if x1 <= x0 or y1 <= y0:
        return
    h, w = y1 - y0, x1 - x0
    u = ((np.arange(x0, x1, dtype=np.float32) - centre[0]) / rx)[None]
    v = ((np.arange(y0, y1, dtype=np.float32) - centre[1]) / ry)[:, None]
    scale = 70.0 / rx
    lumps = sample_tile(noise_tile(), h, w, scale, dx + x0 * scale - centre[0] * scale, dy + (y0 - centre[1]) * scale)
    fine_scale = scale * 2.6
    leaves = sample_tile(noise_tile((1.0, 1.0), 32), h, w, fine_scale, seed_x + (x0 - centre[0]) * fine_scale,
                         seed_y + (y0 - centre[1]) * fine_scale)  # fmt: skip
    inside = (1.0 - u * u - v * v) + 0.3 * lumps + 0.1 * leaves > 0.12
    code, image = canvas.code[y0:y1, x0:x1], canvas.image[y0:y1, x0:x1]
    code[inside] = Material.LEAF
    if bare:
        inside = inside & (leaves + 0.5 * lumps > 0.15)
    light = 0.82 - 0.3 * v + 0.22 * sun * u + 0.16 * lumps + 0.22 * leaves
    base = np.array(canvas.tint(colour, z), np.float32)
    lit = np.clip(light[inside][:, None], 0.25, 1.7) * base
    image[inside] = np.minimum(lit, 255).astype(np.uint8)


def tree(canvas: Canvas, rng: np.random.Generator, x: float, z: float, height: float, sun: float) -> None:
    """A tree with trunk, branches and crown; one in four is bare, one in six a narrow conifer."""
    cam = canvas.camera
    bare, narrow = rng.random() < 0.25, rng.random() < 0.16
    trunk = height * rng.uniform(0.22, 0.36)
    colour = np.array(_FOLIAGE[rng.integers(len(_FOLIAGE))], float) * rng.uniform(0.75, 1.2)
    bark = np.array((84, 70, 56), float) * rng.uniform(0.6, 1.2)
    if bare:
        colour = bark * 0.9
    metre = cam.focal / z
    foot = cam.project(np.array([x, 0.0, z]))
    tint = canvas.tint(bark, z)
    half = height * 0.022 * metre
    top = foot[1] - (trunk + height * 0.25) * metre
    canvas.fill([np.array([(foot[0] - half * 1.3, foot[1]), (foot[0] + half * 1.3, foot[1]),
                           (foot[0] + half * 0.6, top), (foot[0] - half * 0.6, top)])], tint, Material.LEAF)  # fmt: skip
    spread = (height - trunk) * (0.24 if narrow else rng.uniform(0.42, 0.6))
    middle = np.array([foot[0], foot[1] - (trunk + (height - trunk) * 0.5) * metre])
    radii = (spread * metre, (height - trunk) * 0.52 * metre)
    foliage(canvas, rng, middle, radii, z, colour, sun, bare=bare)
    for _ in range(7 if bare else 0):
        angle = rng.uniform(-1.1, 1.1)
        tip = middle + np.array([np.sin(angle) * radii[0] * 0.9, -np.cos(angle) * radii[1] * rng.uniform(0.3, 0.8)])
        canvas.stroke(np.array([foot[0], foot[1] - trunk * metre]), tip, half * 0.5, tint, Material.LEAF)
    for _ in range(0 if narrow or bare else 3):
        shift = rng.uniform(-0.6, 0.6, 2) * radii
        foliage(canvas, rng, middle + shift, (radii[0] * 0.55, radii[1] * 0.5), z, colour * rng.uniform(0.85, 1.15), sun)
    canvas.shadow(_round(x + sun * height * 0.3, z, spread, spread * 0.8), 150)


def _round(x: float, z: float, rx: float, rz: float) -> np.ndarray:
    a = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    return np.stack([x + rx * np.cos(a), np.zeros(12), np.maximum(z + rz * np.sin(a), NEAR)], -1)


def _post(canvas: Canvas, x: float, z: float, height: float, width: float, colour: np.ndarray) -> tuple[np.ndarray, float]:
    """A thin upright post; returns the canvas position of its top and the canvas pixels of a metre."""
    metre = canvas.camera.focal / z
    foot = canvas.camera.project(np.array([x, 0.0, z]))
    half = max(width * metre, 1.3 * canvas.unit) / 2
    top = foot[1] - height * metre
    canvas.fill([np.array([(foot[0] - half, foot[1]), (foot[0] + half, foot[1]), (foot[0] + half, top),
                           (foot[0] - half, top)])], canvas.tint(colour, z), Material.POLE)  # fmt: skip
    shine = [(foot[0] - half, foot[1]), (foot[0] - half * 0.4, foot[1]), (foot[0] - half * 0.4, top), (foot[0] - half, top)]
    canvas.fill([np.array(shine)], canvas.tint(colour * 1.5 + 10, z))
    return np.array([foot[0], top]), metre


def lamp_post(canvas: Canvas, rng: np.random.Generator, x: float, z: float, inward: float) -> None:
    """A lamp post whose arm reaches over the road (`inward` -1 or 1)."""
    colour = np.full(3, rng.uniform(40, 150)) + rng.uniform(-8, 8, 3)
    top, metre = _post(canvas, x, z, rng.uniform(5.5, 8.5), 0.16, colour)
    reach = inward * rng.uniform(0.9, 1.7) * metre
    width = max(0.1 * metre, 1.3 * canvas.unit)
    tip = top + np.array([reach, -0.35 * metre])
    canvas.stroke(top, tip, width, canvas.tint(colour, z), Material.POLE)
    canvas.stroke(tip, tip + np.array([inward * 0.5 * metre, 0.0]), max(0.2 * metre, 2 * canvas.unit),
                  canvas.tint(colour * 0.8 + 40, z), Material.POLE)  # fmt: skip


def bollard(canvas: Canvas, rng: np.random.Generator, x: float, z: float) -> None:
    """A knee-high post with a light band."""
    top, metre = _post(canvas, x, z, rng.uniform(0.95, 1.15), 0.14, np.full(3, rng.uniform(20, 80)))
    canvas.stroke(top + [0, 0.2 * metre], top + [0, 0.3 * metre], 0.14 * metre, canvas.tint((210, 210, 205), z))


def traffic_light(canvas: Canvas, rng: np.random.Generator, x: float, z: float) -> None:
    """A signal on a post; the lamp housing is labelled sign, the post pole."""
    top, metre = _post(canvas, x, z, rng.uniform(2.5, 3.2), 0.13, np.full(3, rng.uniform(40, 110)))
    half, tall = 0.24 * metre, 1.0 * metre
    box = np.array([(-half, 0), (half, 0), (half, -tall), (-half, -tall)]) + top
    canvas.fill([box], canvas.tint((22, 24, 24), z), Material.SIGN)
    lit = int(rng.integers(3))
    for i, on in enumerate(((255, 60, 40), (255, 190, 50), (60, 255, 150))):
        colour = np.array(on, float) if i == lit else np.array(on, float) * 0.22
        canvas.disc(top + [0, -tall * (0.82 - 0.32 * i)], (half * 0.62, half * 0.62), colour)


def sign(canvas: Canvas, rng: np.random.Generator, x: float, z: float) -> None:
    """A road sign on a post: ring, triangle, disc, blue board or a tall board with lines of text."""
    kind = rng.choice(["ring", "triangle", "blue", "board", "text"])
    top, metre = _post(canvas, x, z, rng.uniform(2.2, 3.0), 0.1, np.full(3, rng.uniform(90, 170)))
    r = max(rng.uniform(0.36, 0.52) * metre, 4.6 * canvas.unit)
    c = top - [0, r * 0.6]
    paint = [canvas.tint(p, z) for p in ((206, 28, 34), (240, 240, 236), (26, 76, 170), (30, 30, 34), (24, 110, 70))]
    if kind == "ring":
        canvas.disc(c, (r, r), paint[0], Material.SIGN)
        canvas.disc(c, (r * 0.7, r * 0.7), paint[1])
        canvas.stroke(c - [r * 0.25, 0], c + [r * 0.25, 0], r * 0.35, paint[3])
    elif kind == "triangle":
        tri = np.array([(-1.1, 0.8), (1.1, 0.8), (0, -1.1)])
        canvas.fill([c + tri * r], paint[0], Material.SIGN)
        canvas.fill([c + (tri * 0.58 + [0, 0.08]) * r], paint[1])
        canvas.stroke(c - [0, r * 0.1], c + [0, r * 0.3], r * 0.2, paint[3])
    elif kind == "blue":
        canvas.disc(c, (r, r), paint[1], Material.SIGN)
        canvas.disc(c, (r * 0.88, r * 0.88), paint[2])
        canvas.stroke(c + [0, r * 0.5], c - [0, r * 0.5], r * 0.25, paint[1])
    else:
        wide, tall = (r * 1.7, r * 1.0) if kind == "board" else (r * 0.9, r * 1.5)
        box = np.array([(-wide, tall), (wide, tall), (wide, -tall), (-wide, -tall)])
        back = paint[int(rng.choice([0, 1, 2, 4]))]
        ink = paint[3] if back == paint[1] else paint[1]
        canvas.fill([c + box], ink, Material.SIGN)
        canvas.fill([c + box * [0.94, 0.9]], back)
        for row in np.linspace(-0.55, 0.55, 3):
            end = rng.uniform(0.1, 0.7)
            canvas.stroke(c + [-wide * 0.7, row * tall], c + [wide * end, row * tall], tall * 0.14, ink)


def fence(canvas: Canvas, rng: np.random.Generator, x: float, z0: float, z1: float, height: float) -> None:
    """A fence along the street: rails and bars to look through, boards, or mesh. The whole panel is labelled."""
    run_fence(canvas, rng, np.array([x, z0]), np.array([x, z1]), height)


def run_fence(canvas: Canvas, rng: np.random.Generator, start: np.ndarray, end: np.ndarray, height: float) -> None:
    """A fence from one ground point (x, z) to another."""
    length = float(np.hypot(*(end - start)))
    kind = rng.choice(["bars", "bars", "boards", "mesh"])
    colour = np.array(((40, 44, 48), (150, 154, 158), (60, 84, 66), (210, 210, 206), (128, 96, 66))[rng.integers(5)], float)
    if kind == "boards":
        colour = np.array((146, 110, 76), float) * rng.uniform(0.6, 1.1)

    def quad(s0: float, t0: float, s1: float, t1: float) -> np.ndarray:
        a, b = start + (end - start) * s0 / length, start + (end - start) * s1 / length
        return np.array([(a[0], t0, a[1]), (b[0], t0, b[1]), (b[0], t1, b[1]), (a[0], t1, a[1])])

    canvas.face(quad(0, 0, length, height), colour if kind == "boards" else None, Material.FENCE)
    pitch = {"bars": 0.28, "boards": 0.3, "mesh": 0.5}[kind]
    s = np.arange(0, length, pitch)
    wide = 0.16 if kind == "boards" else 0.06
    shade = colour * 0.75 if kind == "boards" else colour
    canvas.faces(np.array([quad(a, 0.02, a + wide, height * 0.97) for a in s]).reshape(-1, 4, 3), shade)
    rails = (0.04, 0.12, 0.9, 1.0) if kind != "mesh" else (0.0, 0.2, 0.4, 0.6, 0.8, 0.95)
    for t in rails:
        canvas.face(quad(0, t * height, length, (t + 0.05) * height), colour)
    posts = np.arange(0, length + 0.1, 2.2)
    canvas.faces(np.array([quad(a, 0, min(a + 0.11, length), height * 1.06) for a in posts]), colour * 0.9, Material.FENCE)
