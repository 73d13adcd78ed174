"""What a photo goes through before its network: channel order, range, mean and deviation.

A model never normalises its input; the preprocessing travels with the weights instead, because
the same architecture was published with BGR 0-255 minus a mean (Caffe) and with RGB 0-1
standardised (torchvision).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Preprocessing:
    """`(value * scale / 255 - mean) / std` for each channel, after the channels are put in order.

    `scale` is the number that the pixel value 255 becomes before the mean is subtracted: 1.0 or
    255.0. `mean` and `std` have one number a channel, in `channel_order`, in units of `scale`.
    With more than three channels the first three are the colour and the rest stay where they are.
    `values` says what an image is before that: "photo" is RGB or grey from 0 to 255, to which every picture file can
    be brought; "raw" are the channels of a .npy or TIFF file in its own units (`of_bands`).
    """

    channel_order: str = "RGB"
    scale: float = 1.0
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    values: str = "photo"

    def __post_init__(self) -> None:
        if self.channel_order not in ("RGB", "BGR"):
            raise ValueError(f"channel_order is {self.channel_order!r}; it must be 'RGB' or 'BGR'")
        if self.values not in ("photo", "raw"):
            raise ValueError(f"values is {self.values!r}; it must be 'photo' or 'raw'")
        if len(self.mean) != len(self.std) or not self.mean:
            raise ValueError(
                f"mean has {len(self.mean)} numbers and std has {len(self.std)}; give one of each a channel"
            )
        if self.scale <= 0 or any(deviation <= 0 for deviation in self.std):
            raise ValueError(f"scale ({self.scale}) and every number of std {self.std} must be above zero")

    @classmethod
    def of_bands(cls, mean: Sequence[float], std: Sequence[float]) -> Preprocessing:
        """For images of any number of channels: `(value - mean) / std`, all in the images' own units.

        `data.statistics.measure` gives the two for a data set.
        """
        return cls("RGB", 255.0, tuple(float(m) for m in mean), tuple(float(s) for s in std), "raw")

    @property
    def channels(self) -> int:
        """How many channels an image must have."""
        return len(self.mean)

    def apply(self, image: np.ndarray) -> Tensor:
        """Turn H×W×C (RGB uint8; bands of any real dtype) into the network's C×H×W float32.

        With one channel an H×W image is taken too. ValueError if the number of channels differs.
        """
        if image.ndim == 2 and self.channels == 1:
            image = image[..., None]
        if image.ndim != 3 or image.shape[2] != self.channels:
            raise ValueError(
                f"expected an H×W×{self.channels} image, got an array of shape {image.shape}; "
                f"these weights take {self.channels} channel{'s' if self.channels > 1 else ''}"
            )
        planes = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1).to(torch.float32)
        if self.channel_order == "BGR" and self.channels >= 3:
            planes = planes[[2, 1, 0, *range(3, self.channels)]]
        mean = torch.tensor(self.mean, dtype=torch.float32)[:, None, None]
        std = torch.tensor(self.std, dtype=torch.float32)[:, None, None]
        return ((planes * (self.scale / 255.0) - mean) / std).contiguous()

    def to_dict(self) -> dict[str, Any]:
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Preprocessing:
        """The inverse of `to_dict`; ValueError names what is missing."""
        try:
            return cls(
                channel_order=str(data["channel_order"]),
                scale=float(data["scale"]),
                mean=tuple(float(number) for number in data["mean"]),
                std=tuple(float(number) for number in data["std"]),
                values=str(data.get("values", "photo")),
            )
        except (KeyError, TypeError) as problem:
            raise ValueError(f"the preprocessing description is incomplete: {problem} is missing or wrong") from problem


IMAGENET = Preprocessing()
"""RGB 0-1, standardised with ImageNet's statistics: torchvision's weights and our own training."""

CAFFE_VOC = Preprocessing("BGR", 255.0, (104.00699, 116.66877, 122.67892), (1.0, 1.0, 1.0))
"""BGR 0-255 minus the mean of ImageNet: the authors' PASCAL models (code of the paper)."""

CAFFE_NYUD = Preprocessing("BGR", 255.0, (116.190, 97.203, 92.318), (1.0, 1.0, 1.0))
"""BGR 0-255 minus the mean of NYUDv2's colour images (the authors' data layer)."""
