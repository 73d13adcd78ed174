"""House fronts of the synthetic streets: boxes with windows, doors, shops and roofs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fcn_core.data.streets.view import Canvas, Material

_BRICKS = ((128, 72, 54), (150, 92, 68), (108, 70, 58), (168, 128, 92), (186, 158, 116), (92, 66, 60))
_PLASTERS = ((222, 214, 196), (198, 188, 172), (236, 232, 226), (170, 160, 150), (214, 190, 150), (150, 158, 166),
             (206, 170, 160), (124, 118, 112), (190, 200, 190))  # fmt: skip
_ROOFS = ((96, 70, 62), (78, 80, 88), (120, 76, 60), (66, 62, 62), (104, 98, 92))
_SHOPS = ((30, 60, 120), (130, 30, 34), (30, 86, 62), (38, 38, 44), (206, 160, 40), (96, 40, 96), (230, 226, 214))


@dataclass(frozen=True)
class Wall:
    """A vertical rectangle: `foot` is its lower corner, `along` its unit direction on the ground (x, z)."""

    foot: tuple[float, float]
    along: tuple[float, float]
    length: float
    height: float

    def quads(self, boxes: np.ndarray) -> np.ndarray:
        """N×4 boxes (s0, t0, s1, t1) in metres on the wall -> N×4×3 world corners."""
        s = boxes[:, [0, 2, 2, 0]]
        t = boxes[:, [1, 1, 3, 3]]
        return np.stack([self.foot[0] + s * self.along[0], t, self.foot[1] + s * self.along[1]], -1)

    def corners(self, s0: float, t0: float, s1: float, t1: float) -> np.ndarray:
        return self.quads(np.array([[s0, t0, s1, t1]]))[0]


def _windows(canvas: Canvas, rng: np.random.Generator, wall: Wall, boxes: np.ndarray, light: float) -> None:
    """Frames, panes that mirror the sky, bars and sills for window boxes (N×4)."""
    if not len(boxes):
        return
    frame = np.full(3, rng.uniform(170, 240)) if rng.random() < 0.75 else rng.uniform(40, 120, 3)
    glass = np.array([58, 66, 78]) * rng.uniform(0.6, 1.5)
    rim, sill = 0.09, 0.16
    canvas.faces(wall.quads(boxes + [-rim, -rim, rim, rim]), frame, Material.PLASTER, light)
    canvas.faces(wall.quads(boxes), glass, Material.GLASS, light)
    upper = boxes.copy()
    upper[:, 1] = boxes[:, 1] + (boxes[:, 3] - boxes[:, 1]) * rng.uniform(0.4, 0.7, len(boxes))
    bright = rng.random(len(boxes)) < 0.6
    canvas.faces(wall.quads(upper[bright]), glass * 0.55 + canvas.haze * 0.35, None, light)
    if wall.foot[1] > 30:
        return  # Too far for bars and sills to be seen.
    middle = (boxes[:, 1] + boxes[:, 3]) / 2
    bars = np.stack([boxes[:, 0], middle - 0.04, boxes[:, 2], middle + 0.04], 1)
    centre = (boxes[:, 0] + boxes[:, 2]) / 2
    posts = np.stack([centre - 0.04, boxes[:, 1], centre + 0.04, boxes[:, 3]], 1)
    canvas.faces(wall.quads(np.concatenate([bars, posts]) if rng.random() < 0.5 else bars), frame, None, light)
    sills = np.stack([boxes[:, 0] - 0.15, boxes[:, 1] - sill - rim, boxes[:, 2] + 0.15, boxes[:, 1] - rim], 1)
    canvas.faces(wall.quads(sills), np.minimum(frame * 0.85, 255), None, light)


def facade(canvas: Canvas, rng: np.random.Generator, wall: Wall, colour: np.ndarray, material: Material,
           light: float, shop: bool) -> None:  # fmt: skip
    """One front: wall, storeys of windows, and a shop or a door at street level. colour: RGB 0-255, length 3."""
    canvas.face(wall.corners(0, 0, wall.length, wall.height), colour, material, light)
    storey = rng.uniform(2.8, 3.5)
    pitch = rng.uniform(2.0, 3.6)
    width, tall = pitch * rng.uniform(0.38, 0.62), storey * rng.uniform(0.45, 0.62)
    columns = max(1, int(wall.length / pitch))
    starts = (np.arange(columns) + 0.5) * wall.length / columns
    floors = np.arange(1 if shop or rng.random() < 0.7 else 0, max(1, int((wall.height - 0.3) / storey)))
    s, t = (a.ravel() for a in np.meshgrid(starts, floors * storey + storey * 0.28))
    boxes = np.stack([s - width / 2, t, s + width / 2, t + tall], 1)
    _windows(canvas, rng, wall, boxes[boxes[:, 3] < wall.height - 0.2], light)
    if rng.random() < 0.5:
        bands = np.array([[0, f * storey - 0.1, wall.length, f * storey + 0.1] for f in floors if f > 0]).reshape(-1, 4)
        canvas.faces(wall.quads(bands), np.minimum(colour * 1.2 + 10, 255), None, light)
    if shop:
        _shop(canvas, rng, wall, min(storey * 1.05, wall.height), light)
    else:
        _doors(canvas, rng, wall, starts, width, storey, light)
    canvas.face(wall.corners(0, wall.height - 0.3, wall.length, wall.height), colour * 0.75, Material.PLASTER, light)


def _shop(canvas: Canvas, rng: np.random.Generator, wall: Wall, top: float, light: float) -> None:
    board = np.array(_SHOPS[rng.integers(len(_SHOPS))], float)
    canvas.face(wall.corners(0.1, 0, wall.length - 0.1, top), board * 0.7, Material.PLASTER, light)
    panes = max(1, int(wall.length / rng.uniform(1.6, 3.0)))
    edges = np.linspace(0.3, wall.length - 0.3, panes + 1)
    boxes = np.stack([edges[:-1] + 0.1, np.full(panes, 0.45), edges[1:] - 0.1, np.full(panes, top - 0.75)], 1)
    boxes[rng.integers(panes), 1] = 0.05
    canvas.faces(wall.quads(boxes), (44, 46, 52), Material.GLASS, light)
    goods = boxes.copy()
    goods[:, 3] = boxes[:, 1] + rng.uniform(0.3, 1.0, panes)
    lit = rng.random(panes) < 0.5
    canvas.faces(wall.quads(goods[lit]), rng.uniform(60, 190, 3), None, light)
    canvas.faces(wall.quads(goods[~lit]), rng.uniform(40, 140, 3), None, light)
    canvas.face(wall.corners(0.1, top - 0.65, wall.length - 0.1, top), board, Material.PLASTER, light)
    letters = np.arange(wall.length * 0.25, wall.length * 0.75, 0.42)
    glyphs = np.stack([letters, np.full(len(letters), top - 0.48),
                       letters + rng.uniform(0.15, 0.32, len(letters)),
                       top - 0.18 - rng.uniform(0, 0.1, len(letters))], 1)  # fmt: skip
    canvas.faces(wall.quads(glyphs), 255 - board * 0.6, None, light)


def _doors(canvas: Canvas, rng: np.random.Generator, wall: Wall, starts: np.ndarray, width: float, storey: float,
           light: float) -> None:  # fmt: skip
    pick = rng.random(len(starts)) < 0.35
    doors = starts[pick]
    boxes = np.stack([doors - 0.5, np.zeros(len(doors)), doors + 0.5, np.full(len(doors), 2.15)], 1)
    canvas.faces(wall.quads(boxes + [-0.12, 0, 0.12, 0.15]), (225, 222, 214), Material.PLASTER, light)
    canvas.faces(wall.quads(boxes), rng.uniform(20, 130, 3), None, light)
    low = starts[~pick]
    panes = np.stack([low - width / 2, np.full(len(low), 0.9), low + width / 2, np.full(len(low), storey * 0.75)], 1)
    _windows(canvas, rng, wall, panes, light)


def house(canvas: Canvas, rng: np.random.Generator, x: float, z0: float, z1: float, height: float, *,
          light: float, light_end: float, shop: bool) -> None:  # fmt: skip
    """A box beside the street: its front lies at `x` and looks at the road, its near end lies at `z0`."""
    out = 1.0 if x > 0 else -1.0
    brick = rng.random() < 0.5
    shades = _BRICKS if brick else _PLASTERS
    colour = np.array(shades[rng.integers(len(shades))], float) * rng.uniform(0.8, 1.12) + rng.uniform(-10, 10, 3)
    material = Material.BRICK if brick else Material.PLASTER
    roof = np.array(_ROOFS[rng.integers(len(_ROOFS))], float) * rng.uniform(0.85, 1.2)
    deep = rng.uniform(7, 11)
    pitched = rng.random() < 0.65
    ridge = height + (rng.uniform(1.8, 3.6) if pitched else 0.0)
    if pitched:
        middle = x + out * deep / 2
        canvas.face([(x, height, z0), (x, height, z1), (middle, ridge, z1), (middle, ridge, z0)], roof, Material.ROOF,
                    light)  # fmt: skip
        gable = [(x, height, z0), (middle, ridge, z0), (x + out * deep, height, z0)]
        canvas.face(gable, colour, material, light_end)
        for _ in range(int(rng.integers(0, 3))):
            z = rng.uniform(z0 + 0.6, z1)
            _chimney(canvas, rng, x + out * deep * 0.4, z, ridge, colour * 0.8, light)
    end = Wall((x + out * deep, z0), (-out, 0.0), deep, height)
    canvas.face(end.corners(0, 0, deep, height), colour, material, light_end)
    if rng.random() < 0.5:
        levels = np.arange(0, int(height / 3.1)) * 3.1 + 1.0
        s = rng.uniform(1.5, deep - 1.5)
        _windows(canvas, rng, end, np.stack([np.full(len(levels), s - 0.5), levels,
                                             np.full(len(levels), s + 0.5), levels + 1.4], 1), light_end)  # fmt: skip
    facade(canvas, rng, Wall((x, z0), (0.0, 1.0), z1 - z0, height), colour, material, light, shop)


def _chimney(canvas: Canvas, rng: np.random.Generator, x: float, z: float, top: float, colour: np.ndarray,
             light: float) -> None:  # fmt: skip
    w, h = rng.uniform(0.35, 0.6), rng.uniform(0.7, 1.5)
    canvas.face([(x - w, top - 0.8, z), (x + w, top - 0.8, z), (x + w, top + h, z), (x - w, top + h, z)], colour,
                Material.BRICK, light)  # fmt: skip
    for pot in (-0.5, 0.3):
        canvas.face([(x + w * pot, top + h, z), (x + w * (pot + 0.4), top + h, z),
                     (x + w * (pot + 0.4), top + h + 0.35, z), (x + w * pot, top + h + 0.35, z)],
                    (150, 96, 70), Material.BRICK, light)  # fmt: skip
