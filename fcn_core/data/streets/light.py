"""Weather, skies, surface textures and the camera's own faults for the synthetic streets."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from fcn_core.data.streets.view import Camera, Canvas, Material, noise_tile


@dataclass(frozen=True)
class Weather:
    """The light of one scene; colours RGB 0-255, `sun` -1 (from the left) to 1 (from the right)."""

    kind: str
    zenith: np.ndarray
    horizon: np.ndarray
    cloud: np.ndarray
    cover: float
    sun: float
    strength: float
    haze_distance: float
    exposure: float
    cast: np.ndarray
    ground: float
    """How much of the sky's brightness reaches the street (dark streets under a bright sky: below 1)."""


def draw_weather(rng: np.random.Generator) -> Weather:
    """Pick one of five kinds of light, with its own colours, sun, haze and exposure."""
    kind = str(rng.choice(["clear", "fair", "overcast", "stormy", "dusk"], p=[0.2, 0.22, 0.32, 0.16, 0.1]))
    skies = {
        "clear": ((72, 124, 196), (200, 218, 232), (250, 250, 250), 0.1, 0.75, 1.0),
        "fair": ((96, 142, 198), (214, 224, 232), (246, 246, 246), 0.55, 0.55, 0.95),
        "overcast": ((240, 243, 247), (255, 255, 255), (228, 232, 238), 0.45, 0.15, 0.74),
        "stormy": ((116, 130, 142), (216, 220, 212), (160, 168, 172), 0.7, 0.1, 0.5),
        "dusk": ((78, 92, 142), (250, 190, 128), (226, 150, 120), 0.5, 0.5, 0.66),
    }
    zenith, horizon, cloud, cover, strength, ground = skies[kind]
    jitter = rng.uniform(-12, 12, 3)
    warm = rng.uniform(-0.06, 0.06) + (0.07 if kind == "dusk" else 0.0)
    return Weather(
        kind=kind,
        zenith=np.clip(np.array(zenith) + jitter, 0, 255),
        horizon=np.clip(np.array(horizon) + jitter * 0.5, 0, 255),
        cloud=np.array(cloud, float),
        cover=float(np.clip(cover + rng.uniform(-0.2, 0.2), 0, 1)),
        sun=float(rng.choice([-1.0, 1.0]) * rng.uniform(0.3, 1.0)),
        strength=strength * rng.uniform(0.8, 1.2),
        haze_distance=float(rng.uniform(90, 320)),
        exposure=float(np.exp(rng.uniform(-0.16, 0.2))),
        cast=np.array([1 + warm, 1 + rng.uniform(-0.025, 0.025), 1 - warm]),
        ground=float(ground * rng.uniform(0.85, 1.08)),
    )


def paint_sky(canvas: Canvas, rng: np.random.Generator, weather: Weather) -> None:
    """A gradient from zenith to horizon with lit clouds; fills the whole canvas."""
    h, w = 120, max(8, round(120 * canvas.w / canvas.h))
    rows = np.linspace(0, canvas.h / max(1.0, canvas.camera.horizon), h, dtype=np.float32)
    t = np.clip(rows, 0, 1)[:, None, None] ** 0.8
    sky = weather.zenith * (1 - t) + weather.horizon * t
    # Clouds lie on a plane overhead: nearer the horizon they shrink and crowd together.
    rise = 1 / (np.maximum(1 - rows, 0)[:, None] + 0.22)
    across = (np.linspace(-0.5, 0.5, w, dtype=np.float32) * w / h)[None]
    size = np.float32(rng.uniform(38, 70))
    drift = rng.uniform(0, 256, 2).astype(np.float32)
    noise = _wrap(noise_tile((1.0, 0.7, 0.5, 0.35, 0.25)), across * rise * size + drift[0],
                  np.broadcast_to(rise * size * np.float32(1.6) + drift[1], (h, w)))  # fmt: skip
    density = np.clip((noise + 2.6 * weather.cover - 1.1) * 0.7, 0, 1)[..., None] * (1 - 0.45 * t)
    under = np.clip(1.02 - 0.16 * np.roll(noise, -3, axis=0)[..., None], 0.72, 1.1)
    sky = sky * (1 - density) + np.minimum(weather.cloud * under, 255) * density
    glow = np.exp(-(((np.linspace(-1, 1, w) - weather.sun) ** 2)[None] * 1.5 + (rows[:, None] - 0.8) ** 2 * 2))
    sky = sky + glow[..., None] * weather.strength * np.array([36, 30, 18])
    canvas.image[:] = cv2.resize(
        np.clip(sky, 0, 255).astype(np.float32), (canvas.w, canvas.h), interpolation=cv2.INTER_LINEAR
    ).astype(np.uint8)
    canvas.code[:] = Material.SKY


_ROUGH = np.zeros(256, np.float32)
_ROUGH[[Material.ASPHALT, Material.MARK, Material.PAVING, Material.GRASS]] = (0.085, 0.06, 0.05, 0.16)
_WALL = np.zeros(256, np.float32)
_WALL[[Material.PLASTER, Material.BRICK, Material.ROOF]] = (0.035, 0.11, 0.1)


def _modulo(values: np.ndarray, period: float) -> np.ndarray:
    """`np.mod` for float32 arrays, twenty times as fast."""
    return values - np.float32(period) * np.floor(values * np.float32(1 / period))


def _wrap(tile: np.ndarray, u: np.ndarray, v: np.ndarray) -> np.ndarray:
    """The tile's values at positions u, v (one shape, float32), repeated without end."""
    side = tile.shape[0]
    return cv2.remap(tile, _modulo(u, side), _modulo(v, side), cv2.INTER_LINEAR, borderMode=cv2.BORDER_WRAP)


def surface_light(camera: Camera, code: np.ndarray, shade: np.ndarray, walls: tuple[float, float],
                  rng: np.random.Generator, strength: float) -> np.ndarray:  # fmt: skip
    """H×W float32 factors on the colours: grain and joints in perspective, and shadows on the ground.

    camera: in the pixels of `code`. shade: H×W uint8 ground shadow. walls: x of the left and right fronts.
    """
    h, w = code.shape
    offset = rng.uniform(0, 256, 4).astype(np.float32)
    light = np.ones((h, w), np.float32)
    grain, lumps = noise_tile((1.0, 1.0), 64), noise_tile()
    cols, rows = np.arange(w, dtype=np.float32) + 0.5, np.arange(h, dtype=np.float32) + 0.5
    top = min(h, max(0, int(camera.horizon) + 2))
    if top < h:
        z = (np.float32(camera.focal * camera.height) / (rows[top:] - np.float32(camera.horizon)))[:, None]
        x = (cols[None] - np.float32(camera.cx)) * (z / np.float32(camera.focal)) - np.float32(camera.bend) * z * z
        zz = np.broadcast_to(z, x.shape)
        near = np.exp(-zz / 14)
        part = code[top:]
        noise = _wrap(grain, x * 60 + offset[0], zz * 60) * near + 0.7 * _wrap(lumps, x * 14, zz * 5 + offset[1])
        joints = ((_modulo(x, 0.9) < 0.06) | (_modulo(zz, 0.9) < 0.07)) & (part == Material.PAVING) & (zz < 16)
        ground = 1 + noise * _ROUGH[part] - 0.16 * joints * near
        dark = cv2.GaussianBlur(shade[top:], (0, 0), max(0.6, h / 160)).astype(np.float32) / 255
        ground *= 1 - np.float32(0.25 + 0.6 * strength) * dark * (_ROUGH[part] > 0)
        light[top:] = ground
    for wall, chosen in ((walls[0], cols < camera.cx), (walls[1], cols >= camera.cx)):
        span = np.flatnonzero(chosen & (np.abs(cols - camera.cx) > 2))
        if not len(span):
            continue
        part = code[:, span[0] : span[-1] + 1]
        z = (np.float32(camera.focal * wall) / (cols[span] - np.float32(camera.cx)))[None]
        y = np.float32(camera.height) - (rows[:, None] - np.float32(camera.horizon)) * (z / np.float32(camera.focal))
        zz = np.broadcast_to(z, y.shape)
        near = np.clip(1.6 - zz / 16, 0, 1)
        noise = 0.7 * _wrap(lumps, zz * 9 + offset[2], y * 9) + 0.6 * near * _wrap(grain, zz * 50, y * 50 + offset[3])
        course = np.floor(y / 0.24)
        joints = (_modulo(y, 0.24) < 0.05) | (_modulo(zz + 0.25 * _modulo(course, 2), 0.5) < 0.05)
        brick = (part == Material.BRICK) * near
        light[:, span[0] : span[-1] + 1] *= 1 + noise * _WALL[part] + (0.05 - 0.2 * joints) * brick
    return light


def _tone(photo: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """A camera's tone curve: more contrast around a pivot in the dark half, and less or more saturation."""
    contrast, saturation = np.float32(rng.uniform(1.0, 1.4)), np.float32(rng.uniform(0.6, 1.1))
    grey = cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY)[..., None]
    toned = grey + (photo - grey) * saturation
    return np.maximum((toned - 105) * contrast + 105, toned * np.float32(0.6))


def expose(
    image: np.ndarray, code: np.ndarray, light: np.ndarray, weather: Weather, rng: np.random.Generator
) -> np.ndarray:
    """Light the scene and photograph it: exposure, colour cast, vignette, lens blur and sensor noise (H×W×3 uint8)."""
    h, w = code.shape
    gain, lift = weather.exposure, weather.ground
    level = light * np.where(code == Material.SKY, np.float32(gain), np.float32(gain * lift))
    u, v = np.linspace(-1, 1, w, dtype=np.float32), np.linspace(-1, 1, h, dtype=np.float32)
    level *= 1 - np.float32(rng.uniform(0.02, 0.16)) * (u[None] ** 2 + v[:, None] ** 2)
    photo = image.astype(np.float32) * (level[..., None] * weather.cast.astype(np.float32))
    photo = _tone(photo, rng)
    sigma = rng.uniform(0.3, 0.75) * (h / 240) ** 0.5
    photo = cv2.GaussianBlur(photo, (0, 0), max(sigma, 0.25))
    if rng.random() < 0.6:
        soft = np.float32(rng.uniform(0.05, 0.25))
        photo = photo + soft * (photo - cv2.GaussianBlur(photo, (0, 0), max(1.0, h / 60)))
    amount = rng.uniform(0.6, 4.0)
    grain = noise_tile((1.0,), 256)
    shift = rng.integers(0, 256, 2)
    noise = np.tile(np.roll(grain, tuple(shift), (0, 1)), (h // 256 + 1, w // 256 + 1))[:h, :w]
    return np.clip(photo + np.float32(amount) * noise[..., None], 0, 255).astype(np.uint8)
