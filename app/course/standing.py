"""How far a student has come: stops answered and opened, minutes, and where to go on."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from app.course.stops import STOPS
from app.labs.shared.answers import Answer


@dataclass(frozen=True)
class Standing:
    """Counts over the stops. done: those whose question was answered. minutes: of the stops done, as planned."""

    done: int
    right: int
    opened: int
    minutes: int
    next: int | None

    @property
    def share(self) -> float:
        """Share of the planned minutes that is done."""
        return self.minutes / sum(stop.minutes for stop in STOPS)


def standing(given: Mapping[int, Answer], opened: Collection[int]) -> Standing:
    """given: answers to the stops' questions by number from 0. opened: numbers of stops from 1."""
    done = [stop for stop in STOPS if stop.number - 1 in given]
    left = [stop.number for stop in STOPS if stop.number - 1 not in given]
    return Standing(
        done=len(done),
        right=sum(given[stop.number - 1].is_right for stop in done),
        opened=sum(stop.number in opened for stop in STOPS),
        minutes=sum(stop.minutes for stop in done),
        next=left[0] if left else None,
    )
