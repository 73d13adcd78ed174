"""Metrics and imbalance."""

from __future__ import annotations

from app import lab

strip = lab.page("Metrics and imbalance", section="section 3", about="")
