"""Verified downloads into the cache folder.

A download grows as `<file>.part` under a lock, so that two sessions never fetch the same file at
once, and gets its final name only after its checksum (where one was published) is right.
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from fcn_core.weights.folders import download_folder
from fcn_core.weights.records import WeightRecord
from fcn_core.weights.transfer import BrokenOff, Progress, TransferFailed, forget, source_note, transfer

ATTEMPTS = 3
LOCK_POLL = 0.5  # seconds


class DownloadError(ValueError):
    """A download that did not succeed: what happened, the address, and where to put the file by hand."""

    def __init__(self, reason: str, *, url: str | None = None, target: Path | None = None) -> None:
        by_hand = f" By hand: get {url} and put it at {target}" if url and target else ""
        super().__init__(f"{reason}{by_hand}")
        self.reason = reason
        self.url = url
        self.target = target


def is_here(record: WeightRecord, *, cache_dir: Path | None = None) -> bool:
    """Whether loading these weights needs no network."""
    return (record.path or target_path(record, cache_dir)).is_file()


def target_path(record: WeightRecord, cache_dir: Path | None = None) -> Path:
    """Where a record's download lies, and where to put it by hand."""
    return download_folder(cache_dir) / record.filename


def fetch(record: WeightRecord, *, progress: Progress | None = None, cache_dir: Path | None = None) -> Path:
    """The record's file on this machine, fetched and verified if it is not there yet.

    `progress(done, total)` is called with bytes (`total` None where the server does not say).
    DownloadError (a ValueError) says what went wrong, with the address and the place for the file
    by hand. What has arrived stays as `.part` and is continued the next time.
    """
    if record.path is not None:
        if not record.path.is_file():
            raise DownloadError(f"{record.filename} should lie in {record.folder} but is not there.")
        return record.path
    if not record.url:
        raise DownloadError(f"{record.name} has no address to fetch it from.")
    target = target_path(record, cache_dir)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with _locked(target, record, progress):
            if target.is_file():
                _check_placed(record, target)
            else:
                _download(record, target, progress)
    except OSError as problem:
        raise _failure(record, target, _disk_sentence(problem, target)) from problem
    return target


def _download(record: WeightRecord, target: Path, progress: Progress | None) -> None:
    """Fetch into the part file, prove it, give it its name; a broken connection is taken up again a few times."""
    assert record.url is not None
    part = _part(target)
    checkable = bool(record.sha256 or record.md5)
    reason = ""
    for _ in range(ATTEMPTS):
        try:
            continued = transfer(record.url, part, progress=progress, resumable=checkable)
        except BrokenOff as problem:
            reason = f"The connection broke off {ATTEMPTS} times ({problem}); try again, and it goes on from there."
            continue
        except TransferFailed as problem:
            raise _failure(record, target, str(problem)) from problem
        wrong = _wrong_content(record, part)
        if wrong is None:
            os.replace(part, target)
            source_note(part).unlink(missing_ok=True)
            _remember(target)
            return
        forget(part)
        reason = f"{wrong} Nothing was kept."
        if not continued:  # a continued file may be two versions glued together: that one is fetched anew
            break
    raise _failure(record, target, reason)


@contextmanager
def _locked(target: Path, record: WeightRecord, progress: Progress | None) -> Iterator[None]:
    """Hold the file's lock; while another session holds it, report what has arrived there."""
    lock = FileLock(target.with_name(f".{target.name}.lock"))
    while not lock.is_locked:
        try:
            lock.acquire(timeout=LOCK_POLL)
        except Timeout:
            part = _part(target)
            if progress and part.is_file():
                progress(part.stat().st_size, record.size_bytes)
    try:
        yield
    finally:
        lock.release()


def _check_placed(record: WeightRecord, target: Path) -> None:
    """Prove a file that lies there already; the proof is remembered until the file changes."""
    if _seal(target).is_file() and _seal(target).read_text() == _identity(target):
        return
    wrong = _wrong_content(record, target)
    if wrong is not None:
        raise _failure(record, target, f"The file at {target} is not the published one. {wrong} Delete it first.")
    _remember(target)


def _wrong_content(record: WeightRecord, path: Path) -> str | None:
    """What is wrong with a file's content, as a sentence, or None."""
    if path.stat().st_size == 0:
        return "The file is empty."
    with path.open("rb") as file:
        if file.read(512).lstrip().lower().startswith((b"<!doctype html", b"<html")):
            return "It is a web page instead of the file."
    for kind, expected in (("sha256", record.sha256), ("md5", record.md5)):
        if expected:
            with path.open("rb") as file:
                found = hashlib.file_digest(file, kind).hexdigest()
            if not found.startswith(expected.lower()):  # torchvision publishes the beginning of the sha256
                return f"Wrong checksum: {kind} is {found[: len(expected)]}, expected {expected}."
    return None


def _disk_sentence(problem: OSError, target: Path) -> str:
    if problem.errno == errno.ENOSPC:
        forget(_part(target))  # gives the space back
        detail = f" ({problem.strerror})" if problem.strerror != os.strerror(errno.ENOSPC) else ""
        return f"The disk is full{detail}; make room, or set FCN_LAB_HOME to a folder on another disk."
    return f"The folder {target.parent} cannot be used ({problem.strerror or problem}); FCN_LAB_HOME can name another."


def _failure(record: WeightRecord, target: Path, reason: str) -> DownloadError:
    return DownloadError(f"{record.title} could not be fetched. {reason}", url=record.url, target=target)


def _part(target: Path) -> Path:
    return target.with_name(f"{target.name}.part")


def _seal(target: Path) -> Path:
    return target.with_name(f".{target.name}.verified")


def _identity(target: Path) -> str:
    about = target.stat()
    return f"{about.st_size} {about.st_mtime_ns}"


def _remember(target: Path) -> None:
    _seal(target).write_text(_identity(target))
