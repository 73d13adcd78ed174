"""metrics.jsonl: one line a record, appended whole, read while it grows, cut back to a step."""

from __future__ import annotations

import errno
import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fcn_core.machine.atomic import written_aside
from fcn_core.machine.disk import full_disk_named

Record = dict[str, Any]


@dataclass(frozen=True)
class Portion:
    """What a file held from some place on. offset: byte where the next reading begins; lines: how many were read;
    damaged: places among them (from 1) of those that were left out.
    """

    records: list[Record]
    offset: int
    lines: int
    damaged: tuple[int, ...]


@dataclass(frozen=True)
class MetricsFile:
    """One metrics file; it need not exist yet."""

    path: Path

    def append(self, record: Record) -> None:
        """Add one line in a single write, so that a kill leaves all of it or nothing; nan becomes null.

        DiskFull when there is no room: the file then ends with the line before.
        """
        line = json.dumps(plain(record), separators=(",", ":")).encode() + b"\n"
        with full_disk_named(self.path.parent):
            handle = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                size = os.fstat(handle).st_size
                if os.write(handle, line) < len(line):
                    os.ftruncate(handle, size)
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.path))
            finally:
                os.close(handle)

    def since(self, offset: int = 0) -> Portion:
        """The whole lines from byte `offset` on; a line that is still being written waits for the next reading."""
        try:
            with self.path.open("rb") as file:
                file.seek(offset)
                data = file.read()
        except FileNotFoundError:
            return Portion([], 0, 0, ())
        whole = data[: data.rfind(b"\n") + 1]
        found = [_record(line) for line in whole.splitlines()]
        damaged = tuple(place for place, record in enumerate(found, 1) if record is None)
        return Portion([r for r in found if r is not None], offset + len(whole), len(found), damaged)

    def edition(self) -> str:
        """Changes when the file was cut back: whoever reads on from an offset then begins anew. Empty: no file."""
        try:
            facts = self.path.stat()
        except FileNotFoundError:
            return ""
        return f"{facts.st_dev}-{facts.st_ino}"

    def size(self) -> int:
        """Bytes written so far."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def rewind(self, step: int, size: int | None = None) -> None:
        """Drop everything behind the last record of `step`, the final test, and a torn last line, in one move.

        What a killed run wrote behind its last checkpoint will be written again. A damaged line before that place
        stays, so that it goes on being named. size: bytes that the file had at the checkpoint; it tells apart the
        records of that very step, such as a validation that the checkpoint does not know of.
        """
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return
        kept = 0
        if size is not None and size <= len(data) and data[:size].endswith(b"\n"):
            kept = size
        else:  # before the first checkpoint, or somebody edited the file
            for line in data[: data.rfind(b"\n") + 1].splitlines(keepends=True):
                record = _record(line)
                if record is not None and (record.get("step", 0) > step or record.get("kind") == "test"):
                    break
                kept += len(line)
        if kept == len(data):
            return
        with full_disk_named(self.path.parent), written_aside(self.path) as temporary, temporary.open("wb") as file:
            file.write(data[:kept])
            file.flush()
            os.fsync(file.fileno())

    def flush(self) -> None:
        """Have all lines on the disk when this returns, so that a checkpoint never outlives the lines before it."""
        if self.path.is_file():
            handle = os.open(self.path, os.O_RDONLY)
            try:
                os.fsync(handle)
            finally:
                os.close(handle)


def _record(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) and isinstance(record.get("step", 0), int | float) else None


def plain(value: Any) -> Any:
    """Nested values for JSON: nan and infinities become None."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
