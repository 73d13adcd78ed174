"""A photo through a strided convolution and back through its transpose; no Streamlit here."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from app.parts.pictures import Shown, encode
from fcn_core.draw import colour_map
from fcn_core.ops.transposed_inverse import shrink_and_enlarge

BRIGHTEST = 64  # grey levels at the end of the difference's scale


@dataclass(frozen=True)
class Trip:
    """image, back: 3×H×W, small: 3×h×w, all 0-1. lost: mean difference to the photo, H×W grey levels.

    pictures: of small, back and lost.
    """

    image: torch.Tensor
    small: torch.Tensor
    back: torch.Tensor
    lost: np.ndarray
    pictures: tuple[Shown, Shown, Shown]


def there_and_back(photo: np.ndarray, factor: int) -> Trip:
    """photo: H×W×3 uint8, at least `factor` pixels a side; what the stride does not divide is cut off."""
    height, width = (n // factor * factor for n in photo.shape[:2])
    image = torch.tensor(photo[:height, :width]).permute(2, 0, 1).float() / 255
    small, back = shrink_and_enlarge(image, factor)
    lost = 255 * (back - image).abs().mean(0).numpy()
    shown = encode(_bytes(small)), encode(_bytes(back)), encode(colour_map(lost / BRIGHTEST, "cividis"))
    return Trip(image, small, back, lost, shown)


def _bytes(values: torch.Tensor) -> np.ndarray:
    """C×H×W from 0 to 1 as an H×W×C picture."""
    return np.ascontiguousarray((values.permute(1, 2, 0).numpy().clip(0, 1) * 255).round().astype(np.uint8))
