"""One labelled picture: what every data set of the project hands out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

IMAGE_DTYPES = (np.dtype(np.uint8), np.dtype(np.uint16), np.dtype(np.float32))


@dataclass(frozen=True)
class Sample:
    """An image with its label map.

    image: H×W×C; uint8 RGB with C = 3 is the usual case, uint16 and float32 and any other number of channels are
    for depth, infrared and hyperspectral images. mask: H×W uint8, one class index a pixel, 255 (`labels.VOID`) where
    nothing is counted. name: a short stable name for messages and file names. tasks: further label maps of the same
    picture, task name -> H×W uint8. colour: whether the first three channels are red, green and blue from 0 to 255;
    None takes that for granted of uint8 images with 3 or 4 channels, and of no others.
    Raises ValueError where shapes or dtypes do not fit.
    """

    image: np.ndarray
    mask: np.ndarray
    name: str
    tasks: Mapping[str, np.ndarray] = field(default_factory=dict)
    colour: bool | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.image, np.ndarray) or self.image.dtype not in IMAGE_DTYPES:
            got = getattr(self.image, "dtype", type(self.image).__name__)
            raise ValueError(
                f"sample {self.name!r}: the image must be a uint8, uint16 or float32 numpy array, got {got}"
            )
        if self.image.ndim != 3 or self.image.shape[2] < 1:
            raise ValueError(
                f"sample {self.name!r}: the image must be H×W×C (RGB: H×W×3), got shape {self.image.shape}"
            )
        self._check_mask(self.mask, "mask")
        for task, mask in self.tasks.items():
            self._check_mask(mask, f"label map of task {task!r}")
        if 0 in self.mask.shape:
            raise ValueError(f"sample {self.name!r}: image and mask are empty (shape {self.mask.shape})")
        if self.colour is None:
            object.__setattr__(self, "colour", self.image.dtype == np.uint8 and self.image.shape[2] in (3, 4))
        elif self.colour and self.image.shape[2] < 3:
            raise ValueError(
                f"sample {self.name!r}: an image in colour has 3 channels or more, got {self.image.shape[2]}"
            )

    def _check_mask(self, mask: np.ndarray, what: str) -> None:
        if not isinstance(mask, np.ndarray) or mask.dtype != np.uint8:
            got = getattr(mask, "dtype", type(mask).__name__)
            raise ValueError(f"sample {self.name!r}: the {what} must be a uint8 numpy array, got {got}")
        if mask.ndim != 2:
            raise ValueError(f"sample {self.name!r}: the {what} must be H×W, got shape {mask.shape}")
        if self.image.shape[:2] != mask.shape:
            raise ValueError(
                f"sample {self.name!r}: image and {what} must have one size, got {self.image.shape[:2]} and "
                f"{mask.shape}; resize the {what} with nearest neighbour"
            )
