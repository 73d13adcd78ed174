"""How long work tells how far it has come: a function that is called with what is done and of how much."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int], None]
