"""One labelled picture: what every data set of this package returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Sample:
    """A photo with its label map.

    image: H×W×3 uint8 RGB, 0-255. mask: H×W uint8 class indices, `labels.VOID` (255) where nothing counts.
    name: short and unique within its data set, such as a file-name stem.
    """

    image: np.ndarray
    mask: np.ndarray
    name: str

    def __post_init__(self) -> None:
        if self.image.shape[:2] != self.mask.shape:
            raise ValueError(
                f"sample {self.name}: the image is {self.image.shape[1]}×{self.image.shape[0]} pixels and the label map "
                f"{'×'.join(str(n) for n in self.mask.shape[::-1])}; they must have the same size"
            )
