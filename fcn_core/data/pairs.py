"""Pairs of a photo and its label map in published data sets: where they lie, and one pair read and checked."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np

from fcn_core.data.files import read_photo
from fcn_core.data.sample import Sample
from fcn_core.labels import VOID, LabelSet

DEEPEST = 4
SHOWN = 3


class Pairs:
    """Map-style data set of photos and label maps: `len(ds)`, `ds[i] -> Sample`, `ds.labels`, `ds.name`.

    names, photos, masks: as many of each, photo i and label map i belong together; all files exist.
    read_mask: label map file -> H×W uint8 class indices, 255 void.
    """

    def __init__(
        self,
        name: str,
        labels: LabelSet,
        names: Sequence[str],
        photos: Sequence[Path],
        masks: Sequence[Path],
        read_mask: Callable[[Path], np.ndarray],
    ) -> None:
        self.name, self.labels, self.read_mask = name, labels, read_mask
        self.names, self.photos, self.masks = tuple(names), tuple(photos), tuple(masks)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, index: int) -> Sample:
        photo, mask_file = self.photos[index], self.masks[index]
        image, mask = read_photo(photo), self.read_mask(mask_file)
        if image.shape[:2] != mask.shape:
            raise ValueError(
                f"{photo} has {image.shape[1]}×{image.shape[0]} pixels but its label map {mask_file} has "
                f"{mask.shape[1]}×{mask.shape[0]}; they must have the same size"
            )
        check_indices(mask, self.labels, mask_file)
        return Sample(image=image, mask=mask, name=self.names[index])


def check_indices(mask: np.ndarray, labels: LabelSet, path: Path) -> None:
    """ValueError when a label map (H×W) holds an index that is no class and not void."""
    outside = mask[(mask >= len(labels)) & (mask != VOID)]
    if outside.size:
        raise ValueError(
            f"{path} contains class index {int(outside.max())}; the label maps of {labels.title} hold 0 to "
            f"{len(labels) - 1}, and {VOID} for void"
        )


def check_files(names: Sequence[str], what: str, files: Iterable[Path], source: Path) -> None:
    """ValueError when files of a list are missing. what: "photo" or "label map"; source: the list."""
    missing = [name for name, file in zip(names, files, strict=True) if not file.is_file()]
    if missing:
        first = next(file for file in files if not file.is_file())
        some = ", ".join(missing[:SHOWN]) + (", …" if len(missing) > SHOWN else "")
        raise ValueError(f"{len(missing)} of {len(names)} names of {source} have no {what}, such as {first}: {some}")


def split_names(lists: Path, split: str) -> list[str]:
    """The photo names in `lists`/SPLIT.txt, in published order; ValueError lists the splits that are there."""
    file = lists / f"{split}.txt"
    if not file.is_file():
        there = ", ".join(sorted(path.stem for path in lists.glob("*.txt"))) or "none"
        raise ValueError(f"{lists} has no split {split!r}: {split}.txt is missing; splits that are there: {there}")
    names = read_list(file)
    if not names:
        raise ValueError(f"{file} names no photos; unpack the published archive again")
    return names


def read_list(path: Path) -> list[str]:
    """The names of a list file, one a line, each once; what follows a space (such as -1 or 1) does not count."""
    words = (line.split() for line in path.read_text(encoding="utf-8-sig").splitlines())
    return list(dict.fromkeys(line[0] for line in words if line))


def folders_below(root: Path, *, wanted: Callable[[Path], bool]) -> list[Path]:
    """Folders at most a few levels below `root` (itself included) that `wanted` accepts, nearest first."""
    found: list[Path] = []
    level = [root]
    for _ in range(DEEPEST):
        found += [folder for folder in level if wanted(folder)]
        level = [child for folder in level if not wanted(folder) for child in _children(folder)]
    return found


def _children(folder: Path) -> list[Path]:
    try:
        with os.scandir(folder) as entries:
            return sorted(Path(e.path) for e in entries if not e.name.startswith(".") and e.is_dir())
    except OSError:  # a folder that may not be read holds nothing for us
        return []
