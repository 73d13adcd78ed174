"""U-Net (Ronneberger, Fischer, Brox, MICCAI 2015): skips that are put beside the coarser features, not added as scores.

Two forms. `published` is the paper's network: valid convolutions, so that the output is 184 pixels smaller than the
input; the photo is therefore mirrored at its borders, as the paper does, and cut back to its own size, which allows
any photo. Without `width` it has 31,030,658 parameters for one channel and two classes. `padded` has the same decoder
on any trunk, "same" padding and batch normalisation; classes are scored on the trunk's finest grid.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_core.models.network import Network, NetworkOutput, Offer
from fcn_core.models.trunks import build_trunk
from fcn_core.models.unet_spec import UNetSpec
from fcn_core.models.upscore import IMAGE_GRID, Upscore
from fcn_core.ops.conv_arithmetic import Upsampling, place_upsampling

PUBLISHED_CHANNELS = (64, 128, 256, 512, 1024)
MARGIN = 92  # pixels that the valid convolutions of the published form take off each side
WIDEST_LAYERS = 384  # float values a pixel at full width: a skip, the enlarged features, both together, two outputs


class UNet(Network):
    """A U-Net in the form that its description names; one head. Build it with `UNet(UNetSpec(...))`."""

    spec: UNetSpec

    def __init__(self, spec: UNetSpec) -> None:
        super().__init__()
        self.spec = spec
        if spec.form == "published":
            channels = [max(1, round(c * spec.width)) for c in PUBLISHED_CHANNELS]
            self.down = nn.ModuleList(_two(a, b) for a, b in pairwise((spec.in_channels, *channels)))
            self.pool = nn.MaxPool2d(2)
            self.drop = nn.Dropout(spec.dropout)
        else:
            self.trunk = build_trunk(spec.trunk)
            channels = [self.trunk.channels[level] for level in self.trunk.levels]
            placement = place_upsampling(self.trunk.coordinates[spec.heads[0]], IMAGE_GRID)
            self.final = Upscore(spec.num_classes, placement, learned=False)
        padded = spec.form == "padded"
        self.up = nn.ModuleList(_Up(deep, fine, padded=padded) for fine, deep in reversed(list(pairwise(channels))))
        self.score = nn.Conv2d(channels[0], spec.num_classes, 1)
        for module in (self.up, self.score, *([] if padded else [self.down])):
            _initialise(module)

    @property
    def offers(self) -> frozenset[Offer]:
        return frozenset({"trunk"} if self.spec.form == "padded" else ())

    def trunks(self) -> dict[str, nn.Module]:
        return {"trunk": self.trunk} if self.spec.form == "padded" else {}

    @property
    def widest(self) -> float:
        return WIDEST_LAYERS * self.spec.width

    @property
    def border(self) -> int:
        return 2 * MARGIN if self.spec.form == "published" else 0

    def final_upsampling(self, head: int) -> Upsampling | None:
        return self.final.placement if self.spec.form == "padded" and head > 1 else None

    def forward(self, x: Tensor, heads: Sequence[int] | None = None) -> NetworkOutput:
        """x: N×C×H×W, float, H and W at least 1."""
        (head,) = self.checked(x, heads)
        size = (x.shape[-2], x.shape[-1])
        score = self.score(self._decoded(self._valid(x) if self.spec.form == "published" else self._encoded(x)))
        if head == 1:
            return NetworkOutput({1: score[..., : size[0], : size[1]]})
        return NetworkOutput({head: self.final.to_image(score, size)}, {"score": score})

    def _encoded(self, x: Tensor) -> list[Tensor]:
        """The trunk's maps, finest first."""
        maps = self.trunk(x)
        return [maps[level] for level in self.trunk.levels]

    def _valid(self, x: Tensor) -> list[Tensor]:
        """The contracting path over the mirrored photo, finest map first."""
        x = mirrored(x, [_with_margin(n) for n in x.shape[-2:]])
        maps: list[Tensor] = []
        for block in self.down:
            maps.append(block(self.pool(maps[-1]) if maps else x))
        maps[-1] = self.drop(maps[-1])
        return maps

    def _decoded(self, maps: list[Tensor]) -> Tensor:
        *skips, x = maps
        for step, skip in zip(self.up, reversed(skips), strict=True):
            x = step(x, skip)
        return x


class _Up(nn.Module):
    """One step of the expanding path: enlarge by two, put the skip beside it, two 3×3 convolutions."""

    def __init__(self, deep: int, fine: int, *, padded: bool) -> None:
        super().__init__()
        self.padded = padded
        self.enlarge = nn.ConvTranspose2d(deep, fine, 2, stride=2)
        self.convolutions = _two_padded(2 * fine, fine) if padded else _two(2 * fine, fine)

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        """x: N×deep×h×w. skip: N×fine×H×W, cut at its middle where convolutions are valid; else x is cut at its end."""
        x = self.enlarge(x)
        if self.padded:
            x = x[..., : skip.shape[-2], : skip.shape[-1]]
        else:
            top, left = ((s - n) // 2 for s, n in zip(skip.shape[-2:], x.shape[-2:], strict=True))
            skip = skip[..., top : top + x.shape[-2], left : left + x.shape[-1]]
        return self.convolutions(torch.cat([skip, x], dim=1))


def _two(before: int, after: int) -> nn.Sequential:
    """Two valid 3×3 convolutions, as published."""
    relu = lambda: nn.ReLU(inplace=True)  # noqa: E731
    return nn.Sequential(nn.Conv2d(before, after, 3), relu(), nn.Conv2d(after, after, 3), relu())


def _two_padded(before: int, after: int) -> nn.Sequential:
    """Two 3×3 convolutions that keep the size, normalised."""
    layers: list[nn.Module] = []
    for channels in (before, after):
        convolution = nn.Conv2d(channels, after, 3, padding=1, bias=False)
        layers += [convolution, nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def _initialise(module: nn.Module) -> None:
    """Gaussian with deviation √(2 / inputs of a cell), as in the paper; biases zero."""
    for part in module.modules():
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            # PyTorch counts a transposed convolution's inputs by its outputs' channels: one tap of each reaches a cell.
            fan = part.in_channels * (part.kernel_size[0] ** 2 if isinstance(part, nn.Conv2d) else 1)
            nn.init.normal_(part.weight, std=(2 / fan) ** 0.5)
            if part.bias is not None:
                nn.init.zeros_(part.bias)


def _with_margin(n: int) -> int:
    """Pixels that the published form reads for n pixels of output: 16 b + 124 for the smallest b with 16 b - 60 ≥ n."""
    return 16 * ((n + 75) // 16) + 124


def mirrored(x: Tensor, size: Sequence[int]) -> Tensor:
    """x: N×C×H×W, continued by reflection to `size` (rows, columns): `MARGIN` before it, the rest behind."""
    rows, columns = x.shape[-2:]
    after = [total - n - MARGIN for total, n in zip(size, (rows, columns), strict=True)]
    if not torch.compiler.is_exporting() and MARGIN < min(rows, columns) and max(after) < min(rows, columns):
        return F.pad(x, (MARGIN, after[1], MARGIN, after[0]), mode="reflect")
    for axis, total in ((-2, size[0]), (-1, size[1])):  # photos smaller than their margin are mirrored to and fro
        period = (2 * torch.arange(x.shape[axis], device=x.device)[-1]).clamp(min=1)  # a tensor, which ONNX can hold
        place = (torch.arange(total, device=x.device) - MARGIN).remainder(period)
        x = x.index_select(axis, torch.minimum(place, period - place))
    return x
