"""What stands along the synthetic streets: lamp posts, traffic lights, signs and fences."""

from __future__ import annotations

import numpy as np

from fcn_core.data.streets.view import Canvas, Material


def _post(
    canvas: Canvas, x: float, z: float, height: float, width: float, colour: np.ndarray
) -> tuple[np.ndarray, float]:
    """A thin upright post; returns the canvas position of its top and the canvas pixels of a metre."""
    metre = canvas.camera.focal / z
    foot = canvas.camera.project(np.array([x, 0.0, z]))
    half = max(width * metre, 1.1 * canvas.unit) / 2
    top = foot[1] - height * metre
    canvas.fill([np.array([(foot[0] - half, foot[1]), (foot[0] + half, foot[1]), (foot[0] + half, top),
                           (foot[0] - half, top)])], canvas.tint(colour, z), Material.POLE)  # fmt: skip
    edge = foot[0] - half * 0.4
    shine = [(foot[0] - half, foot[1]), (edge, foot[1]), (edge, top), (foot[0] - half, top)]
    canvas.fill([np.array(shine)], canvas.tint(colour * 1.5 + 10, z))
    return np.array([foot[0], top]), metre


def lamp_post(canvas: Canvas, rng: np.random.Generator, x: float, z: float, inward: float) -> None:
    """A lamp post whose arm reaches over the road (`inward` -1 or 1)."""
    colour = np.full(3, rng.uniform(40, 150)) + rng.uniform(-8, 8, 3)
    top, metre = _post(canvas, x, z, rng.uniform(5.5, 8.5), 0.14, colour)
    reach = inward * rng.uniform(0.9, 1.7) * metre
    width = max(0.09 * metre, 1.1 * canvas.unit)
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


def fence(canvas: Canvas, rng: np.random.Generator, x: float, z0: float, z1: float, height: float, look: int) -> None:
    """A panel of fence along the street: bars to look through, boards, or mesh; panels of one `look` match.

    The whole panel is labelled fence, as people label railings.
    """
    rng = np.random.default_rng(look)
    kind = str(rng.choice(["bars", "bars", "boards", "mesh"]))
    paints = ((40, 44, 48), (150, 154, 158), (60, 84, 66), (210, 210, 206), (128, 96, 66))
    colour = np.array(paints[rng.integers(len(paints))], float)
    if kind == "boards":
        colour = np.array((146, 110, 76), float) * rng.uniform(0.6, 1.1)
    length = z1 - z0

    def quads(boxes: np.ndarray) -> np.ndarray:
        """N×4 boxes (s0, t0, s1, t1) in metres on the panel -> N×4×3 world corners."""
        s, t = z0 + boxes[:, [0, 2, 2, 0]], boxes[:, [1, 1, 3, 3]]
        return np.stack([np.full_like(s, x), t, s], -1)

    whole = quads(np.array([[0, 0, length, height]]))[0]
    canvas.face(whole, colour if kind == "boards" else None, Material.FENCE)
    pitch = {"bars": 0.24, "boards": 0.3, "mesh": 0.4}[kind]
    s = np.arange(0, length - 0.05, pitch)
    wide = 0.17 if kind == "boards" else 0.06
    bars = np.stack([s, np.full(len(s), 0.02), s + wide, np.full(len(s), height * 0.97)], 1)
    canvas.faces(quads(bars), colour * 0.75 if kind == "boards" else colour)
    rails = np.array((0.1, 0.94) if kind != "mesh" else (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.95))
    beams = np.stack([np.zeros(len(rails)), rails * height, np.full(len(rails), length), (rails + 0.06) * height], 1)
    canvas.faces(quads(beams), np.minimum(colour * 1.1, 255))
    canvas.faces(quads(np.array([[0, 0, 0.11, height * 1.06]])), colour * 0.85, Material.FENCE)
