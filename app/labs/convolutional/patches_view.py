"""Patch by patch against the whole picture at once: the same answers, and what each way costs here."""

from __future__ import annotations

from app.bench_strip import Strip


def show(strip: Strip) -> None:
    """Draw the view."""
