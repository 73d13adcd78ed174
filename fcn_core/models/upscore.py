"""Upsampling of a score map onto another grid (CVPR 2015, section 3.3)."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from fcn_core.ops.bilinear import bilinear_weight, upsample_bilinear
from fcn_core.ops.conv_arithmetic import CoordinateMap, Upsampling

IMAGE_GRID = CoordinateMap()


class Upscore(nn.Module):
    """A transposed convolution without bias, placed on its target grid: bilinear and frozen, or learned from there."""

    def __init__(self, channels: int, placement: Upsampling, *, learned: bool) -> None:
        super().__init__()
        self.placement = placement
        self.weight = nn.Parameter(bilinear_weight(channels, placement.kernel)) if learned else None

    def full_size(self, n: int) -> int:
        """Rows of the uncropped output for n rows."""
        return (n - 1) * self.placement.factor + self.placement.kernel

    def forward(self, x: Tensor, *, start: int, size: tuple[int, int]) -> Tensor:
        """The part of the upsampled map from row and column `start` on, `size` large. x: N×C×h×w."""
        factor, kernel = self.placement.factor, self.placement.kernel
        if self.weight is None:
            return upsample_bilinear(x, factor=factor, kernel=kernel, start=(start, start), size=size)
        full = F.conv_transpose2d(x, self.weight, stride=factor)
        return full[..., start : start + size[0], start : start + size[1]]

    def to_image(self, x: Tensor, size: tuple[int, int]) -> Tensor:
        """The upsampled map on the pixels of an image of size (H, W)."""
        return self(x, start=-self.placement.shift, size=size)
