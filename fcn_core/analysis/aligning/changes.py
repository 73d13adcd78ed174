"""The short spelling of a changed chain, for addresses: `conv1_1:p1.upscore8:k16c30`."""

from __future__ import annotations

import re
from collections.abc import Mapping

LETTERS = {"kernel": "k", "stride": "s", "padding": "p", "crop": "c"}
LIMITS = {"kernel": (1, 128), "stride": (1, 64), "padding": (0, 128), "crop": (0, 128)}
WORD = re.compile(r"(\w{1,40}):((?:[kspc]\d{1,3}){1,4})")
Changes = dict[str, dict[str, int]]


def spell(changes: Mapping[str, Mapping[str, int]]) -> str:
    """The spelling of changes: layer -> {"kernel" | "stride" | "padding" | "crop": value}."""
    words = []
    for layer, values in changes.items():
        if values:
            words.append(f"{layer}:" + "".join(f"{LETTERS[n]}{values[n]}" for n in LETTERS if n in values))
    return ".".join(words)


def read(text: str) -> Changes:
    """Changes from their spelling; ValueError shows the word that is none."""
    names = {letter: name for name, letter in LETTERS.items()}
    found: Changes = {}
    for word in filter(None, text.split(".")):
        parts = WORD.fullmatch(word)
        if parts is None:
            raise ValueError(
                f"{word!r} changes no layer; write its name, a colon, and k kernel, s stride, p padding, c crop, such "
                "as conv1_1:p1 or upscore8:k16c30"
            )
        layer, numbers = parts.groups()
        for letter, digits in re.findall(r"([kspc])(\d+)", numbers):
            (low, high), value = LIMITS[names[letter]], int(digits)
            if not low <= value <= high:
                raise ValueError(f"{layer}: expected a {names[letter]} from {low} to {high}, got {value}")
            found.setdefault(layer, {})[names[letter]] = value
    return found
