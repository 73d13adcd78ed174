"""Walkers and cyclists of the synthetic streets: jointed figures that face any way."""

from __future__ import annotations

import numpy as np

from fcn_core.data.streets.view import Canvas, Material

_SKIN = ((226, 180, 150), (198, 146, 110), (140, 92, 66), (92, 60, 44))
_CLOTHES = ((24, 24, 28), (40, 38, 44), (30, 32, 40), (48, 52, 70), (150, 30, 34), (36, 66, 120), (200, 196, 186),
            (96, 84, 66), (52, 82, 58), (222, 120, 40), (112, 60, 100), (180, 60, 90), (70, 70, 74),
            (226, 226, 222))  # fmt: skip
_TROUSERS = ((30, 32, 40), (44, 54, 84), (70, 66, 60), (24, 24, 26), (110, 100, 84))


class _Figure:
    """Places points given in metres beside and above a foot point on the ground."""

    def __init__(self, canvas: Canvas, x: float, z: float, ground: float, material: Material) -> None:
        self.canvas, self.material, self.z = canvas, material, z
        self.foot = canvas.camera.project(np.array([x, ground, z]))
        self.metre = canvas.camera.focal / z

    def at(self, dx: float, dy: float) -> np.ndarray:
        return self.foot + np.array([dx, -dy]) * self.metre

    def limb(self, a: tuple[float, float], b: tuple[float, float], width: float, colour: object, *,
             label: bool = True) -> None:  # fmt: skip
        tint = self.canvas.tint(np.asarray(colour, float), self.z)
        self.canvas.stroke(self.at(*a), self.at(*b), width * self.metre, tint, self.material if label else None)

    def blob(self, centre: tuple[float, float], rx: float, ry: float, colour: object, *, label: bool = True) -> None:
        tint = self.canvas.tint(np.asarray(colour, float), self.z)
        self.canvas.disc(self.at(*centre), (rx * self.metre, ry * self.metre), tint, self.material if label else None)

    def shape(self, points: list[tuple[float, float]], colour: object, *, label: bool = True) -> None:
        tint = self.canvas.tint(np.asarray(colour, float), self.z)
        self.canvas.fill([np.array([self.at(*p) for p in points])], tint, self.material if label else None)


def _pick(rng: np.random.Generator, colours: tuple[tuple[int, int, int], ...]) -> np.ndarray:
    return np.array(colours[rng.integers(len(colours))], float) * rng.uniform(0.8, 1.15)


def walker(canvas: Canvas, rng: np.random.Generator, x: float, z: float, ground: float = 0.0) -> None:
    """A standing or walking person with the feet at (x, ground, z)."""
    f = _Figure(canvas, x, z, ground, Material.PERSON)
    k = rng.uniform(0.9, 1.08)
    turn = rng.choice([-1.0, 1.0])
    stride = rng.uniform(0.0, 0.32)
    coat, legs, skin = _pick(rng, _CLOTHES), _pick(rng, _TROUSERS), _pick(rng, _SKIN)
    hip, neck = 0.86 * k, 1.45 * k
    for side in (-1, 1):
        knee = (side * (0.06 + stride * 0.5), 0.46 * k)
        foot = (side * (0.08 + stride) - (0.06 * turn if side * turn < 0 else 0), 0.07)
        f.limb((side * 0.07, hip), knee, 0.18, legs * (1.0 if side > 0 else 0.82))
        f.limb(knee, foot, 0.14, legs * (1.0 if side > 0 else 0.82))
        f.limb(foot, (foot[0] + 0.1 * turn, 0.05), 0.1, (26, 24, 24))
    long = hip - (0.28 if rng.random() < 0.4 else 0.04)
    f.shape([(-0.2, long), (0.2, long), (0.24, neck - 0.1), (0.12, neck + 0.02), (-0.12, neck + 0.02),
             (-0.24, neck - 0.1)], coat)  # fmt: skip
    f.shape([(0.05, long), (0.2, long), (0.24, neck - 0.1), (0.12, neck + 0.02)], coat * 0.8, label=False)
    swing = rng.uniform(0.0, 0.25)
    for side in (-1, 1):
        elbow = (side * (0.29 + swing * 0.3), 1.12 * k)
        hand = (side * (0.27 + swing) + 0.06 * turn, 0.86 * k)
        f.limb((side * 0.21, neck - 0.1), elbow, 0.12, coat * (1.05 if side < 0 else 0.75))
        f.limb(elbow, hand, 0.1, coat * (1.05 if side < 0 else 0.75))
        f.blob(hand, 0.055, 0.06, skin)
    if rng.random() < 0.35:
        bag = (turn * -0.3, 0.8 * k)
        f.blob(bag, 0.15, 0.18, _pick(rng, _CLOTHES))
    f.limb((0, neck), (0, neck + 0.08), 0.1, skin * 0.85)
    f.blob((0.02 * turn, neck + 0.19), 0.115, 0.145, skin)
    hair = np.array(((40, 30, 24), (90, 60, 36), (20, 18, 18), (170, 140, 90), (150, 146, 140))[rng.integers(5)], float)
    f.shape([(-0.13, neck + 0.17), (-0.12, neck + 0.3), (0, neck + 0.36), (0.12, neck + 0.3), (0.13, neck + 0.22),
             (0, neck + 0.26)], hair)  # fmt: skip


def cyclist(canvas: Canvas, rng: np.random.Generator, x: float, z: float, ground: float = 0.0) -> None:
    """A person on a bicycle, seen from behind, from the front or from the side."""
    f = _Figure(canvas, x, z, ground, Material.CYCLIST)
    along = rng.choice([0.14, 0.25, 0.45, 0.8, 1.0]) * rng.choice([-1.0, 1.0])
    coat, legs, skin = _pick(rng, _CLOTHES), _pick(rng, _TROUSERS), _pick(rng, _SKIN)
    if rng.random() < 0.35:
        coat = np.array((214, 232, 40), float)
    paint = rng.uniform(20, 200, 3)
    r = 0.34
    ring = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    side_view = abs(along) > 0.4
    for centre in (-0.52, 0.52):
        wide = max(abs(along) * r, 0.035)
        points = [(centre * along + wide * np.cos(a), r + r * np.sin(a)) for a in ring]
        tyre = np.array([f.at(*p) for p in points])
        f.canvas.fill([tyre], None, f.material)
        colour = canvas.tint((24, 24, 26), z)
        if side_view:
            width = max(1.0, 0.05 * f.metre)
            for a, b in zip(tyre, np.roll(tyre, -1, axis=0), strict=True):
                canvas.stroke(a, b, width, colour, f.material)
            for a in ring[:10:2]:
                d = (wide * np.cos(a), r * np.sin(a))
                f.limb((centre * along - d[0], r - d[1]), (centre * along + d[0], r + d[1]), 0.012, (120, 120, 124))
        else:
            canvas.fill([tyre], colour)
    saddle, bars, crank = (-0.24 * along, 0.92), (0.42 * along, 1.02), (-0.06 * along, 0.3)
    back, front, stem = (-0.52 * along, r), (0.52 * along, r), (0.4 * along, 0.84)
    for a, b in ((back, crank), (crank, saddle), (crank, stem), (saddle, stem), (front, bars), (back, saddle)):
        f.limb(a, b, 0.05, paint)
    if not side_view:
        f.limb((bars[0] - 0.26, 1.0), (bars[0] + 0.26, 1.0), 0.04, (40, 40, 42))
    hip, neck = (-0.22 * along, 1.0), (0.2 * along, 1.48)
    phase = rng.uniform(0, 2 * np.pi)
    for side in (-1, 1):
        pedal = (crank[0] + 0.17 * along * np.cos(phase + (side > 0) * np.pi) + side * 0.1 * (1 - abs(along)),
                 crank[1] + 0.15 * np.sin(phase + (side > 0) * np.pi))  # fmt: skip
        knee = (0.5 * (hip[0] + pedal[0]) + 0.22 * along + side * 0.13 * (1 - abs(along)),
                0.5 * (hip[1] + pedal[1]) + 0.08)  # fmt: skip
        f.limb(hip, knee, 0.17, legs * (1.0 if side > 0 else 0.8))
        f.limb(knee, pedal, 0.12, legs * (1.0 if side > 0 else 0.8))
        f.limb(pedal, (pedal[0] + 0.12 * along, pedal[1] - 0.03), 0.09, (28, 26, 26))
    wide = 0.21 - 0.05 * abs(along)
    f.shape([(hip[0] - wide * 0.85, hip[1] - 0.05), (hip[0] + wide * 0.85, hip[1] - 0.08),
             (neck[0] + wide, neck[1] - 0.1), (neck[0] + 0.08, neck[1] + 0.02), (neck[0] - 0.08, neck[1] + 0.02),
             (neck[0] - wide, neck[1] - 0.1)], coat)  # fmt: skip
    f.limb(hip, (neck[0], neck[1] - 0.1), 0.24, coat)
    for side in (-1, 1):
        hand = (bars[0] + side * 0.24 * (1 - abs(along)), bars[1] + 0.03)
        elbow = (0.5 * (neck[0] + hand[0]) + side * 0.14 * (1 - abs(along)), 1.2)
        f.limb((neck[0] + side * wide * 0.8, neck[1] - 0.12), elbow, 0.11, coat * 0.85)
        f.limb(elbow, hand, 0.09, coat * 0.85)
        f.blob(hand, 0.05, 0.05, skin)
    head = (neck[0] + 0.08 * along, neck[1] + 0.2)
    f.limb(neck, head, 0.1, skin * 0.85)
    f.blob(head, 0.115, 0.145, skin)
    helmet = rng.uniform(30, 230, 3) if rng.random() < 0.7 else np.array((50, 36, 28), float)
    f.shape([(head[0] - 0.15, head[1] + 0.02), (head[0] - 0.11, head[1] + 0.15), (head[0], head[1] + 0.2),
             (head[0] + 0.11, head[1] + 0.15), (head[0] + 0.15, head[1] + 0.02)], helmet)  # fmt: skip
