"""What the paper calls the layers of our networks: conv1_1, pool3, fc7, … for the module names of an FCN."""

from __future__ import annotations

from torch import nn

from fcn_core.models.fcn import FCN
from fcn_core.models.names import layer_names

NUMBERS = {"vgg16": 13, "vgg16_bn": 13, "alexnet": 5, "caffenet": 5}


def paper_names(model: nn.Module) -> dict[str, str]:
    """Module name -> published name, for convolutions, poolings and score layers; {} for other networks.

    A pooling takes the number of the convolutions before it, as in the paper: AlexNet has pool1, pool2, pool5.
    """
    if not isinstance(model, FCN):
        return {}
    if model.trunk.name not in NUMBERS:
        names = {f"head.{part}": part for part, _ in model.head.named_children()}
        return names | {
            f"trunk.features.{part}": part for part, _ in model.trunk.features.named_children() if not part.isdigit()
        }
    names = {ours: published for published, ours in layer_names(model).items()}
    block = ""
    for index, layer in enumerate(model.trunk.features):
        name = f"trunk.features.{index}"
        if name in names:
            block = names[name].removeprefix("conv").split("_")[0]
        elif isinstance(layer, nn.MaxPool2d):
            names[name] = f"pool{block}"
    return names | {f"head.{part}": part for part, _ in model.head.named_children()}
