"""The baseline: the published FCN-8s (VGG16), written out layer by layer as the reference code has it.

Padding 100, poolings that round up, a dense deconvolution with bilinear weights for every
upsampling, crops 5, 9 and 31. Layer names are the published ones. It runs in plain eager mode with
contiguous tensors, and serves for comparison only: the networks of the project are `fcn_core.models`.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from fcn_core.models.fcn import FCN
from fcn_core.models.names import torchfcn_to_ours
from fcn_core.ops.bilinear import bilinear_weight


class PublishedFCN8s(nn.Module):
    """Image N×3×H×W to scores N×K×H×W. `channels`: of the five blocks; `wide`: of fc6 and fc7."""

    def __init__(
        self, num_classes: int = 21, channels: tuple[int, ...] = (64, 128, 256, 512, 512), wide: int = 4096
    ) -> None:
        super().__init__()
        a, b, c, d, e = channels
        self.conv1_1, self.conv1_2 = nn.Conv2d(3, a, 3, padding=100), nn.Conv2d(a, a, 3, padding=1)
        self.conv2_1, self.conv2_2 = nn.Conv2d(a, b, 3, padding=1), nn.Conv2d(b, b, 3, padding=1)
        self.conv3_1, self.conv3_2 = nn.Conv2d(b, c, 3, padding=1), nn.Conv2d(c, c, 3, padding=1)
        self.conv3_3 = nn.Conv2d(c, c, 3, padding=1)
        self.conv4_1, self.conv4_2 = nn.Conv2d(c, d, 3, padding=1), nn.Conv2d(d, d, 3, padding=1)
        self.conv4_3 = nn.Conv2d(d, d, 3, padding=1)
        self.conv5_1, self.conv5_2 = nn.Conv2d(d, e, 3, padding=1), nn.Conv2d(e, e, 3, padding=1)
        self.conv5_3 = nn.Conv2d(e, e, 3, padding=1)
        self.fc6, self.fc7 = nn.Conv2d(e, wide, 7), nn.Conv2d(wide, wide, 1)
        self.score_fr = nn.Conv2d(wide, num_classes, 1)
        self.score_pool3, self.score_pool4 = nn.Conv2d(c, num_classes, 1), nn.Conv2d(d, num_classes, 1)
        self.upscore2, self.upscore_pool4 = (
            nn.ConvTranspose2d(num_classes, num_classes, 4, 2, bias=False) for _ in "ab"
        )
        self.upscore8 = nn.ConvTranspose2d(num_classes, num_classes, 16, 8, bias=False)
        self.relu, self.pool = nn.ReLU(inplace=True), nn.MaxPool2d(2, 2, ceil_mode=True)
        self.drop = nn.Dropout2d()
        with torch.no_grad():
            for layer in (self.upscore2, self.upscore_pool4, self.upscore8):
                layer.weight.copy_(bilinear_weight(num_classes, layer.kernel_size[0]))

    def forward(self, x: Tensor) -> Tensor:
        relu, (height, width) = self.relu, x.shape[-2:]
        h = self.pool(relu(self.conv1_2(relu(self.conv1_1(x)))))
        h = self.pool(relu(self.conv2_2(relu(self.conv2_1(h)))))
        h = pool3 = self.pool(relu(self.conv3_3(relu(self.conv3_2(relu(self.conv3_1(h)))))))
        h = pool4 = self.pool(relu(self.conv4_3(relu(self.conv4_2(relu(self.conv4_1(h)))))))
        h = self.pool(relu(self.conv5_3(relu(self.conv5_2(relu(self.conv5_1(h)))))))
        h = self.drop(relu(self.fc7(self.drop(relu(self.fc6(h))))))
        upscore2 = self.upscore2(self.score_fr(h))
        rows, columns = upscore2.shape[-2:]
        h = upscore2 + self.score_pool4(pool4)[..., 5 : 5 + rows, 5 : 5 + columns]
        upscore_pool4 = self.upscore_pool4(h)
        rows, columns = upscore_pool4.shape[-2:]
        h = upscore_pool4 + self.score_pool3(pool3)[..., 9 : 9 + rows, 9 : 9 + columns]
        return self.upscore8(h)[..., 31 : 31 + height, 31 : 31 + width].contiguous()


def published_copy(model: FCN) -> PublishedFCN8s:
    """The published network with the weights of a `reference` FCN over VGG16 whose deconvolutions are frozen."""
    own = {theirs: model.state_dict()[ours] for theirs, ours in torchfcn_to_ours(model).items()}
    channels = tuple(len(own[f"{name}.bias"]) for name in ("conv1_1", "conv2_1", "conv3_1", "conv4_1", "conv5_1"))
    copy = PublishedFCN8s(model.spec.num_classes, channels, len(own["fc6.bias"]))
    copy.load_state_dict(copy.state_dict() | own)
    return copy.eval()
