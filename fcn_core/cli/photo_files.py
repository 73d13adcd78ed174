"""Which photos a command was given, and how their results are called so that none overwrites another.

Results of `street/a.jpg` are called `a.jpg.8s.index.png` and so on: the photo's whole name comes
first, so `a.jpg` and `a.png` never meet. Photos of the same name from different folders get their
folders in front (`x_a.jpg.…`, `y_a.jpg.…`).
"""

from __future__ import annotations

import glob
import os
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from fcn_core.cli.console import write_file
from fcn_core.exporting.formats import FORMATS

SUFFIXES = (
    ".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".dib", ".gif", ".tif", ".tiff", ".ppm", ".pgm",
    ".jp2", ".avif", ".qoi",
)  # fmt: skip
ARRAY_SUFFIXES = (".npy",)  # taken from folders only for weights that read such files
_PICTURES = "|".join(name for name, format in FORMATS.items() if format.media == "image/png")
OWN_RESULT = re.compile(rf"\.\d+s\.({_PICTURES})(-[^.]+)?\.png$")


@dataclass(frozen=True)
class Found:
    """Photos in order, each once, and sentences about arguments that gave none."""

    photos: tuple[Path, ...]
    problems: tuple[str, ...]


def find_photos(arguments: Sequence[str], *, out: Path | None = None, arrays: bool = False) -> Found:
    """Photos of a list of files, folders and patterns.

    A file is taken whatever its name; a folder gives every picture in it and below, by suffix; a pattern
    (`*`, `?`, `[…]`, `**`) is for shells that leave patterns alone. Hidden files, the results of an
    earlier run and what lies under `out` are left out of folders. arrays: folders give .npy files too.
    """
    photos: dict[str, Path] = {}
    problems: list[str] = []
    for argument in arguments:
        path = Path(os.path.expanduser(argument))  # a name such as ~draft.jpg, of no user, stays as it is
        if path.is_dir():
            found = _in_folder(path, out, (*SUFFIXES, *ARRAY_SUFFIXES) if arrays else SUFFIXES)
            lack = f"{argument} contains no pictures ({', '.join(SUFFIXES[:6])} …)"
        elif not os.path.lexists(path) and glob.has_magic(argument):
            matches = sorted(glob.glob(str(path), recursive=True))
            found = [Path(match) for match in matches if not os.path.isdir(match)]
            lack = f"{argument}: no file fits this pattern"
        else:
            found, lack = [path], ""
        if not found:
            problems.append(lack)
        for photo in found:
            photos.setdefault(os.path.abspath(photo), photo)
    return Found(tuple(photos.values()), tuple(problems))


def _in_folder(folder: Path, out: Path | None, suffixes: tuple[str, ...]) -> list[Path]:
    found = []
    skipped = os.path.abspath(out) if out is not None else None
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and os.path.abspath(Path(here, name)) != skipped
        )
        found += [
            Path(here, name)
            for name in sorted(files)
            if name.lower().endswith(suffixes) and not name.startswith(".") and not OWN_RESULT.search(name)
        ]
    return found


def result_names(photos: Iterable[Path]) -> dict[Path, str]:
    """Photo -> what its results' names begin with; all differ, also where upper and lower case are the same."""
    groups: dict[str, list[Path]] = defaultdict(list)
    for photo in photos:
        groups[photo.name.casefold()].append(photo)
    names = {group[0]: group[0].name for group in groups.values() if len(group) == 1}
    taken = {name.casefold() for name in names.values()}
    for group in groups.values():
        if len(group) == 1:
            continue
        for photo, name in zip(group, _with_folders(group), strict=True):
            names[photo] = _untaken(name, taken)
            taken.add(names[photo].casefold())
    return names


def _with_folders(group: Sequence[Path]) -> list[str]:
    """Names with as many folders in front as it takes to tell apart all photos that folders can tell apart."""
    parts = [Path(os.path.abspath(photo)).parts[1:] for photo in group]
    choices = (["_".join(p[-depth:]) for p in parts] for depth in range(1, max(map(len, parts)) + 1))
    return max(choices, key=lambda names: len({name.casefold() for name in names}))


def _untaken(name: str, taken: set[str]) -> str:
    number, candidate = 2, name
    while candidate.casefold() in taken:
        candidate, number = f"{name}-{number}", number + 1
    return candidate


class ResultFolder:
    """Writes results and never loses one.

    A result of an earlier run stays: where a file of the same name has other contents, the new results of
    that photo get a number (`a.jpg-2.8s.index.png`); equal contents are left as they are. With `overwrite`
    earlier results are replaced. Photos that were given are never written over.
    """

    def __init__(self, folder: Path, *, overwrite: bool, photos: Iterable[Path] = ()) -> None:
        self.folder = folder
        self.overwrite = overwrite
        self._photos = {os.path.realpath(photo) for photo in photos}
        self._written: set[str] = set()

    def write(self, name: str, files: dict[str, bytes]) -> dict[str, Path]:
        """Write one photo's results, ending ("8s.index.png") -> contents; returns ending -> path."""
        number, stem = 2, name
        while not all(self._is_free(self.folder / f"{stem}.{ending}", data) for ending, data in files.items()):
            stem, number = f"{name}-{number}", number + 1
        paths = {ending: self.folder / f"{stem}.{ending}" for ending in files}
        for ending, path in paths.items():
            if self.overwrite or not path.exists():
                write_file(path, files[ending])
            self._written.add(os.path.realpath(path))
        return paths

    def _is_free(self, path: Path, data: bytes) -> bool:
        real = os.path.realpath(path)
        if real in self._photos or real in self._written:
            return False
        if not os.path.lexists(path):
            return True
        if not path.is_file():
            return False
        return self.overwrite or (path.stat().st_size == len(data) and path.read_bytes() == data)
