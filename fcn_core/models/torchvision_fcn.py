"""torchvision's FCN-ResNet with the call of our own networks.

Its trunk keeps stride 8 by dilated convolutions (the paper instead goes to stride 32 and comes
back by skips), so it has one head, 8s, and its score map is at stride 8 too. Its upsampling is
bilinear with half-pixel centres, which is our `centered` alignment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor, nn
from torch.nn import functional

from fcn_core.models.fcn import FCNOutput

ARCHITECTURES = ("fcn_resnet50", "fcn_resnet101")
STRIDE = 8


class TorchvisionFCN(nn.Module):
    """`fcn_resnet50` or `fcn_resnet101` without its auxiliary classifier, which only training uses.

    `forward` takes N×3×H×W float32 (normalised as its weights record says) and returns an
    FCNOutput with `logits[8]` of N×K×H×W and the map `score_fr`, N×K×⌈H/8⌉×⌈W/8⌉.
    """

    def __init__(self, architecture: str, *, num_classes: int = 21) -> None:
        super().__init__()
        if architecture not in ARCHITECTURES:
            raise ValueError(f"no network {architecture!r}; torchvision's FCNs are {', '.join(ARCHITECTURES)}")
        from torchvision.models import get_model

        network = get_model(architecture, weights=None, weights_backbone=None, num_classes=num_classes, aux_loss=False)
        self.architecture = architecture
        self.num_classes = num_classes
        self.heads = (STRIDE,)
        self.backbone = network.backbone
        self.classifier = network.classifier

    def forward(self, x: Tensor, heads: Sequence[int] | None = None) -> FCNOutput:
        """Logits of the one head; ValueError if another one is asked for."""
        if heads is not None and (unknown := [head for head in heads if head != STRIDE]):
            raise ValueError(
                f"{self.architecture} has the head 8s only; {', '.join(f'{head}s' for head in unknown)} was asked for"
            )
        score = self.classifier(self.backbone(x)["out"])  # N×K×⌈H/8⌉×⌈W/8⌉
        logits = functional.interpolate(score, size=x.shape[-2:], mode="bilinear", align_corners=False)
        return FCNOutput(logits={STRIDE: logits}, maps={"score_fr": score}, tasks={})

    @staticmethod
    def published_keys(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """torchvision's state dict without its auxiliary classifier."""
        return {key: value for key, value in state.items() if not key.startswith("aux_classifier.")}
