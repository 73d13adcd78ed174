"""torchvision's FCN-ResNet with the call of our own networks.

Its trunk keeps stride 8 by dilated convolutions (the paper instead goes to stride 32 and comes
back by skips), so it has one head, 8s, and its score map is at stride 8 too. Its upsampling is
bilinear with half-pixel centres, which is our `centered` alignment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.nn import functional

from fcn_core.models.network import Network, NetworkOutput
from fcn_core.models.torchvision_spec import STRIDE, TorchvisionSpec

WIDEST_LAYERS = 192  # float values a pixel: five stages of 2048 channels at stride 8, several at a time


class TorchvisionFCN(Network):
    """A network of torchvision without its auxiliary classifier.

    `forward` takes N×3×H×W float32 (normalised as its weights record says) and returns
    `logits[8]` of N×K×H×W and the map `score_fr`, N×K×⌈H/8⌉×⌈W/8⌉.
    """

    spec: TorchvisionSpec

    def __init__(self, spec: TorchvisionSpec) -> None:
        super().__init__()
        from torchvision.models import get_model

        network = get_model(
            spec.architecture, weights=None, weights_backbone=None, num_classes=spec.num_classes, aux_loss=False
        )
        self.spec = spec
        self.backbone = network.backbone
        self.classifier = network.classifier

    def trunks(self) -> dict[str, nn.Module]:
        return {"backbone": self.backbone}

    @property
    def widest(self) -> float:
        return WIDEST_LAYERS

    def coarse_map(self, head: int) -> str:
        return "score_fr"

    def forward(self, x: Tensor, heads: Sequence[int] | None = None) -> NetworkOutput:
        """Logits of the one head; ValueError if another one is asked for."""
        self.checked(x, heads)
        score = self.classifier(self.backbone(x)["out"])  # N×K×⌈H/8⌉×⌈W/8⌉
        logits = functional.interpolate(score, size=x.shape[-2:], mode="bilinear", align_corners=False)
        return NetworkOutput({STRIDE: logits}, {"score_fr": score})

    @staticmethod
    def published_keys(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """torchvision's state dict without its auxiliary classifier."""
        return {key: value for key, value in state.items() if not key.startswith("aux_classifier.")}
