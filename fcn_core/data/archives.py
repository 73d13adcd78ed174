"""Data sets as their publishers offer them: fetched, verified and unpacked into the folder that the readers expect."""

from __future__ import annotations

import contextlib
import os
import shutil
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fcn_core.machine.download import DownloadError, RemoteFile, failure, fetch_file, part_file

SPARE_DISK = 256 << 20
AtWork = Callable[[str, float, float | None], None]
"""Called as (what is being done, how much of it is done, of how much: None where that is unknown); bytes."""


@dataclass(frozen=True)
class Archive:
    """One published .tar or .tgz file. md5: as torchvision's data set classes state it. Sizes in bytes: rough, not
    verified; they serve the disk check and the bar, the md5 decides.

    holds: a folder that lies at or below the root once it is unpacked, by which one that is there is recognised.
    """

    title: str
    url: str
    md5: str
    size_bytes: int
    unpacked_bytes: int
    holds: str

    @property
    def filename(self) -> str:
        """Its name on disk, the last part of the address."""
        return self.url.rpartition("/")[2]


VOC2012_ARCHIVE = Archive(
    title="PASCAL VOC 2012 (train and val)",
    url="https://thor.robots.ox.ac.uk/pascal/VOC/voc2012/VOCtrainval_11-May-2012.tar",
    md5="6cd6e144f989b92b3379bac3b3de84fd",
    size_bytes=2_000_000_000,
    unpacked_bytes=2_000_000_000,
    holds="VOCdevkit/VOC2012",
)
VOC2011_ARCHIVE = Archive(
    title="PASCAL VOC 2011 (train and val)",
    url="https://thor.robots.ox.ac.uk/pascal/VOC/voc2011/VOCtrainval_25-May-2011.tar",
    md5="6c3384ef61512963050cb5d687e5bf1e",
    size_bytes=1_800_000_000,
    unpacked_bytes=1_800_000_000,
    holds="TrainVal/VOCdevkit/VOC2011",
)
SBD_ARCHIVE = Archive(
    title="Semantic Boundaries Dataset",
    url="https://www2.eecs.berkeley.edu/Research/Projects/CS/vision/grouping/semantic_contours/benchmark.tgz",
    md5="82b4d87ceb2ed10f6038a1cba92111cb",
    size_bytes=1_420_000_000,
    unpacked_bytes=1_500_000_000,
    holds="benchmark_RELEASE/dataset",
)


def fetch_archive(archive: Archive, root: str | Path, *, progress: AtWork | None = None) -> Path:
    """The archive fetched into `root`, verified and unpacked there; returns the folder that it holds.

    What is unpacked already is left as it is. An archive that lies in root (put there by hand) is verified and used.
    It stays there afterwards. DownloadError (a ValueError) says what went wrong, with the address and the place for
    the file by hand; root is then as before, apart from what can be continued.
    """
    root = Path(root).expanduser()
    folder, target = root / archive.holds, root / archive.filename
    if folder.is_dir():
        return folder
    file = RemoteFile(
        archive.title, archive.url, md5=archive.md5, size_bytes=archive.size_bytes,
        elsewhere="choose a root on another disk",
    )  # fmt: skip
    try:
        root.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise failure(file, target, f"The folder {root} cannot be made ({problem.strerror}).") from problem
    _check_disk(archive, file, target)

    def fetching(done: int, total: int | None) -> None:
        if progress is not None:
            progress(f"Fetching {archive.title}", done, total)

    fetch_file(file, target, progress=fetching)
    unpack(target, root, title=archive.title, progress=progress)
    if not folder.is_dir():
        raise DownloadError(f"{target} was unpacked but holds no {archive.holds}; it is not the published archive.")
    return folder


def unpack(archive: Path, root: Path, *, title: str = "", progress: AtWork | None = None) -> None:
    """Unpack a .tar, .tar.gz or .tgz file into `root`: aside first, then moved into place, so nothing half is left.

    Files that are there already are replaced by those of the archive. DownloadError (a ValueError) for a damaged
    archive, a full disk, and members that would leave the folder (absolute paths, `..`, links to outside).
    """
    size = archive.stat().st_size
    aside = Path(tempfile.mkdtemp(prefix=".fcn-lab-", suffix=".unpacking", dir=root))
    try:
        with archive.open("rb") as raw, tarfile.open(fileobj=raw, mode="r:*") as tar:
            for member in tar:
                tar.extract(member, aside, filter="data")
                if progress is not None:
                    progress(f"Unpacking {title or archive.name}", raw.tell(), size)
        _merge(aside, root)
    except tarfile.FilterError as problem:
        raise DownloadError(f"{archive} is refused: {problem}. Nothing was unpacked.") from problem
    except (tarfile.TarError, EOFError) as problem:
        raise DownloadError(f"{archive} is damaged ({problem}); delete it and fetch it again.") from problem
    except OSError as problem:
        what = problem.strerror or problem
        raise DownloadError(f"{archive} could not be unpacked into {root} ({what}). Nothing was kept.") from problem
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _merge(source: Path, target: Path) -> None:
    """Move what is in `source` to `target`; folders that are there already take up what is new."""
    for entry in sorted(source.iterdir()):
        place = target / entry.name
        if entry.is_dir() and not entry.is_symlink() and place.is_dir():
            _merge(entry, place)
        else:
            os.replace(entry, place)


def _check_disk(archive: Archive, file: RemoteFile, target: Path) -> None:
    """DownloadError before anything is fetched when the archive and what it holds cannot fit."""
    here = 0
    for path in (target, part_file(target)):
        with contextlib.suppress(OSError):
            here = max(here, path.stat().st_size)
    needed = max(0, archive.size_bytes - here) + archive.unpacked_bytes + SPARE_DISK
    free = shutil.disk_usage(target.parent).free
    if needed > free:
        said = f"{needed / 1e9:.1f} GB are needed in {target.parent} and {free / 1e9:.1f} GB are free"
        raise failure(file, target, f"The disk is too full: {said}; make room, or {file.elsewhere}.")
