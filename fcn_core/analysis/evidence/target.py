"""What an attribution explains: the logit of one class, at one pixel or summed over a region."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor, nn

REGIONS = ("pixel", "piece", "class")


@dataclass(frozen=True)
class Target:
    """The number to explain: the sum of the logits of class `index` in head `head` over the pixels of `mask`.

    mask: H×W bool on the network's input. Over a single pixel the sum is that pixel's logit.
    """

    head: int
    index: int
    mask: np.ndarray

    def __post_init__(self) -> None:
        if self.mask.dtype != np.bool_ or self.mask.ndim != 2 or not self.mask.any():
            raise ValueError(
                f"expected a mask H×W of bool with at least one pixel, got {self.mask.dtype} of {self.mask.shape}"
            )

    @property
    def pixels(self) -> int:
        """How many logits are summed."""
        return int(self.mask.sum())

    def of(self, model: nn.Module, x: Tensor) -> Tensor:
        """The number for every picture of a batch. x: N×C×H×W; returns N, in x's dtype."""
        logits = model(x, heads=(self.head,)).logits[self.head][:, self.index]
        return logits[:, torch.from_numpy(self.mask).to(logits.device)].sum(1)


def region_mask(label_map: np.ndarray, index: int, region: str, pixel: tuple[int, int]) -> np.ndarray:
    """H×W bool: the pixels of a region.

    "pixel" is `pixel` (x, y) itself; "class" are all pixels that the head labels `index`; "piece" is the connected
    piece (over edges and corners) of those that holds `pixel`. ValueError, to be shown, where there is none.
    """
    height, width = label_map.shape
    x, y = pixel
    if not (0 <= x < width and 0 <= y < height):
        raise ValueError(f"pixel ({x}, {y}) lies outside the {width}×{height} picture")
    mask = np.zeros(label_map.shape, bool)
    if region == "pixel":
        mask[y, x] = True
        return mask
    if region not in REGIONS:
        raise ValueError(f"no region {region!r}; choose one of {', '.join(REGIONS)}")
    labelled = label_map == index
    if not labelled.any():
        raise ValueError("this head labels no pixel of the picture so; choose another class, or the pixel alone")
    if region == "class":
        return labelled
    if not labelled[y, x]:
        raise ValueError("this head labels the chosen pixel otherwise; click into the class, or take the pixel alone")
    _, pieces = cv2.connectedComponents(labelled.astype(np.uint8), connectivity=8)
    return pieces == pieces[y, x]
