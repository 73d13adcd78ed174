"""Every setting by its name in an address: those of the pages, and the looks that all pages share."""

from __future__ import annotations

from collections.abc import Iterable

from app.page_list import PAGES
from app.settings.kinds import Setting, flag

LOOKS = (
    flag("large"),  # large type, for the projector
    flag("safe"),  # colour-blind-safe palette
)


def by_name(settings: Iterable[Setting]) -> dict[str, Setting]:
    """Settings by their names; pages may share a setting, but ValueError if two settings have one name."""
    found: dict[str, Setting] = {}
    for setting in settings:
        if found.setdefault(setting.name, setting) is not setting:
            raise ValueError(f"two settings are called {setting.name!r} in addresses; rename one in app/settings/")
    return found


SETTINGS: dict[str, Setting] = by_name((*LOOKS, *(setting for page in PAGES for setting in page.settings)))
