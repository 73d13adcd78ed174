"""Where labelled data may be read from: folders that the owner offers, and those that a visitor may name.

FCN_LAB_DATA lists the owner's folders, separated as in PATH. Over the network, or in read-only mode, only they are
read: nobody looks around on the disk of the machine that the app runs on.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.visitor.permission import may_name_folders
from fcn_core.training.settings.config import OTHER_RUN
from fcn_core.weights import CATALOGUE

VARIABLE = "FCN_LAB_DATA"


def offered_folders() -> tuple[str, ...]:
    """The folders that the owner offers, in their order."""
    given = os.environ.get(VARIABLE, "").split(os.pathsep)
    return tuple(dict.fromkeys(str(Path(word.strip()).expanduser()) for word in given if word.strip()))


def may_read(root: str | Path | None) -> bool:
    """Whether this visitor may have data read from a folder."""
    return root is None or may_name_folders() or str(Path(root).expanduser()) in offered_folders()


def not_offered(values: Mapping[str, Any]) -> str:
    """Which place in the plain settings of a run this visitor may not read, in a sentence; empty if all is well."""
    parts = [*values["train"], values["val"], values["test"]]
    for part in parts:
        if part is not None and not may_read(part["root"]):
            return f"The folder {part['root']} is not among those that the owner of this app offers."
    start = values["start"]
    if start and not may_name_folders() and start not in ("imagenet", *CATALOGUE) and not start.startswith(OTHER_RUN):
        return "The start must be chosen from the list here; files of this machine are not read over the network."
    return ""
