"""One stop of the course: what it is for, which lab it opens and how, and what it asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from app import page_list
from app.labs.shared.answers import Question

BENCH = {"sample": "streets-1", "weights": "streets", "head": "8s"}


@dataclass(frozen=True)
class Stop:
    """number: from 1. goal, task, paper: Markdown. page: file in pages/. state: the lab's settings and the bench, as
    an address spells them; what is not named has its default."""

    number: int
    title: str
    minutes: int
    goal: str
    task: str
    paper: str
    page: str
    question: Question
    state: Mapping[str, str] = field(default_factory=dict)

    @property
    def record(self) -> page_list.PageRecord:
        """The page that it opens."""
        return page_list.find(self.page)

    @property
    def params(self) -> dict[str, str]:
        """Query parameters of its link."""
        return {**BENCH, **self.state, "stop": str(self.number)}
