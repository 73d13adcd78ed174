"""A full disk, said in a sentence: whatever library tripped over it, the person reads what to do."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NEARLY_NOTHING = 64 * 1024  # bytes; some libraries report a full disk as an error of their own kind


class DiskFull(ValueError):
    """Nothing more can be written; the message says where, and what to do."""


@contextmanager
def full_disk_named(path: Path) -> Iterator[None]:
    """Turn an error inside the block into DiskFull when its cause is a full disk, a quota or a limit on file sizes."""
    try:
        yield
    except DiskFull:
        raise
    except Exception as error:
        if _is_about_space(error) or (isinstance(error, RuntimeError) and _free(path) < NEARLY_NOTHING):
            raise DiskFull(
                f"the disk is full: nothing more can be written to {path} ({_free(path) / 2**20:.1f} MB free). "
                "Make room (old runs can be deleted), then resume: the last checkpoint is whole"
            ) from error
        raise


def _is_about_space(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in NO_SPACE or "No space left on device" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def _free(path: Path) -> int:
    while not path.exists() and path != path.parent:
        path = path.parent
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return 0
