"""Synthetic street scenes with exact label maps in the 11 classes of CamVid.

A scene is a small world in metres (road, pavements, houses, trees, cars, people) that a pinhole camera in a car
looks at. It depends only on (seed, index): the size merely says how finely it is drawn, and another shape
shows more or less at the sides. Nothing is read from disk and no global random state is used.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fcn_core.data.sample import Sample
from fcn_core.data.street_buildings import house
from fcn_core.data.street_furniture import bollard, fence, lamp_post, run_fence, sign, traffic_light, tree
from fcn_core.data.street_light import Weather, draw_weather, expose, paint_sky, surface_light
from fcn_core.data.street_people import cyclist, walker
from fcn_core.data.street_vehicles import vehicle
from fcn_core.data.street_view import LABEL_OF, NEAR, SUPERSAMPLE, Camera, Canvas, Material
from fcn_core.labels import CAMVID, LabelSet

MIN_SIDE = 16
_FAR = 90.0


@dataclass(frozen=True)
class _Plan:
    """Where the street's lines run: x in metres of kerbs and house fronts, and the kind of street."""

    kind: str
    kerbs: tuple[float, float]
    fronts: tuple[float, float]
    end: float


def _draw_plan(rng: np.random.Generator) -> _Plan:
    kind = str(rng.choice(["town", "suburb", "park", "square"], p=[0.5, 0.25, 0.13, 0.12]))
    left, right = -rng.uniform(2.2, 4.6), rng.uniform(4.2, 8.0)
    if rng.random() < 0.3:
        left, right = -right, -left
    wide = rng.uniform(1.8, 3.8, 2)
    set_back = {"town": 0.0, "suburb": 4.0, "park": 3.0, "square": 7.0}[kind]
    fronts = (left - wide[0] - set_back * rng.uniform(0.4, 1), right + wide[1] + set_back * rng.uniform(0.4, 1))
    return _Plan(kind, (left, right), fronts, float(rng.uniform(45, 85)))


def _ground(canvas: Canvas, rng: np.random.Generator, plan: _Plan) -> None:
    """Road, kerbs, pavements, what lies behind them, and the lane marks."""
    (left, right), (front_left, front_right) = plan.kerbs, plan.fronts
    asphalt = np.full(3, rng.uniform(78, 128)) + rng.uniform(-5, 5, 3)
    slabs = np.array([168, 160, 152]) * rng.uniform(0.72, 1.15) + rng.uniform(-10, 10, 3)
    yard = np.array([92, 112, 56]) * rng.uniform(0.7, 1.1) if plan.kind in ("suburb", "park") else slabs * 0.95
    soil = Material.GRASS if plan.kind in ("suburb", "park") else Material.PAVING

    def strip(x0: float, x1: float, z0: float, z1: float, colour: np.ndarray, material: Material) -> None:
        # Cut in depth, so that the haze grows with the distance.
        cuts = [z for z in (NEAR, 4.0, 9.0, 18.0, 36.0, _FAR, 400.0) if z0 < z < z1]
        for a, b in zip([z0, *cuts], [*cuts, z1], strict=True):
            canvas.face([(x0, 0, a), (x1, 0, a), (x1, 0, b), (x0, 0, b)], colour, material)

    strip(-300, 300, NEAR, 400, yard, soil)
    for x0, x1 in ((front_left if plan.kind != "suburb" else left - 2.4, left),
                   (right, front_right if plan.kind != "suburb" else right + 2.4)):  # fmt: skip
        strip(x0, x1, NEAR, plan.end + 30, slabs, Material.PAVING)
    strip(left, right, NEAR, 400, asphalt, Material.ASPHALT)
    for x, side in ((left, -1), (right, 1)):
        strip(x - 0.16, x + 0.16, NEAR, plan.end + 30, slabs * 1.16, Material.PAVING)
        strip(x + (0.16 if side < 0 else -0.3), x + (0.3 if side < 0 else -0.16), NEAR, 60, asphalt * 0.72, Material.ASPHALT)
        if rng.random() < 0.5:
            for d in (0.45, 0.7) if rng.random() < 0.6 else (0.45,):
                strip(x - side * (d + 0.1), x - side * d, NEAR, 50, np.array([206, 176, 74]), Material.MARK)
    white = np.array([222, 222, 216]) * rng.uniform(0.8, 1.1)
    for _ in range(int(rng.integers(0, 4))):
        x, z = rng.uniform(left, right), rng.uniform(3, 16)
        patch = [(x, 0, z), (x + 1.2, 0, z), (x + 1.1, 0, z + 3), (x + 0.1, 0, z + 2.8)]
        if x + 1.2 < right:
            canvas.face(patch, asphalt * rng.uniform(0.75, 1.15), Material.ASPHALT)
    lines = [0.5] if right - left < 9 else [0.36, 0.68] if rng.random() < 0.6 else [0.5]
    dash, gap, phase = rng.uniform(1.5, 4.0), rng.uniform(2.0, 5.0), rng.uniform(0, 5)
    for share in lines:
        x = left + (right - left) * share
        for z in np.arange(phase - 5, 70, dash + gap):
            if z + dash > NEAR:
                canvas.face([(x - 0.07, 0, z), (x + 0.07, 0, z), (x + 0.07, 0, z + dash), (x - 0.07, 0, z + dash)], white,
                            Material.MARK)  # fmt: skip
    if rng.random() < 0.3:
        z = rng.uniform(7, 20)
        for x in np.arange(left + 0.4, right - 0.6, 1.1):
            canvas.face([(x, 0, z), (x + 0.55, 0, z), (x + 0.55, 0, z + 2.6), (x, 0, z + 2.6)], white, Material.MARK)
    if rng.random() < 0.3:
        x, z = (left + right) / 2 - 1.6, rng.uniform(5, 12)
        canvas.face([(x - 0.1, 0, z), (x + 0.1, 0, z), (x + 0.1, 0, z + 2), (x - 0.1, 0, z + 2)], white, Material.MARK)
        canvas.face([(x - 0.4, 0, z + 2), (x + 0.4, 0, z + 2), (x, 0, z + 3.4)], white, Material.MARK)


def _backdrop(canvas: Canvas, rng: np.random.Generator, plan: _Plan, weather: Weather) -> None:
    """What closes the view: a row of far trees and houses across the end of the street."""
    for x in np.arange(-70, 70, 9.0):
        z = plan.end + rng.uniform(15, 40)
        if rng.random() < 0.55:
            tree(canvas, rng, x, z, rng.uniform(6, 13), weather.sun)
        else:
            height = rng.uniform(5, 10)
            colour = np.array([150, 118, 96]) * rng.uniform(0.6, 1.3)
            canvas.face([(x, 0, z), (x + 10, 0, z), (x + 10, height, z), (x, height, z)], colour, Material.PLASTER)
            canvas.face([(x - 0.4, height, z), (x + 10.4, height, z), (x + 8, height + 2.5, z), (x + 2, height + 2.5, z)],
                        colour * 0.6, Material.ROOF)  # fmt: skip


def _things(canvas: Canvas, rng: np.random.Generator, plan: _Plan, weather: Weather) -> None:
    """Place houses, trees, furniture, vehicles and people, then draw them from far to near."""
    jobs: list[tuple[float, int, object]] = []

    def add(z: float, draw: object) -> None:
        jobs.append((z, len(jobs), draw))

    for side in (-1, 1):
        _place_side(add, canvas, rng, plan, weather, side)
    _place_traffic(add, canvas, rng, plan, weather)
    for _, _, draw in sorted(jobs, key=lambda job: (-job[0], job[1])):
        draw(np.random.default_rng(rng.integers(2**63)))  # type: ignore[operator]


def _place_side(add, canvas: Canvas, rng: np.random.Generator, plan: _Plan, weather: Weather, side: int) -> None:  # type: ignore[no-untyped-def]
    kerb, front = (plan.kerbs[0], plan.fronts[0]) if side < 0 else (plan.kerbs[1], plan.fronts[1])
    sunny = weather.sun * side < 0
    light = 1.0 + 0.22 * weather.strength if sunny else 1.0 - 0.3 * weather.strength
    built = {"town": 0.95, "suburb": 0.72, "park": 0.15, "square": 0.6}[plan.kind]
    z = rng.uniform(-8, 3)
    base = rng.uniform(6, 11) if plan.kind == "town" else rng.uniform(4.5, 7)
    while z < plan.end:
        length = rng.uniform(6, 16)
        x = front + side * (rng.uniform(0, 0.8) if plan.kind == "town" else rng.uniform(0, 3))
        if rng.random() < built and z + length > 2.5:
            height, shop = max(3.2, base + rng.uniform(-2, 3)), plan.kind in ("town", "square") and rng.random() < 0.55
            z0 = max(z, -6.0)
            add(z0 + length, lambda r, x=x, z0=z0, z1=z + length, height=height, shop=shop: house(
                canvas, r, x, z0, z1, height, light=light, light_end=1.0 - 0.12 * weather.strength, shop=shop))  # fmt: skip
            reach = side * -1 * height * 0.7 * abs(weather.sun)
            if not sunny:
                canvas.shadow([(x, 0, max(z, NEAR)), (x, 0, z + length), (x + reach, 0, z + length),
                               (x + reach, 0, max(z, NEAR))], 150)  # fmt: skip
        elif rng.random() < 0.85:
            for _ in range(int(rng.integers(1, 4))):
                tz = z + rng.uniform(0, length)
                if tz > 5:
                    tx, th = x + side * rng.uniform(0.5, 5), rng.uniform(5, 11)
                    add(tz, lambda r, tx=tx, tz=tz, th=th: tree(canvas, r, tx, tz, th, weather.sun))
        z += length + (rng.uniform(1, 6) if rng.random() < (0.15 if plan.kind == "town" else 0.6) else 0.0)
    _place_furniture(add, canvas, rng, plan, weather, side, kerb, front)


def _place_furniture(add, canvas, rng, plan, weather, side, kerb, front) -> None:  # type: ignore[no-untyped-def]
    edge = kerb + side * 0.55
    first, step = rng.uniform(5, 13), rng.uniform(9, 18)
    for z in np.arange(first, 60, step):
        add(z, lambda r, z=z: lamp_post(canvas, r, edge, z, -side))
    for _ in range(int(rng.integers(0, 4))):
        z = rng.uniform(5.5, 20)
        add(z, lambda r, z=z: sign(canvas, r, edge + side * r.uniform(-0.1, 0.6), z))
    if rng.random() < 0.4:
        z = rng.uniform(7, 20)
        add(z, lambda r, z=z: traffic_light(canvas, r, edge, z))
    if rng.random() < 0.25:
        for z in np.arange(rng.uniform(4, 7), 16, 1.8):
            add(z, lambda r, z=z: bollard(canvas, r, edge, z))
    chance = {"town": 0.3, "suburb": 0.7, "park": 0.7, "square": 0.4}[plan.kind]
    if rng.random() < chance:
        x = kerb + side * (0.35 if plan.kind == "town" or rng.random() < 0.3 else 2.5)
        start, height = rng.uniform(2.5, 9), rng.uniform(0.95, 1.6)
        stop = start + rng.uniform(6, 22)
        kind_seed = int(rng.integers(2**31))
        for a in np.arange(start, stop, 4.4):
            add(a, lambda r, x=x, a=a, t=height: fence(canvas, np.random.default_rng(kind_seed), x, a, a + 4.4, t))
    if plan.kind != "town" or rng.random() < 0.3:
        for z in np.arange(rng.uniform(6, 16), 55, rng.uniform(7, 13)):
            x, height = edge + side * rng.uniform(0.2, 1.2), rng.uniform(4.5, 8.5)
            add(z, lambda r, x=x, z=z, height=height: tree(canvas, r, x, z, height, weather.sun))
    for _ in range(int(rng.integers(1, 5))):
        z, x = 5 + 17 * rng.random() ** 1.3, kerb + side * rng.uniform(0.5, max(0.8, min(3.0, abs(front - kerb) - 0.3)))
        canvas.shadow([(x - 0.3, 0, z), (x + 0.3, 0, z), (x + 0.3 + weather.sun * -1.5, 0, z + 0.3)], 130)
        add(z, lambda r, x=x, z=z: walker(canvas, r, x, z))


def _place_traffic(add, canvas: Canvas, rng: np.random.Generator, plan: _Plan, weather: Weather) -> None:  # type: ignore[no-untyped-def]
    left, right = plan.kerbs
    kinds = ["hatch", "saloon", "estate", "suv", "van", "bus"]

    def car(x: float, z: float, yaw: float, kind: str) -> None:
        half = 5.4 if kind == "bus" else 2.3
        wide = half if abs(np.sin(yaw)) > 0.5 else 1.0
        deep = 1.0 if abs(np.sin(yaw)) > 0.5 else half
        canvas.shadow([(x - wide, 0, z - deep), (x + wide, 0, z - deep), (x + wide, 0, z + deep), (x - wide, 0, z + deep)], 230)
        add(z - deep * 0.8, lambda r: vehicle(canvas, r, x, z, yaw, kind, weather.sun * weather.strength))

    def pick() -> str:
        return str(rng.choice(kinds, p=[0.32, 0.22, 0.16, 0.14, 0.12, 0.04]))

    for x, yaw in ((left + 1.1, 0.0), (right - 1.1, np.pi)):
        if rng.random() < 0.45:
            z = rng.uniform(6, 14)
            while z < 48:
                if rng.random() < 0.7:
                    kind = pick()
                    car(x, z, yaw + rng.uniform(-0.04, 0.04), "hatch" if kind == "bus" else kind)
                z += rng.uniform(5.6, 9)
    lanes = ((left + (right - left) * 0.3, 0.0), (left + (right - left) * 0.68, np.pi))
    for x, yaw in lanes:
        z = rng.uniform(7, 26)
        while z < 60:
            if rng.random() < 0.6:
                kind = pick()
                car(x + rng.uniform(-0.3, 0.3), z + (5 if kind == "bus" else 0), yaw + rng.uniform(-0.05, 0.05), kind)
            z += rng.uniform(9, 22)
    if rng.random() < (0.6 if plan.kind == "square" else 0.16):
        for _ in range(int(rng.integers(1, 4))):
            car(rng.uniform(left, right), rng.uniform(12, 28), rng.choice([-1, 1]) * np.pi / 2 + rng.uniform(-0.5, 0.5), pick())
    for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.3, 0.4, 0.2, 0.1]))):
        z = 5.5 + 15 * rng.random() ** 1.2
        x = rng.choice([left + rng.uniform(0.4, 1.2), right - rng.uniform(0.4, 1.2), rng.uniform(left, right)])
        canvas.shadow([(x - 0.4, 0, z - 0.1), (x + 0.4, 0, z - 0.1), (x + 0.4, 0, z + 0.4), (x - 0.4, 0, z + 0.4)], 150)
        add(z, lambda r, x=x, z=z: cyclist(canvas, r, x, z))
    if rng.random() < 0.4:
        for _ in range(int(rng.integers(1, 3))):
            x, z = rng.uniform(left, right), rng.uniform(8, 20)
            add(z, lambda r, x=x, z=z: walker(canvas, r, x, z))
    if plan.kind in ("square", "park") and rng.random() < 0.5:
        z, x = rng.uniform(16, 34), rng.choice([left - 1.5, right + 1.5])
        far = x + np.sign(x) * rng.uniform(8, 20)
        add(z, lambda r: run_fence(canvas, r, np.array([min(x, far), z]), np.array([max(x, far), z]), r.uniform(1.0, 1.5)))


def scene(seed: int, index: int, *, size: tuple[int, int] = (240, 320), void: bool = False) -> Sample:
    """The street scene number `index` of a seed, with its exact label map.

    size: (height, width) in pixels, each at least 16. void: also draw what has no class (our own bonnet, now and
    then a skip or a bin), labelled 255. Returns a Sample: image H×W×3 uint8 RGB, mask H×W uint8 in CamVid's classes.
    Raises ValueError for a negative seed or index, or a size that is too small.
    """
    h, w = (int(side) for side in size)
    if h < MIN_SIDE or w < MIN_SIDE:
        raise ValueError(f"a street scene is at least {MIN_SIDE}x{MIN_SIDE} pixels, got {h}x{w}; ask for a larger size")
    if seed < 0 or index < 0:
        raise ValueError(f"seed and index must be 0 or more, got seed {seed} and index {index}")
    rng = np.random.default_rng([seed, index])
    weather, plan = draw_weather(rng), _draw_plan(rng)
    focal, tilt, turn = rng.uniform(1.1, 1.5), rng.uniform(0.42, 0.54), rng.uniform(-0.14, 0.14)
    height = rng.uniform(1.25, 1.75)
    cameras = [Camera(focal * h * k, (w / 2 + turn * h) * k, tilt * h * k, height) for k in (1, SUPERSAMPLE)]
    canvas = Canvas(cameras[1], h * SUPERSAMPLE, w * SUPERSAMPLE, weather.horizon * 0.92, weather.haze_distance)
    paint_sky(canvas, np.random.default_rng(rng.integers(2**63)), weather)
    _ground(canvas, np.random.default_rng(rng.integers(2**63)), plan)
    _backdrop(canvas, np.random.default_rng(rng.integers(2**63)), plan, weather)
    _things(canvas, np.random.default_rng(rng.integers(2**63)), plan, weather)
    if void:
        _unknown(canvas, np.random.default_rng(rng.integers(2**63)))
    return _develop(canvas, cameras[0], plan, weather, np.random.default_rng([seed, index, 1]), f"streets-{seed}-{index}")


def _unknown(canvas: Canvas, rng: np.random.Generator) -> None:
    """Things without a class: the bonnet of the own car."""
    across = np.linspace(-0.1, 1.1, 25)
    rise = rng.uniform(0.03, 0.09) * (1 - (2 * across - 1) ** 2 * rng.uniform(0.3, 0.9))
    edge = np.stack([across * canvas.w, (1 - rise) * canvas.h], -1)
    colour = np.full(3, rng.uniform(20, 120))
    below = np.array([(1.1 * canvas.w, canvas.h * 1.1), (-0.1 * canvas.w, canvas.h * 1.1)])
    canvas.fill([np.concatenate([edge, below])], colour, Material.UNKNOWN)
    canvas.fill([np.concatenate([edge + [0, canvas.h * 0.012], below])], colour * 0.7)


def _develop(canvas: Canvas, camera: Camera, plan: _Plan, weather: Weather, rng: np.random.Generator, name: str) -> Sample:
    h, w = canvas.h // SUPERSAMPLE, canvas.w // SUPERSAMPLE
    image = cv2.resize(canvas.image, (w, h), interpolation=cv2.INTER_AREA)
    code = np.ascontiguousarray(canvas.code[::SUPERSAMPLE, ::SUPERSAMPLE])
    shade = cv2.resize(canvas.shade, (w, h), interpolation=cv2.INTER_AREA)
    light = surface_light(camera, code, shade, plan.fronts, rng, weather.strength)
    return Sample(expose(image, code, light, weather, rng), LABEL_OF[code], name)


class Streets:
    """A map-style data set of `count` scenes of one seed: `len`, `[i]` -> Sample, `labels`, `name`."""

    def __init__(self, count: int, *, seed: int = 0, size: tuple[int, int] = (240, 320), void: bool = False) -> None:
        if count < 1:
            raise ValueError(f"a street data set needs at least one scene, got count {count}")
        self.count, self.seed, self.size, self.void = int(count), int(seed), (int(size[0]), int(size[1])), void
        self.name = f"streets-{seed}"

    @property
    def labels(self) -> LabelSet:
        return CAMVID

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Sample:
        if not -self.count <= index < self.count:
            raise IndexError(f"scene {index} of {self.count}")
        return scene(self.seed, index % self.count, size=self.size, void=self.void)
