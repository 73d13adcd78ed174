"""Alignment."""

from __future__ import annotations

from app import lab

strip = lab.page("Alignment", section="section 3", about="")
