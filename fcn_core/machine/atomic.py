"""Files that appear complete or not at all: written beside their place, then moved into it."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def written_aside(path: Path) -> Iterator[Path]:
    """A temporary neighbour of `path` to write to; it takes the place of `path` when the block ends without an error.

    Makes the folder. A reader sees the old file or the new one, never a part; a failure leaves the old one.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=".fcn-lab-", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        os.chmod(temporary, 0o644)  # mkstemp's files are private; results are shared like any other file
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Give a file new contents; a reader sees the old text or the new, never a part."""
    with written_aside(path) as temporary:
        temporary.write_text(text, encoding="utf-8")
