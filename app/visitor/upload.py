"""A file that a visitor uploaded."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass


@dataclass(frozen=True)
class Upload:
    """One uploaded file, as it came. `use` says what for: a picture, or the ground truth of one."""

    name: str
    data: bytes
    digest: str
    use: str = "picture"

    def opened(self) -> io.BytesIO:
        """The file, open and with its name, so that sentences about it can call it by that."""
        file = io.BytesIO(self.data)
        file.name = self.name
        return file


def content_hash(data: bytes) -> str:
    """The name of a content."""
    return hashlib.blake2b(data, digest_size=16).hexdigest()
