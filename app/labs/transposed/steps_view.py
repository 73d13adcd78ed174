"""The steps view."""

from __future__ import annotations

from app.bench_strip import Strip


def show(strip: Strip) -> None:
    """Draw the view."""
