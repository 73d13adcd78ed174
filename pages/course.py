"""The course."""

from __future__ import annotations

from app import lab

strip = lab.page("Course", section="all", about="")
