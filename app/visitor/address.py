"""The address of a page: what lies on the bench and how the page is set, spelled as query parameters.

`read` never fails: what it cannot use is left out and named in a notice.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.page_list import PageRecord
from app.settings.kinds import HEAD_NAMES
from app.visitor.settings import SETTINGS
from fcn_core.labels import LABEL_SETS

LARGEST_COORDINATE = 99_999
MOST_NOTICES = 4


@dataclass(frozen=True)
class Names:
    """What an address can call by name: samples in their order, weights, and the page that each stop opens.

    They are handed in, so that knowing who is here loads neither networks nor the course.
    """

    samples: Sequence[str] = ()
    weights: Collection[str] = ()
    stops: Mapping[int, PageRecord] = field(default_factory=dict)


@dataclass(frozen=True)
class Reading:
    """What an address says: bench fields, settings, and one sentence for each part that was ignored."""

    bench: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    notices: tuple[str, ...] = ()


def read(params: Mapping[str, str], names: Names) -> Reading:
    """Read query parameters, given the names that exist."""
    bench: dict[str, Any] = {}
    settings: dict[str, Any] = {}
    notices: list[str] = []
    known: dict[str, tuple[Collection[str], str]] = {
        "sample": (names.samples, "no sample has this name"),
        "weights": (names.weights, "no weights have this name"),
        "head": (HEAD_NAMES, f"the heads are {', '.join(HEAD_NAMES)}"),
        "cls": ({cls for labels in LABEL_SETS.values() for cls in labels.classes}, "no class has this name"),
    }
    for name, value in params.items():
        if name in known:
            usable, complaint = known[name]
            if value in usable:
                bench[name] = int(value[:-1]) if name == "head" else value
            else:
                notices.append(ignored(name, value, complaint))
        elif name in ("x", "y"):
            if value.isascii() and value.isdigit() and len(value) <= 5:
                bench[name] = int(value)
            else:
                notices.append(ignored(name, value, f"expected a whole number from 0 to {LARGEST_COORDINATE}"))
        elif name in SETTINGS:
            try:
                settings[name] = SETTINGS[name].read(value)
            except ValueError as error:
                notices.append(ignored(name, value, str(error)))
        else:
            notices.append(ignored(name, value, "no page has such a setting"))
    if ("x" in bench) != ("y" in bench):
        bench.pop("x", None)
        bench.pop("y", None)
        if not any(notice.startswith(("`x=", "`y=")) for notice in notices):
            notices.append("A pixel needs both `x` and `y`: the lone one in the address was ignored.")
    if len(notices) > MOST_NOTICES:
        notices[MOST_NOTICES - 1 :] = [f"{len(notices) - MOST_NOTICES + 1} more parts of the address were ignored."]
    return Reading(bench, settings, tuple(notices))


def write(bench: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, str]:
    """Spell the bench and the settings that differ from their defaults as query parameters."""
    params: dict[str, str] = {}
    for name in ("sample", "weights", "cls", "x", "y"):
        if bench.get(name) is not None:
            params[name] = str(bench[name])
    if bench.get("head") is not None:
        params["head"] = f"{bench['head']}s"
    for name, value in settings.items():
        if name in SETTINGS and value != SETTINGS[name].default:
            params[name] = SETTINGS[name].write(value)
    return params


def ignored(name: str, value: str, complaint: str) -> str:
    """The notice for one unusable part of an address, short and safe to show as Markdown."""
    shown = "".join(c for c in f"{name}={value}" if c.isprintable() and c != "`")
    shown = shown if len(shown) <= 40 else shown[:39] + "…"
    return f"`{shown}` in the address was ignored: {complaint}."
