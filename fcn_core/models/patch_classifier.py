"""Small classifiers of patches, as semantic segmentation was done before: one label, that of the patch's middle pixel.

No layer pads, and every pooling divides what reaches it, so that a patch cut out of a photo gives to the last bit of
arithmetic the same numbers as the same place in a pass over the whole photo.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import nn

RGB = 3


@dataclass(frozen=True)
class PatchNet:
    """A patch classifier of one size: stages of (kernel, channels), each with a ReLU and a pooling of 2.

    side: of the patch, pixels, odd. After the stages 2×2 cells are left, and two fully connected layers read them.
    """

    side: int
    stages: tuple[tuple[int, int], ...]
    hidden: int

    @property
    def stride(self) -> int:
        """Pixels between neighbouring answers of its convolutional form."""
        return 2 ** len(self.stages)

    @property
    def reach(self) -> int:
        """Pixels of the patch on either side of its middle."""
        return self.side // 2


PATCH_NETS: dict[int, PatchNet] = {
    net.side: net
    for net in (
        PatchNet(15, ((4, 16), (3, 32)), 64),
        PatchNet(33, ((4, 16), (4, 32), (3, 48)), 96),
        PatchNet(65, ((4, 16), (4, 32), (3, 48), (3, 64)), 96),
    )
}


def patch_classifier(side: int, num_classes: int) -> nn.Sequential:
    """The classifier of `PATCH_NETS` for patches of this side: N×3×side×side (RGB) -> N×num_classes, fresh weights."""
    if side not in PATCH_NETS:
        raise ValueError(f"no patch classifier of {side} pixels; there are {', '.join(map(str, PATCH_NETS))}")
    net = PATCH_NETS[side]
    layers: list[nn.Module] = []
    before, cells = RGB, side
    for kernel, channels in net.stages:
        layers += [nn.Conv2d(before, channels, kernel), nn.ReLU(), nn.MaxPool2d(2)]
        before, cells = channels, (cells - kernel + 1) // 2
    layers += [nn.Flatten(), nn.Linear(before * cells**2, net.hidden), nn.ReLU(), nn.Linear(net.hidden, num_classes)]
    return nn.Sequential(*layers)
