"""Weights on this machine: where a record's file lies, and its verified download into the cache folder."""

from __future__ import annotations

from pathlib import Path

from fcn_core.machine.download import DownloadError, RemoteFile, fetch_file
from fcn_core.machine.transfer import ByteProgress
from fcn_core.weights.folders import HOME_VARIABLE, download_folder
from fcn_core.weights.records import WeightRecord

__all__ = ["DownloadError", "fetch", "is_here", "target_path"]


def is_here(record: WeightRecord, *, cache_dir: Path | None = None) -> bool:
    """Whether loading these weights needs no network."""
    return (record.path or target_path(record, cache_dir)).is_file()


def target_path(record: WeightRecord, cache_dir: Path | None = None) -> Path:
    """Where a record's download lies, and where to put it by hand."""
    return download_folder(cache_dir) / record.filename


def fetch(record: WeightRecord, *, progress: ByteProgress | None = None, cache_dir: Path | None = None) -> Path:
    """The record's file on this machine, fetched and verified if it is not there yet (see `fetch_file`)."""
    if record.path is not None:
        if not record.path.is_file():
            raise DownloadError(f"{record.filename} should lie in {record.folder} but is not there.")
        return record.path
    if not record.url:
        raise DownloadError(f"{record.name} has no address to fetch it from.")
    file = RemoteFile(
        title=record.title, url=record.url, sha256=record.sha256, md5=record.md5, size_bytes=record.size_bytes,
        elsewhere=f"set {HOME_VARIABLE} to a folder on another disk",
    )  # fmt: skip
    return fetch_file(file, target_path(record, cache_dir), progress=progress)
