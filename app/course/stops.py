"""The twelve stops of the course, in their order: ninety minutes from pixels to what came after."""

from __future__ import annotations

from app.course.stop import Stop
from app.course.stops_first import FIRST
from app.course.stops_last import LAST

STOPS: tuple[Stop, ...] = (*FIRST, *LAST)


def find(number: int) -> Stop | None:
    """The stop with this number from 1; None if there is none."""
    return STOPS[number - 1] if 1 <= number <= len(STOPS) else None


def starts() -> list[int]:
    """The minute at which each stop begins."""
    return [sum(stop.minutes for stop in STOPS[:index]) for index in range(len(STOPS))]
