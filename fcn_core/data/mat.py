"""MATLAB files (.mat, version 5 to 7) as the published annotations use them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np


def read_mat(path: Path) -> dict[str, Any]:
    """The variables of a .mat file by name; ValueError when it cannot be read."""
    from scipy.io import loadmat

    try:
        with path.open("rb") as file:
            return {name: value for name, value in loadmat(file).items() if not name.startswith("__")}
    except FileNotFoundError:
        raise ValueError(f"{path} does not exist") from None
    except NotImplementedError:
        raise ValueError(f"{path} is a MATLAB 7.3 file (HDF5); expected the older format, save it with -v7") from None
    except Exception as error:  # scipy raises whatever a damaged file leads its parser to
        raise ValueError(f"{path} cannot be read as a MATLAB file ({error}); it may be damaged") from error


def index_array(value: Any, what: str, path: Path) -> np.ndarray:
    """A variable as an H×W array of integers; ValueError when it is something else."""
    array = np.asarray(value)
    if array.ndim != 2 or array.dtype.kind not in "uif" or (array.dtype.kind == "f" and (array % 1).any()):
        raise ValueError(f"{what} of {path} should be a matrix of whole numbers, got {array.dtype} {array.shape}")
    return array.astype(np.int64)
