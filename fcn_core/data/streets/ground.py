"""The plan of a synthetic street, its ground, and what closes the view."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fcn_core.data.streets.light import Weather
from fcn_core.data.streets.plants import tree
from fcn_core.data.streets.view import NEAR, Canvas, Material

_CUTS = (2.0, 4.0, 7.0, 10.0, 14.0, 18.0, 23.0, 29.0, 36.0, 44.0, 54.0, 66.0, 90.0, 130.0)


@dataclass(frozen=True)
class GroundPlan:
    """Where the street's lines run: x in metres of kerbs and house fronts, and the kind of street."""

    kind: str
    kerbs: tuple[float, float]
    fronts: tuple[float, float]
    end: float


def draw_plan(rng: np.random.Generator) -> GroundPlan:
    kind = str(rng.choice(["town", "suburb", "park", "square"], p=[0.58, 0.2, 0.1, 0.12]))
    left, right = -rng.uniform(2.2, 4.6), rng.uniform(4.2, 8.0)
    if rng.random() < 0.3:
        left, right = -right, -left
    wide = rng.uniform(2.0, 4.2, 2)
    set_back = {"town": 0.0, "suburb": 4.0, "park": 3.0, "square": 7.0}[kind]
    fronts = (left - wide[0] - set_back * rng.uniform(0.4, 1), right + wide[1] + set_back * rng.uniform(0.4, 1))
    return GroundPlan(kind, (left, right), fronts, float(rng.uniform(45, 85)))


def paint_ground(canvas: Canvas, rng: np.random.Generator, plan: GroundPlan) -> None:
    """Road, kerbs, pavements, what lies behind them, and the lane marks."""
    (left, right), (front_left, front_right) = plan.kerbs, plan.fronts
    asphalt = np.full(3, rng.uniform(78, 128)) + rng.uniform(-5, 5, 3)
    slabs = np.array([168, 160, 152]) * rng.uniform(0.72, 1.15) + rng.uniform(-10, 10, 3)
    yard = np.array([92, 112, 56]) * rng.uniform(0.7, 1.1) if plan.kind in ("suburb", "park") else slabs * 0.95
    soil = Material.GRASS if plan.kind in ("suburb", "park") else Material.PAVING

    def strip(x0: float, x1: float, z0: float, z1: float, colour: np.ndarray, material: Material) -> None:
        # Cut in depth, so that haze and bend grow with the distance.
        cuts = [z for z in (_CUTS if canvas.camera.bend else _CUTS[1::3]) if z0 < z < z1]
        for a, b in zip([z0, *cuts], [*cuts, z1], strict=True):
            canvas.face([(x0, 0, a), (x1, 0, a), (x1, 0, b), (x0, 0, b)], colour, material)

    strip(-300, 300, NEAR, 200, yard, soil)
    for x0, x1 in ((front_left if plan.kind != "suburb" else left - 2.4, left),
                   (right, front_right if plan.kind != "suburb" else right + 2.4)):  # fmt: skip
        strip(x0, x1, NEAR, plan.end + 30, slabs, Material.PAVING)
    strip(left, right, NEAR, 200, asphalt, Material.ASPHALT)
    for x, side in ((left, -1), (right, 1)):
        strip(x - 0.16, x + 0.16, NEAR, plan.end + 30, slabs * 1.16, Material.PAVING)
        gutter = sorted((x - side * 0.16, x - side * 0.3))
        strip(gutter[0], gutter[1], NEAR, 60, asphalt * 0.72, Material.ASPHALT)
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
                mark = [(x - 0.07, 0, z), (x + 0.07, 0, z), (x + 0.07, 0, z + dash), (x - 0.07, 0, z + dash)]
                canvas.face(mark, white, Material.MARK)
    if rng.random() < 0.3:
        z = rng.uniform(7, 20)
        for x in np.arange(left + 0.4, right - 0.6, 1.1):
            canvas.face([(x, 0, z), (x + 0.55, 0, z), (x + 0.55, 0, z + 2.6), (x, 0, z + 2.6)], white, Material.MARK)
    if rng.random() < 0.3:
        x, z = (left + right) / 2 - 1.6, rng.uniform(5, 12)
        canvas.face([(x - 0.1, 0, z), (x + 0.1, 0, z), (x + 0.1, 0, z + 2), (x - 0.1, 0, z + 2)], white, Material.MARK)
        canvas.face([(x - 0.4, 0, z + 2), (x + 0.4, 0, z + 2), (x, 0, z + 3.4)], white, Material.MARK)


def paint_backdrop(canvas: Canvas, rng: np.random.Generator, plan: GroundPlan, weather: Weather) -> None:
    """What closes the view: a row of far trees and houses across the end of the street."""
    reach = 27 if plan.kind == "town" else 63  # Between the fronts of a town little else is seen.
    for x in np.arange(-reach, reach, 9.0):
        z = plan.end + rng.uniform(15, 40)
        if rng.random() < 0.55:
            tree(canvas, rng, x, z, rng.uniform(6, 13), weather.sun)
        else:
            height = rng.uniform(5, 10)
            colour = np.array([138, 122, 110]) * rng.uniform(0.55, 1.4) + rng.uniform(-16, 16, 3)
            canvas.face([(x, 0, z), (x + 10, 0, z), (x + 10, height, z), (x, height, z)], colour, Material.PLASTER)
            s, t = (a.ravel() for a in np.meshgrid(x + np.arange(1.0, 9, 2.2), np.arange(1.2, height - 1.6, 2.9)))
            panes = np.stack([np.stack([s, s + 1.1, s + 1.1, s], 1), np.stack([t, t, t + 1.4, t + 1.4], 1),
                              np.full((len(s), 4), z)], -1)  # fmt: skip
            canvas.faces(panes, (70, 76, 84), Material.GLASS)
            top = height + 2.5
            canvas.face([(x - 0.4, height, z), (x + 10.4, height, z), (x + 8, top, z), (x + 2, top, z)], colour * 0.6,
                        Material.ROOF)  # fmt: skip
