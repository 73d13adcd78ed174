"""A slider over some whole numbers, whatever number the address holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from app import session, widgets


def slide_over(
    name: str, label: str, steps: Sequence[int], text: Callable[[int], str] = str, *, help: str | None = None
) -> int:
    """A slider over `steps`; a setting that lies between two of them takes the lower one."""
    held = session.setting(name)
    if held not in steps:
        session.change_setting(name, max((step for step in steps if step <= held), default=steps[0]))
    return widgets.slide_steps(name, label, {step: text(step) for step in steps}, help=help)
