"""A fault as the doctor names it: what it is, what showed it, what cures it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Diagnosis:
    """One fault. code: its short name. certain: the evidence admits nothing else. evidence: sentences with numbers."""

    code: str
    title: str
    certain: bool
    evidence: tuple[str, ...]
    cure: str


def percent(value: float) -> str:
    """A share as text: 12.3 %."""
    return f"{100 * value:.1f} %"
