"""A temperature that steps evenly to the eye."""

from __future__ import annotations

from app.visitor import session, widgets

LOWEST, HIGHEST = -20, 20


def temperature_of(step: int) -> float:
    """The temperature of a setting from -20 (T = 0.1) over 0 (T = 1) to 20 (T = 10)."""
    return 10 ** (step / 20)


def temperature() -> float:
    """The temperature slider."""
    widgets.slide_steps(
        "h_temp",
        "Temperature",
        {step: f"T = {temperature_of(step):.2f}" for step in range(LOWEST, HIGHEST + 1)},
        help="softmax(z / T): below 1 the winner takes all, above 1 the classes come closer together",
    )
    return temperature_of(session.setting("h_temp"))
