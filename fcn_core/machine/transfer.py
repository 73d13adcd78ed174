"""One HTTP transfer into a `.part` file, continued where an earlier one broke off if the server can."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import requests

ByteProgress = Callable[[int, int | None], None]  # bytes so far, and of how many, where that is known

CHUNK = 1 << 18
TIMEOUTS = (10.0, 60.0)  # seconds to connect, and between two pieces
SPARE_DISK = 64 << 20


class TransferFailed(Exception):
    """A transfer that trying again at once would not help; the text is a sentence for a person."""


class BrokenOff(Exception):
    """The connection ended early; what has arrived is kept and can be continued."""


def transfer(url: str, part: Path, *, progress: ByteProgress | None = None, resumable: bool = True) -> bool:
    """Append what is missing of `url` to `part`; returns whether an earlier part was continued.

    `resumable` says that the caller can prove the whole file; without proof an earlier part is
    continued only if the server vouches (ETag or date) that it still has the same file.
    """
    start, validator = _resume_point(part, url)
    if not (validator or resumable):
        start = 0
    headers = {"Accept-Encoding": "identity"}
    if start:
        headers["Range"] = f"bytes={start}-"
        if validator:
            headers["If-Range"] = validator
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUTS) as response:
            if response.status_code == 416 and start:  # nothing after `start`: the part is whole, or of another file
                if _number(response.headers.get("Content-Range", "").rpartition("/")[2]) == start:
                    return True
                forget(part)
                raise BrokenOff("the server has another file than before")
            if response.status_code not in (200, 206):
                raise TransferFailed(_http_sentence(response.status_code, url))
            if "text/html" in response.headers.get("Content-Type", ""):
                raise TransferFailed(f"{_host(url)} sent a web page instead of the file.")
            if response.status_code == 200 or _range_start(response) != start:
                start = 0  # the server does not resume, or has a newer file
            length = _number(response.headers.get("Content-Length"))
            total = None if length is None else start + length
            _check_disk(part.parent, total, start)
            _note_source(part, url, response)
            _write(response, part, start, total, progress)
            return start > 0
    except requests.exceptions.Timeout as problem:
        raise TransferFailed(f"{_host(url)} did not answer in time.") from problem
    except requests.exceptions.ConnectionError as problem:
        raise TransferFailed(f"{_host(url)} cannot be reached; is there a network?") from problem
    except requests.exceptions.RequestException as problem:
        raise TransferFailed(f"The address cannot be fetched ({problem}).") from problem


def forget(part: Path) -> None:
    """Remove a part file and the note of where it came from."""
    part.unlink(missing_ok=True)
    source_note(part).unlink(missing_ok=True)


def source_note(part: Path) -> Path:
    """The small file beside a part file that says which file of which address it is a part of."""
    return part.with_name(f"{part.name}.json")


def _write(
    response: requests.Response, part: Path, start: int, total: int | None, progress: ByteProgress | None
) -> None:
    done = start
    with part.open("ab" if start else "wb") as file:
        if progress:
            progress(done, total)
        try:
            for piece in response.iter_content(CHUNK):
                file.write(piece)
                done += len(piece)
                if progress:
                    progress(done, total)
        except requests.exceptions.RequestException as problem:
            raise BrokenOff(f"{done} of {total or 'an unknown number of'} bytes had arrived") from problem
    if total is not None and done < total:
        raise BrokenOff(f"{done} of {total} bytes had arrived")


def _resume_point(part: Path, url: str) -> tuple[int, str | None]:
    """Bytes that can be continued, and the validator that tells the server which file they are from."""
    try:
        note = json.loads(source_note(part).read_text())
        size = part.stat().st_size
    except (OSError, ValueError):
        return 0, None
    return (size, note.get("validator")) if note.get("url") == url else (0, None)


def _note_source(part: Path, url: str, response: requests.Response) -> None:
    etag = response.headers.get("ETag", "")
    strong = etag if etag and not etag.startswith("W/") else None  # a weak validator may not be used to resume
    validator = strong or response.headers.get("Last-Modified")
    source_note(part).write_text(json.dumps({"url": url, "validator": validator}))


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdigit() else None


def _range_start(response: requests.Response) -> int | None:
    """First byte of a 206 answer, from `Content-Range: bytes 5-9/10`."""
    unit, _, span = response.headers.get("Content-Range", "").partition(" ")
    return _number(span.partition("-")[0]) if unit == "bytes" else None


def _check_disk(folder: Path, total: int | None, start: int) -> None:
    free = shutil.disk_usage(folder).free
    if total is not None and total - start + SPARE_DISK > free:
        raise OSError(errno.ENOSPC, f"{(total - start) / 1e6:.0f} MB are needed and {free / 1e6:.0f} MB are free")


def _http_sentence(status: int, url: str) -> str:
    if status in (404, 410):
        return f"{_host(url)} no longer has the file (HTTP {status})."
    return f"{_host(url)} refused the download (HTTP {status})."


def _host(url: str) -> str:
    return urlsplit(url).netloc or url
