"""Verified downloads: weights into the cache folder, data sets into a folder of the user's choice.

A download grows as `<file>.part` under a lock, so that two sessions never fetch the same file at
once, and gets its final name only after its checksum (where one was published) is right.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from fcn_core.machine.transfer import BrokenOff, ByteProgress, TransferFailed, forget, source_note, transfer

ATTEMPTS = 3
LOCK_POLL = 0.5  # seconds


@dataclass(frozen=True)
class RemoteFile:
    """A published file. title: for messages. sha256 may be a prefix, as torchvision publishes it; size in bytes.

    elsewhere: what to do when the disk is full or the folder cannot be used.
    """

    title: str
    url: str
    sha256: str | None = None
    md5: str | None = None
    size_bytes: int | None = None
    elsewhere: str = "choose another folder"


class DownloadError(ValueError):
    """A download that did not succeed: what happened, the address, and where to put the file by hand."""

    def __init__(self, reason: str, *, url: str | None = None, target: Path | None = None) -> None:
        by_hand = f" By hand: get {url} and put it at {target}" if url and target else ""
        super().__init__(f"{reason}{by_hand}")
        self.reason = reason
        self.url = url
        self.target = target


def fetch_file(file: RemoteFile, target: Path, *, progress: ByteProgress | None = None) -> Path:
    """The file at `target`, fetched and verified if it is not there yet; one that lies there is verified.

    `progress(done, total)` is called with bytes (`total` None where the server does not say).
    DownloadError (a ValueError) says what went wrong, with the address and the place for the file
    by hand. What has arrived stays as `.part` and is continued the next time.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target, file, progress):
            if target.is_file():
                _check_placed(file, target)
            else:
                _download(file, target, progress)
    except OSError as problem:
        raise failure(file, target, _disk_sentence(problem, file, target)) from problem
    return target


def failure(file: RemoteFile, target: Path, reason: str) -> DownloadError:
    """The error for a file that could not be fetched, with the way to do it by hand."""
    return DownloadError(f"{file.title} could not be fetched. {reason}", url=file.url, target=target)


def _download(file: RemoteFile, target: Path, progress: ByteProgress | None) -> None:
    """Fetch into the part file, prove it, give it its name; a broken connection is taken up again a few times."""
    part = part_file(target)
    checkable = bool(file.sha256 or file.md5)
    reason = ""
    for _ in range(ATTEMPTS):
        try:
            continued = transfer(file.url, part, progress=progress, resumable=checkable)
        except BrokenOff as problem:
            reason = f"The connection broke off {ATTEMPTS} times ({problem}); try again, and it goes on from there."
            continue
        except TransferFailed as problem:
            raise failure(file, target, str(problem)) from problem
        wrong = _wrong_content(file, part)
        if wrong is None:
            os.replace(part, target)
            source_note(part).unlink(missing_ok=True)
            _remember(target)
            return
        forget(part)
        reason = f"{wrong} Nothing was kept."
        if not continued:  # a continued file may be two versions glued together: that one is fetched anew
            break
    raise failure(file, target, reason)


@contextmanager
def _locked(target: Path, file: RemoteFile, progress: ByteProgress | None) -> Iterator[None]:
    """Hold the file's lock; while another session holds it, report what has arrived there."""
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    while not lock.is_locked:
        try:
            lock.acquire(timeout=LOCK_POLL)
        except Timeout:
            part = part_file(target)
            if progress and part.is_file():
                progress(part.stat().st_size, file.size_bytes)
    try:
        yield
    finally:
        lock.release()


def _check_placed(file: RemoteFile, target: Path) -> None:
    """Prove a file that lies there already; the proof is remembered until the file changes."""
    if _seal(target).is_file() and _seal(target).read_text() == _identity(target):
        return
    wrong = _wrong_content(file, target)
    if wrong is not None:
        raise failure(file, target, f"The file at {target} is not the published one. {wrong} Delete it first.")
    _remember(target)


def _wrong_content(file: RemoteFile, path: Path) -> str | None:
    """What is wrong with a file's content, as a sentence, or None."""
    if path.stat().st_size == 0:
        return "The file is empty."
    with path.open("rb") as stream:
        if stream.read(512).lstrip().lower().startswith((b"<!doctype html", b"<html")):
            return "It is a web page instead of the file."
    for kind, expected in (("sha256", file.sha256), ("md5", file.md5)):
        if expected:
            with path.open("rb") as stream:
                found = hashlib.file_digest(stream, kind).hexdigest()
            if not found.startswith(expected.lower()):
                return f"Wrong checksum: {kind} is {found[: len(expected)]}, expected {expected}."
    return None


def _disk_sentence(problem: OSError, file: RemoteFile, target: Path) -> str:
    if problem.errno == errno.ENOSPC:
        forget(part_file(target))  # gives the space back
        detail = f" ({problem.strerror})" if problem.strerror != os.strerror(errno.ENOSPC) else ""
        return f"The disk is full{detail}; make room, or {file.elsewhere}."
    return f"The folder {target.parent} cannot be used ({problem.strerror or problem}); {file.elsewhere}."


def part_file(target: Path) -> Path:
    """Where the beginning of a file lies until all of it has arrived."""
    return target.with_name(f"{target.name}.part")


def _seal(target: Path) -> Path:
    return target.with_name(f".{target.name}.verified")


def _identity(target: Path) -> str:
    about = target.stat()
    return f"{about.st_size} {about.st_mtime_ns}"


def _remember(target: Path) -> None:
    _seal(target).write_text(_identity(target))
