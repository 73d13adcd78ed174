"""The file a run goes on from: written aside and moved into place, the one before it kept, checked before use."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fcn_core.machine.atomic import written_aside
from fcn_core.machine.disk import full_disk_named


def save_state(path: Path, previous: Path, state: Mapping[str, Any]) -> None:
    """Write `state` to `path` so that at every instant a whole checkpoint is there; the old one becomes `previous`.

    It is on the disk when this returns (fsync). DiskFull when there is no room: then the old files are as before.
    """
    import torch

    room = full_disk_named
    with room(path.parent), written_aside(path) as temporary, room(path.parent):  # inside: before it is tidied away
        with temporary.open("wb") as file:
            torch.save(dict(state), file)
            file.flush()
            os.fsync(file.fileno())
        if path.is_file():
            os.replace(path, previous)  # killed between these two moves, a run goes on from `previous`
    handle = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(handle)  # the move itself
    finally:
        os.close(handle)


def load_state(path: Path) -> dict[str, Any]:
    """What `save_state` wrote, tensors on the CPU; ValueError when the file is damaged.

    torch reads over flipped bytes without a word, so every checksum of the archive is compared first.
    """
    import torch

    try:
        with zipfile.ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise ValueError(f"the checksum of {damaged} differs")
        state = torch.load(path, map_location="cpu", weights_only=True)
        if not isinstance(state, dict):
            raise ValueError(f"expected a dict of names and values, found {type(state).__name__}")
    except Exception as error:  # zipfile and torch raise many kinds for a damaged file
        raise ValueError(f"{path} is damaged: {' '.join(str(error).split())[:200]}") from error
    return state


def load_newest(last: Path, previous: Path) -> tuple[dict[str, Any] | None, str]:
    """The last checkpoint, or the one before it when that is damaged, and a sentence about it; None when there is none.

    ValueError when there are checkpoints and none can be read.
    """
    problems = []
    for path in (last, previous):
        if path.is_file():
            try:
                state = load_state(path)
            except ValueError as error:
                problems.append(str(error))
                continue
            return state, f"{problems[0]}; going on from {path.name}, the checkpoint before it" if problems else ""
    if problems:
        raise ValueError(
            f"this run cannot go on: {'; '.join(problems)}. Put a whole copy there, or delete the folder "
            f"{last.parent.name}/ to begin again at step 0"
        )
    return None, ""
