"""NYUDv2's labelled .mat file: MATLAB 7.3, which is HDF5 with every array's axes reversed."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from fcn_core.data.mat import read_mat
from fcn_core.labels import NYUD, VOID

CLASSES = 894


class LabelledMat:
    """Pictures by their number from 1 on, each read from the file when it is asked for."""

    def __init__(self, path: Path, mapping: Path) -> None:
        """path: nyu_depth_v2_labeled.mat. mapping: classMapping40.mat. ValueError says what is wrong with them."""
        self.path = path
        self.table = read_mapping(mapping)
        self._opened: tuple[int, Any] | None = None
        images, depths, labels = (self._array(name) for name in ("images", "depths", "labels"))
        count, width, height = labels.shape if labels.ndim == 3 else (0, 0, 0)
        if images.shape != (count, 3, width, height) or depths.shape != (count, width, height) or not count:
            raise ValueError(
                f"{path}: expected images N×3×W×H with depths and labels N×W×H, got {images.shape}, {depths.shape} and "
                f"{labels.shape}"
            )
        self.count = count

    def check(self, numbers: tuple[int, ...]) -> None:
        """ValueError where a number is not in the file."""
        outside = [number for number in numbers if not 1 <= number <= self.count]
        if outside:
            raise ValueError(f"{self.path} has the pictures 1 to {self.count}, but the split names {outside[0]}")

    def photo(self, number: int) -> np.ndarray:
        """H×W×3 uint8 RGB."""
        return np.ascontiguousarray(self._array("images")[number - 1].transpose(2, 1, 0).astype(np.uint8))

    def millimetres(self, number: int) -> np.ndarray:
        """H×W depth in millimetres; the file holds metres."""
        return 1000 * self._array("depths")[number - 1].T.astype(np.float32)

    def label_map(self, number: int) -> np.ndarray:
        """H×W uint8 class indices 0-39, 255 void."""
        stored = self._array("labels")[number - 1].T
        if stored.max(initial=0) >= len(self.table):
            raise ValueError(
                f"{self.path}, picture {number}: class {stored.max()}, but the mapping knows {len(self.table) - 1}"
            )
        return self.table[stored.astype(np.intp)]

    def _array(self, name: str) -> Any:
        """One of the file's arrays, not yet read. A forked process opens the file for itself."""
        if self._opened is None or self._opened[0] != os.getpid():
            import h5py

            try:
                self._opened = (os.getpid(), h5py.File(self.path, "r"))
            except OSError as problem:
                raise ValueError(
                    f"{self.path} cannot be read as a MATLAB 7.3 file (HDF5): {problem}; copy or download it again"
                ) from problem
        file = self._opened[1]
        if name not in file or not hasattr(file[name], "shape"):
            raise ValueError(f"{self.path} has no array {name!r}; it holds {', '.join(file) or 'nothing'}")
        return file[name]

    def __getstate__(self) -> dict[str, Any]:
        """Without the open file: a worker that is spawned opens its own."""
        return {**self.__dict__, "_opened": None}


def read_mapping(path: Path) -> np.ndarray:
    """Stored class (0-894) -> class index 0-39, or 255: a table from mapClass of classMapping40.mat."""
    if not path.is_file():
        raise ValueError(
            f"{path} does not exist; it maps the {CLASSES} classes to 40 and comes with the data of Gupta et al., "
            "https://people.eecs.berkeley.edu/~sgupta/cvpr13/data.tgz"
        )
    variables = read_mat(path)
    if "mapClass" not in variables:
        raise ValueError(f"{path} has no variable mapClass; it holds {', '.join(variables) or 'nothing'}")
    mapped = np.asarray(variables["mapClass"]).ravel().astype(np.int64)
    if not mapped.size or mapped.min() < 0 or mapped.max() > len(NYUD):
        raise ValueError(f"{path}: mapClass should hold 1 to {len(NYUD)}, got {mapped.min()} to {mapped.max()}")
    return np.concatenate([[VOID], np.where(mapped > 0, mapped - 1, VOID)]).astype(np.uint8)
