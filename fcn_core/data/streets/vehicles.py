"""Cars, vans and buses of the synthetic streets: convex bodies turned by any angle, with glass, wheels and lights."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fcn_core.data.streets.view import CIRCLE, Canvas, Material

_PAINTS = ((190, 192, 196), (214, 216, 218), (28, 30, 34), (60, 64, 70), (34, 52, 104), (150, 26, 30), (46, 84, 66),
           (120, 124, 130), (196, 170, 60), (90, 30, 44), (70, 110, 160), (236, 236, 234), (34, 36, 40),
           (150, 154, 160), (44, 48, 58))  # fmt: skip


@dataclass(frozen=True)
class Shape:
    """Sizes in metres, and the cabin as fractions of the length (rear foot, rear top, front top, front foot)."""

    length: float
    width: float
    height: float
    belt: float
    nose: float
    cabin: tuple[float, float, float, float]
    taper: float


SHAPES = {
    "hatch": Shape(3.9, 1.7, 1.46, 0.9, 0.78, (-0.485, -0.40, 0.06, 0.27), 0.80),
    "saloon": Shape(4.6, 1.78, 1.43, 0.92, 0.76, (-0.36, -0.22, 0.06, 0.24), 0.78),
    "estate": Shape(4.6, 1.78, 1.52, 0.92, 0.78, (-0.49, -0.43, 0.05, 0.24), 0.82),
    "suv": Shape(4.6, 1.9, 1.8, 1.08, 0.98, (-0.485, -0.44, 0.04, 0.22), 0.84),
    "van": Shape(5.2, 1.98, 2.2, 1.2, 1.02, (-0.495, -0.485, 0.24, 0.38), 0.9),
    "bus": Shape(10.5, 2.5, 3.1, 1.3, 1.3, (-0.5, -0.495, 0.485, 0.5), 0.97),
}


class _Body:
    """World positions of a turned vehicle: local x across, y up, z forward."""

    def __init__(self, x: float, z: float, yaw: float) -> None:
        self.x, self.z, self.cos, self.sin = x, z, float(np.cos(yaw)), float(np.sin(yaw))

    def at(self, points: object) -> np.ndarray:
        p = np.asarray(points, np.float64)
        return np.stack([self.x + p[..., 0] * self.cos + p[..., 2] * self.sin, p[..., 1],
                         self.z - p[..., 0] * self.sin + p[..., 2] * self.cos], -1)  # fmt: skip


def _panel(quad: np.ndarray, box: tuple[float, float, float, float]) -> np.ndarray:
    """The part (u0, v0, u1, v1 in 0-1) of a quad given as bottom-left, bottom-right, top-right, top-left."""
    u = np.array([box[0], box[2], box[2], box[0]])[:, None]
    v = np.array([box[1], box[1], box[3], box[3]])[:, None]
    return (quad[0] * (1 - u) + quad[1] * u) * (1 - v) + (quad[3] * (1 - u) + quad[2] * u) * v


def _seen(canvas: Canvas, quad: np.ndarray) -> bool:
    """Whether a face (corners anticlockwise from outside) turns to the camera."""
    p = canvas.camera.project(quad)
    a, b = p[1] - p[0], p[3] - p[0]
    return bool(a[0] * b[1] - a[1] * b[0] < 0)


def vehicle(canvas: Canvas, rng: np.random.Generator, x: float, z: float, yaw: float, kind: str, sun: float) -> None:
    """Draw one vehicle with its middle at (x, z); yaw 0 shows its rear, pi its front, pi/2 its side."""
    s, body = SHAPES[kind], _Body(x, z, yaw)
    half, low, length = s.width / 2, 0.28, s.length
    paint = np.array(_PAINTS[rng.integers(len(_PAINTS))], float) * rng.uniform(0.85, 1.1)
    if kind == "bus":
        paint = np.array(((170, 30, 34), (60, 120, 170), (214, 206, 60))[rng.integers(3)], float)
    glass = np.array((34, 40, 48), float)
    tint = canvas.tint
    profile = np.array([(-0.5, low), (-0.5, s.belt * 0.9), (-0.485, s.belt), (s.cabin[3], s.belt * 0.98),
                        (0.47, s.nose * 0.96), (0.5, s.nose * 0.75), (0.5, low)])  # fmt: skip
    sides = {e: np.column_stack([np.full(7, e * half), profile[:, 1], profile[:, 0] * length]) for e in (-1, 1)}
    roof = half * s.taper
    foot, top = (s.cabin[0], s.cabin[3]), (s.cabin[1], s.cabin[2])
    cabin = np.array([(e * (half * 0.97), s.belt * 0.97, f * length) for e in (-1, 1) for f in foot]
                     + [(e * roof, s.height, f * length) for e in (-1, 1) for f in top])  # fmt: skip
    _wheels(canvas, body, s, hidden=True)
    canvas.hull(body.at(np.concatenate([sides[-1], sides[1]])), tint(paint, z, 0.8), Material.CAR)
    canvas.hull(body.at(cabin), tint(paint, z, 1.0), Material.CAR)

    def quad(points: list[tuple[float, float, float]]) -> np.ndarray:
        return body.at(points)

    top_face = quad([(-roof, s.height, top[0] * length), (roof, s.height, top[0] * length),
                     (roof, s.height, top[1] * length), (-roof, s.height, top[1] * length)])  # fmt: skip
    if s.height < canvas.camera.height:
        canvas.face(top_face, paint, None, 1.15)
    canvas.face(quad([(-half * 0.94, s.belt * 0.98, foot[1] * length), (half * 0.94, s.belt * 0.98, foot[1] * length),
                      (half * 0.9, s.nose * 0.97, 0.47 * length), (-half * 0.9, s.nose * 0.97, 0.47 * length)]),
                paint, None, 1.12)  # fmt: skip
    for e in (-1, 1):
        _side(canvas, body, s, e, sides[e], paint, glass, sun)
    for front in (False, True):
        _end(canvas, rng, body, s, front, paint, glass)
    _wheels(canvas, body, s, hidden=False)


def _side(canvas: Canvas, body: _Body, s: Shape, e: int, outline: np.ndarray, paint: np.ndarray, glass: np.ndarray,
          sun: float) -> None:  # fmt: skip
    half, roof, length = s.width / 2, s.width / 2 * s.taper, s.length
    order = (s.cabin[0], s.cabin[3], s.cabin[2], s.cabin[1])
    window = body.at([(e * half * 0.97, s.belt, order[0] * length), (e * half * 0.97, s.belt, order[1] * length),
                      (e * roof, s.height, order[2] * length), (e * roof, s.height, order[3] * length)])  # fmt: skip
    if not _seen(canvas, window if e > 0 else window[[1, 0, 3, 2]]):
        return
    light = 1.0 + 0.18 * sun * e * np.sign(body.cos + 1e-9)
    canvas.face(body.at(outline), paint, None, light)
    panes = [(0.06, 0.08, 0.34, 0.84), (0.37, 0.08, 0.63, 0.86), (0.66, 0.08, 0.92, 0.84)]
    if s.length > 8:
        panes = [(i / 7 + 0.02, 0.1, i / 7 + 0.125, 0.62) for i in range(7)]
    if body.z > 28:
        panes = [(0.06, 0.08, 0.92, 0.84)]  # Too far for pillars and handles to be seen.
    for pane in panes[1:] if s.length == 5.2 and body.z <= 28 else panes:
        canvas.face(_panel(window, pane), glass, None)
        canvas.face(_panel(window, (pane[0], 0.5 * (pane[1] + pane[3]), pane[2], pane[3])), glass + canvas.haze * 0.2)
    door = body.at([(e * half, 0.34, -0.36 * length), (e * half, 0.34, 0.36 * length),
                    (e * half, s.belt, 0.36 * length), (e * half, s.belt, -0.36 * length)])  # fmt: skip
    for u in (0.28, 0.5, 0.76) if body.z <= 28 else ():
        canvas.face(_panel(door, (u, 0.05, u + 0.01, 0.96)), paint * 0.5)
    canvas.face(_panel(door, (0.0, 0.5, 1.0, 0.58)), paint, None, light * 0.8)
    canvas.face(body.at([(e * half, 0.28, -0.5 * length), (e * half, 0.28, 0.5 * length),
                         (e * half, 0.4, 0.5 * length), (e * half, 0.4, -0.5 * length)]), paint * 0.3)  # fmt: skip


def _end(canvas: Canvas, rng: np.random.Generator, body: _Body, s: Shape, front: bool, paint: np.ndarray,
         glass: np.ndarray) -> None:  # fmt: skip
    half, length = s.width / 2, s.length
    d = 1 if front else -1
    foot, top = (s.cabin[3], s.cabin[2]) if front else (s.cabin[0], s.cabin[1])
    left, right = d * half, -d * half
    high = s.nose * 0.85 if front else s.belt * 0.95
    panel = body.at([(left, 0.28, d * 0.5 * length), (right, 0.28, d * 0.5 * length), (right, high, d * 0.5 * length),
                     (left, high, d * 0.5 * length)])  # fmt: skip
    plate = (226, 220, 200) if front else (222, 190, 60)
    if not _seen(canvas, panel):
        return
    window = body.at([(left * 0.95, s.belt, d * abs(foot) * length), (right * 0.95, s.belt, d * abs(foot) * length),
                      (right * s.taper, s.height, top * length),
                      (left * s.taper, s.height, top * length)]) if foot * d > 0 else None  # fmt: skip
    if window is not None:
        canvas.face(_panel(window, (0.07, 0.06, 0.93, 0.86)), glass)
        canvas.face(_panel(window, (0.07, 0.5, 0.93, 0.86)), glass + canvas.haze * rng.uniform(0.12, 0.35))
    canvas.face(panel, paint, None, 0.92)
    canvas.face(_panel(panel, (0.0, 0.0, 1.0, 0.3)), paint * 0.45 + 8)
    lamp = (250, 246, 226) if front else (206, 24, 22)
    for box in ((0.03, 0.55, 0.22, 0.86), (0.78, 0.55, 0.97, 0.86)):
        canvas.face(_panel(panel, box), lamp if front or rng.random() < 0.9 else (255, 90, 60))
    if front:
        canvas.face(_panel(panel, (0.27, 0.42, 0.73, 0.72)), (26, 26, 28))
    canvas.face(_panel(panel, (0.35, 0.16, 0.65, 0.34) if front else (0.35, 0.42, 0.65, 0.6)), plate)


def _wheels(canvas: Canvas, body: _Body, s: Shape, *, hidden: bool) -> None:
    """Tyres: all four as dark blocks under the body first, then the visible discs over the visible sides."""
    radius = 0.31 if s.length < 5 else 0.36 if s.length < 8 else 0.48
    rubber = (20, 20, 22)
    for e in (-1, 1):
        rims = np.empty((2, len(CIRCLE), 3))
        rims[..., 0] = e * s.width / 2 * 1.005
        rims[..., 1:] = radius * CIRCLE[:, ::-1]
        rims[..., 1] += radius
        rims[..., 2] += np.array([[-0.31], [0.31]]) * s.length
        tyres = body.at(rims)
        if hidden and body.z <= 28:
            inner = body.at(rims - [e * 0.2, 0, 0])
            for outside, inside in zip(tyres, inner, strict=True):
                canvas.hull(np.concatenate([outside, inside]), canvas.tint(rubber, body.z), Material.CAR)
        elif hidden:
            canvas.faces(tyres, rubber, Material.CAR)
        elif _seen(canvas, (tyres[0] if e > 0 else tyres[0, ::-1])[[0, 5, 10, 15]]):
            canvas.faces(tyres, rubber, Material.CAR)
            if body.z <= 28:
                middle = tyres.mean(axis=1, keepdims=True)
                canvas.faces((tyres - middle) * 0.6 + middle, (150, 152, 156))
                canvas.faces((tyres - middle) * 0.2 + middle, (60, 60, 62))
