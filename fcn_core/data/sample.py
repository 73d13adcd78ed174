"""One labelled picture: what every data set of the project hands out."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sample:
    """An image with its label map.

    image: H×W×3 uint8, RGB. mask: H×W uint8, one class index a pixel, 255 (`labels.VOID`) where
    nothing is counted. name: a short stable name for messages and file names.
    Raises ValueError where shapes or dtypes do not fit.
    """

    image: np.ndarray
    mask: np.ndarray
    name: str

    def __post_init__(self) -> None:
        for what, array in (("image", self.image), ("mask", self.mask)):
            if not isinstance(array, np.ndarray) or array.dtype != np.uint8:
                got = getattr(array, "dtype", type(array).__name__)
                raise ValueError(f"sample {self.name!r}: the {what} must be a uint8 numpy array, got {got}")
        if self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ValueError(f"sample {self.name!r}: the image must be H×W×3 (RGB), got shape {self.image.shape}")
        if self.mask.ndim != 2:
            raise ValueError(f"sample {self.name!r}: the mask must be H×W, got shape {self.mask.shape}")
        if self.image.shape[:2] != self.mask.shape:
            raise ValueError(
                f"sample {self.name!r}: image and mask must have one size, got {self.image.shape[:2]} and "
                f"{self.mask.shape}; resize the mask with nearest neighbour"
            )
        if 0 in self.mask.shape:
            raise ValueError(f"sample {self.name!r}: image and mask are empty (shape {self.mask.shape})")
