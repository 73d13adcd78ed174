"""Who stands where in a synthetic street: houses, trees, furniture, vehicles and people, drawn from far to near."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from fcn_core.data.streets.buildings import house
from fcn_core.data.streets.furniture import bollard, fence, lamp_post, sign, traffic_light
from fcn_core.data.streets.ground import GroundPlan
from fcn_core.data.streets.light import Weather
from fcn_core.data.streets.people import cyclist, walker
from fcn_core.data.streets.plants import hedge, tree
from fcn_core.data.streets.vehicles import vehicle
from fcn_core.data.streets.view import NEAR, Canvas

_PANEL = 2.2
_KINDS = ("hatch", "saloon", "estate", "suv", "van", "bus")
_FREQUENCY = (0.32, 0.22, 0.16, 0.14, 0.12, 0.04)


def place_things(canvas: Canvas, rng: np.random.Generator, plan: GroundPlan, weather: Weather) -> None:
    """Place everything that stands on the ground, then draw it from far to near."""
    placing = _Placing(canvas, rng, plan, weather)
    for side in (-1, 1):
        placing.fronts(side)
        placing.furniture(side)
        placing.fences(side)
        placing.walkers(side)
    placing.traffic()
    placing.cyclists()
    placing.draw()


class _Placing:
    """The growing list of things to draw, each with the depth that sorts it."""

    def __init__(self, canvas: Canvas, rng: np.random.Generator, plan: GroundPlan, weather: Weather) -> None:
        self.canvas, self.rng, self.plan, self.weather = canvas, rng, plan, weather
        self.jobs: list[tuple[float, Callable[..., None]]] = []

    def add(self, z: float, draw: Callable[..., None]) -> None:
        self.jobs.append((z, draw))

    def draw(self) -> None:
        for _, draw in sorted(self.jobs, key=lambda job: -job[0]):
            # Each thing gets its own random numbers: how much one uses never changes the next.
            draw(self.canvas, np.random.default_rng(self.rng.integers(2**63)))

    def lines(self, side: int) -> tuple[float, float]:
        """x of the kerb and of the house fronts on one side (-1 left, 1 right)."""
        i = 0 if side < 0 else 1
        return self.plan.kerbs[i], self.plan.fronts[i]

    def ground_shadow(self, x: float, z: float, wide: float, deep: float, depth: int) -> None:
        self.canvas.shadow([(x - wide, 0, z - deep), (x + wide, 0, z - deep), (x + wide, 0, z + deep),
                            (x - wide, 0, z + deep)], depth)  # fmt: skip

    def fronts(self, side: int) -> None:
        """Houses along one side, with trees in the gaps."""
        rng, plan, weather = self.rng, self.plan, self.weather
        _, front = self.lines(side)
        sunny = weather.sun * side < 0
        light = 1.0 + 0.22 * weather.strength if sunny else 1.0 - 0.3 * weather.strength
        town = plan.kind == "town"
        built = {"town": 0.97, "suburb": 0.8, "park": 0.12, "square": 0.7}[plan.kind]
        base = rng.uniform(7, 12) if town else rng.uniform(4.8, 7.5)
        z = rng.uniform(-8, 0)
        while z < plan.end:
            length = rng.uniform(6, 15)
            x = front + side * (rng.uniform(0, 0.8) if town else rng.uniform(0, 3))
            if z + length < 2.5:
                pass
            elif rng.random() < built:
                height = max(3.4, base + rng.uniform(-2, 3))
                shop = plan.kind in ("town", "square") and rng.random() < 0.55
                end_light = 1.0 - 0.12 * weather.strength
                self.add(z + length, partial(house, x=x, z0=max(z, -6.0), z1=z + length, height=height, light=light,
                                             light_end=end_light, shop=shop))  # fmt: skip
                if not sunny:
                    reach = x - side * height * 0.7 * abs(weather.sun)
                    self.canvas.shadow([(x, 0, max(z, NEAR)), (x, 0, z + length), (reach, 0, z + length),
                                        (reach, 0, max(z, NEAR))], 150)  # fmt: skip
            else:
                for tz in z + rng.uniform(0, length, int(rng.integers(1, 4))):
                    tx, tall = x + side * rng.uniform(0.5, 5), rng.uniform(5, 11)
                    if tz > 5:
                        self.add(tz, partial(tree, x=tx, z=tz, height=tall, sun=weather.sun))
            z += length + (rng.uniform(1, 6) if rng.random() < (0.12 if town else 0.5) else 0.0)

    def furniture(self, side: int) -> None:
        """Lamp posts, signs, signals, bollards and street trees along the kerb."""
        rng, plan = self.rng, self.plan
        kerb, _ = self.lines(side)
        edge = kerb + side * 0.5
        if rng.random() < 0.75:
            for z in np.arange(rng.uniform(5, 16), 62, rng.uniform(14, 26)):
                self.add(z, partial(lamp_post, x=edge, z=z, inward=-side))
        spots = list(rng.permutation(np.arange(5.5, 20, 2.4) + rng.uniform(0, 1.5)))
        for _ in range(int(rng.integers(0, 4))):
            z = spots.pop()
            self.add(z, partial(sign, x=edge + side * rng.uniform(-0.1, 0.7), z=z))
        if rng.random() < 0.35:
            z = spots.pop() + 0.5
            self.add(z, partial(traffic_light, x=edge, z=z))
        if rng.random() < 0.2:
            for z in np.arange(rng.uniform(4, 7), 15, 1.9):
                self.add(z, partial(bollard, x=edge, z=z))
        if rng.random() < {"town": 0.2, "suburb": 0.6, "park": 1.0, "square": 0.6}[plan.kind]:
            for z in np.arange(rng.uniform(8, 22), 55, rng.uniform(8, 16)):
                x, tall = edge + side * rng.uniform(0.3, 1.2), rng.uniform(4.5, 8.5)
                self.add(z, partial(tree, x=x, z=z, height=tall, sun=self.weather.sun))

    def fences(self, side: int) -> None:
        """A guard rail along the kerb, or garden fences and hedges before the houses."""
        rng, plan = self.rng, self.plan
        kerb, _ = self.lines(side)
        if rng.random() < {"town": 0.3, "suburb": 0.75, "park": 0.7, "square": 0.45}[plan.kind]:
            x = kerb + side * (0.35 if plan.kind == "town" or rng.random() < 0.25 else 2.4)
            start, height, look = rng.uniform(2.5, 9), rng.uniform(0.95, 1.6), int(rng.integers(2**31))
            for a in np.arange(start, start + rng.uniform(8, 24), _PANEL):
                self.add(a + _PANEL / 2, partial(fence, x=x, z0=a, z1=a + _PANEL, height=height, look=look))
        if plan.kind in ("suburb", "park") and rng.random() < 0.45:
            start, height = rng.uniform(6, 26), rng.uniform(1.1, 1.9)
            self.add(start + 8, partial(hedge, x=kerb + side * 2.9, z0=start, z1=start + rng.uniform(6, 16),
                                        height=height, sun=self.weather.sun))  # fmt: skip

    def walkers(self, side: int) -> None:
        """People on one pavement, now and then one who crosses."""
        rng = self.rng
        kerb, front = self.lines(side)
        room = max(0.8, min(3.0, abs(front - kerb) - 0.3))
        for _ in range(int(rng.integers(1, 5))):
            z, x = 4.5 + 16 * rng.random() ** 1.3, kerb + side * rng.uniform(0.5, room)
            self.person(x, z)
            if rng.random() < 0.3:
                self.person(x + rng.uniform(0.5, 0.8), z + rng.uniform(-0.2, 0.3))
        if rng.random() < 0.2:
            self.person(rng.uniform(*self.plan.kerbs), rng.uniform(7, 20))

    def person(self, x: float, z: float) -> None:
        self.ground_shadow(x - 0.5 * self.weather.sun, z, 0.6, 0.15, 130)
        self.add(z, partial(walker, x=x, z=z))

    def car(self, x: float, z: float, yaw: float, kind: str) -> None:
        half = 5.4 if kind == "bus" else 2.3
        z = z + 4 if kind == "bus" else z
        across = abs(np.sin(yaw)) > 0.5
        wide, deep = (half, 1.0) if across else (1.0, half)
        self.ground_shadow(x, z, wide, deep, 235)
        if not across:
            self.ground_shadow(x - 0.7 * self.weather.sun, z, wide, deep * 0.95, 150)
        self.add(z - deep * 0.8, partial(vehicle, x=x, z=z, yaw=yaw, kind=kind,
                                         sun=self.weather.sun * self.weather.strength))  # fmt: skip

    def pick(self, *, bus: bool = True) -> str:
        kind = str(self.rng.choice(_KINDS, p=_FREQUENCY))
        return "hatch" if kind == "bus" and not bus else kind

    def traffic(self) -> None:
        """Cars ahead in our lane, oncoming cars, parked rows, and cars that cross or turn."""
        rng, plan = self.rng, self.plan
        left, right = plan.kerbs
        far_side = 1.0 if right > -left else -1.0
        parked = [bool(rng.random() < (0.55 if abs(kerb) > 3.4 else 0.0)) for kerb in plan.kerbs]
        for kerb, taken in zip(plan.kerbs, parked, strict=True):
            side = float(np.sign(kerb))
            across = plan.kind == "square" and rng.random() < 0.7
            z = rng.uniform(6, 13)
            while taken and z < 48:
                if rng.random() < 0.75:
                    yaw = side * np.pi / 2 if across else (0.0 if side != far_side else np.pi)
                    x = kerb - side * (-1.2 if across else 1.05)
                    self.car(x, z, yaw + rng.uniform(-0.06, 0.06), self.pick(bus=False))
                z += rng.uniform(2.6, 3.4) if across else rng.uniform(5.6, 9)
        wide = max(-left, right) - (2.3 if parked[1 if far_side > 0 else 0] else 0.4)
        lanes = [(rng.uniform(-0.25, 0.25), 0.0, rng.uniform(8, 30))]
        if wide > 3.0:
            lanes.append((far_side * max(2.4, wide - rng.uniform(1.0, 1.8)), np.pi, rng.uniform(7, 24)))
        for x, yaw, z in lanes:
            while z < 60:
                if rng.random() < 0.65:
                    self.car(x + rng.uniform(-0.15, 0.15), z, yaw + rng.uniform(-0.05, 0.05), self.pick())
                z += rng.uniform(9, 22)
        if rng.random() < (0.5 if plan.kind == "square" else 0.14):
            yaw = rng.choice([-1, 1]) * np.pi / 2 + rng.uniform(-0.5, 0.5)
            self.car(rng.uniform(left, right), rng.uniform(11, 26), yaw, self.pick(bus=False))

    def cyclists(self) -> None:
        """Cyclists, mostly near the kerbs."""
        rng = self.rng
        left, right = self.plan.kerbs
        for _ in range(int(rng.choice([0, 1, 2, 3], p=[0.3, 0.4, 0.2, 0.1]))):
            z = 5 + 14 * rng.random() ** 1.3
            x = rng.choice([left + rng.uniform(0.4, 1.4), right - rng.uniform(0.4, 1.4), rng.uniform(left, right)])
            self.ground_shadow(x - 0.4 * self.weather.sun, z, 0.7, 0.2, 150)
            self.add(z, partial(cyclist, x=x, z=z))
