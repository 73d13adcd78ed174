"""The kinds of settings a page can have, and how an address spells each: `choice`, `whole`, `flag`, `words`, `code`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

RUN_ID = re.compile(r"[\w.-]{1,100}")
CODE = re.compile(r"[A-Za-z0-9_.:]{1,120}")
WHOLE = re.compile(r"-?[0-9]{1,9}")
HEAD_NAMES = ("32s", "16s", "8s", "4s", "2s", "1s")
SPLITS = ("train", "val", "test", "trainval", "all")


@dataclass(frozen=True)
class Setting:
    """One setting: `read` turns an address's text into a value (ValueError if absurd), `write` the reverse.

    options or limits say which values there are, where they can be told so; tests draw from them.
    """

    name: str
    default: Any
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    options: tuple[str, ...] | None = None
    limits: tuple[int, int] | None = None


def choice(name: str, options: tuple[str, ...], default: str) -> Setting:
    """One of some words."""

    def read(text: str) -> str:
        if text not in options:
            raise ValueError(f"expected one of {', '.join(options)}")
        return text

    return Setting(name, default, read, str, options=options)


def whole(name: str, low: int, high: int, default: int) -> Setting:
    """A whole number from low to high, which may lie below zero."""

    def read(text: str) -> int:
        if not WHOLE.fullmatch(text) or not low <= int(text) <= high:
            raise ValueError(f"expected a whole number from {low} to {high}")
        return int(text)

    return Setting(name, default, read, str, limits=(low, high))


def flag(name: str, default: bool = False) -> Setting:
    """On (1) or off (0)."""

    def read(text: str) -> bool:
        if text not in ("0", "1"):
            raise ValueError("expected 0 or 1")
        return text == "1"

    return Setting(name, default, read, lambda value: "1" if value else "0")


def run_id(name: str) -> Setting:
    """The id of a training run, as its folder is called; empty for none."""

    def read(text: str) -> str:
        if not RUN_ID.fullmatch(text):
            raise ValueError("expected the id of a run: letters, digits, . _ -")
        return text

    return Setting(name, "", read, str)


def words(name: str, default: tuple[str, ...] = (), options: tuple[str, ...] | None = None) -> Setting:
    """Several words, joined by commas; out of `options` if given, in that order."""

    def read(text: str) -> tuple[str, ...]:
        given = [word.strip() for word in text.split(",") if word.strip()]
        if len(given) > 300 or any(len(word) > 60 for word in given):
            raise ValueError("expected a few names, joined by commas")
        if options is None:
            return tuple(dict.fromkeys(given))
        if not given or any(word not in options for word in given):
            raise ValueError(f"expected some of {', '.join(options)}, joined by commas")
        return tuple(option for option in options if option in given)

    return Setting(name, default, read, ",".join, options=options)


def code(name: str) -> Setting:
    """A technical name: letters, digits, dots, a colon; empty for none."""

    def read(text: str) -> str:
        if not CODE.fullmatch(text):
            raise ValueError("expected a technical name: letters, digits, . _ :")
        return text

    return Setting(name, "", read, str)
