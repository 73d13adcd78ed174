"""Convolutionalize."""

from __future__ import annotations

from app import lab

strip = lab.page("Convolutionalize", section="section 3", about="")
