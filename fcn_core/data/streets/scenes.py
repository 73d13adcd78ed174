"""Synthetic street scenes with exact label maps in the 11 classes of CamVid.

A scene is a small world in metres (road, pavements, houses, trees, cars, people) that a pinhole camera in a car
looks at. It depends only on (seed, index): the size merely says how finely it is drawn, and another shape
shows more or less at the sides. Nothing is read from disk and no global random state is used.
"""

from __future__ import annotations

import cv2
import numpy as np

from fcn_core.data.sample import Sample
from fcn_core.data.streets.ground import GroundPlan, draw_plan, paint_backdrop, paint_ground
from fcn_core.data.streets.light import Weather, draw_weather, expose, paint_sky, surface_light
from fcn_core.data.streets.placing import place_things
from fcn_core.data.streets.view import LABEL_OF, SUPERSAMPLE, Camera, Canvas, Material
from fcn_core.labels import CAMVID, LabelSet

MIN_SIDE = 16


def scene(seed: int, index: int, *, size: tuple[int, int] = (360, 480), void: bool = False) -> Sample:
    """The street scene number `index` of a seed, with its exact label map.

    size: (height, width) in pixels, each at least 16; by default that of CamVid. void: also draw the bonnet of our
    own car, labelled 255. Returns a Sample: image H×W×3 uint8 RGB, mask H×W uint8 in CamVid's classes.
    Raises ValueError for a negative seed or index, or a size that is too small.
    """
    h, w = (int(side) for side in size)
    if h < MIN_SIDE or w < MIN_SIDE:
        raise ValueError(f"a street scene is at least {MIN_SIDE}x{MIN_SIDE} pixels, got {h}x{w}; ask for a larger size")
    if seed < 0 or index < 0:
        raise ValueError(f"seed and index must be 0 or more, got seed {seed} and index {index}")
    rng = np.random.default_rng([seed, index])
    weather, plan = draw_weather(rng), draw_plan(rng)
    focal, tilt, turn = rng.uniform(1.1, 1.5), rng.uniform(0.44, 0.56), rng.uniform(-0.14, 0.14)
    height, bend = rng.uniform(1.25, 1.75), rng.choice([0.0, 1.0]) * rng.uniform(-0.0028, 0.0028)
    cameras = [Camera(focal * h * k, (w / 2 + turn * h) * k, tilt * h * k, height, bend) for k in (1, SUPERSAMPLE)]
    canvas = Canvas(cameras[1], h * SUPERSAMPLE, w * SUPERSAMPLE, weather.horizon * 0.92, weather.haze_distance)
    paint_sky(canvas, np.random.default_rng(rng.integers(2**63)), weather)
    paint_ground(canvas, np.random.default_rng(rng.integers(2**63)), plan)
    paint_backdrop(canvas, np.random.default_rng(rng.integers(2**63)), plan, weather)
    place_things(canvas, np.random.default_rng(rng.integers(2**63)), plan, weather)
    if void:
        _unknown(canvas, np.random.default_rng(rng.integers(2**63)))
    grain = np.random.default_rng([seed, index, 1])
    return _develop(canvas, cameras[0], plan, weather, grain, f"streets-{seed}-{index}")


def _unknown(canvas: Canvas, rng: np.random.Generator) -> None:
    """What has no class: the bonnet of our own car."""
    across = np.linspace(-0.1, 1.1, 25)
    rise = rng.uniform(0.03, 0.09) * (1 - (2 * across - 1) ** 2 * rng.uniform(0.3, 0.9))
    edge = np.stack([across * canvas.w, (1 - rise) * canvas.h], -1)
    colour = np.full(3, rng.uniform(20, 120))
    below = np.array([(1.1 * canvas.w, canvas.h * 1.1), (-0.1 * canvas.w, canvas.h * 1.1)])
    canvas.fill([np.concatenate([edge, below])], colour, Material.UNKNOWN)
    canvas.fill([np.concatenate([edge + [0, canvas.h * 0.012], below])], colour * 0.7)


def _develop(
    canvas: Canvas, camera: Camera, plan: GroundPlan, weather: Weather, rng: np.random.Generator, name: str
) -> Sample:
    """Canvas -> photograph and label map at the size asked for."""
    h, w = canvas.h // SUPERSAMPLE, canvas.w // SUPERSAMPLE
    image = cv2.resize(canvas.image, (w, h), interpolation=cv2.INTER_AREA)
    code = np.ascontiguousarray(canvas.code[::SUPERSAMPLE, ::SUPERSAMPLE])
    shade = cv2.resize(canvas.shade, (w, h), interpolation=cv2.INTER_AREA)
    light = surface_light(camera, code, shade, plan.fronts, rng, weather.strength)
    return Sample(expose(image, code, light, weather, rng), LABEL_OF[code], name)


class Streets:
    """A map-style data set of `count` scenes of one seed: `len`, `[i]` -> Sample, `labels`, `name`."""

    def __init__(self, count: int, *, seed: int = 0, size: tuple[int, int] = (360, 480), void: bool = False) -> None:
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
