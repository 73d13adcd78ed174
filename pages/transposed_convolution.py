"""Transposed convolution."""

from __future__ import annotations

from app import lab

strip = lab.page("Transposed convolution", section="section 3", about="")
