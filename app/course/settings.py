"""What the Course page and teacher mode let a person set."""

from __future__ import annotations

from app.setting_kinds import Setting

SETTINGS: tuple[Setting, ...] = ()
