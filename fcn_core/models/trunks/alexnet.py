"""AlexNet (Krizhevsky, Sutskever, Hinton, NIPS 2012): torchvision's, and the one of the released fcn-alexnet-pascal."""

from __future__ import annotations

from torch import nn
from torchvision.models.alexnet import AlexNet

from fcn_core.models.trunks.trunk import Trunk, TrunkSpec, centre_poolings, convolutional_classifier, replace_first


def alexnet(spec: TrunkSpec) -> Trunk:
    """Level 4 after conv1, 8 and 16 after the first two poolings; 32 is fc7, or the last pooling."""
    features: nn.Sequential = AlexNet(num_classes=1).features
    before = spec.in_channels
    for index, layer in enumerate(features):
        if isinstance(layer, nn.Conv2d):
            after = spec.scaled(layer.out_channels)
            features[index] = nn.Conv2d(before, after, layer.kernel_size, layer.stride, layer.padding)  # type: ignore[arg-type]
            before = after
    replace_first(features, spec, padding=5)
    pools = centre_poolings(features, spec)
    fc = convolutional_classifier(spec.scaled(256), 6, spec)
    return Trunk(spec, features, taps={4: pools[0] - 1, 8: pools[0], 16: pools[1]}, fc=fc)


def caffenet(spec: TrunkSpec) -> Trunk:
    """96 channels, groups of two, response normalisation behind the poolings."""
    c = [spec.scaled(n) for n in (96, 256, 384, 384, 256)]
    relu, pool = (lambda: nn.ReLU(inplace=True)), (lambda: nn.MaxPool2d(3, 2))
    norm = lambda: nn.LocalResponseNorm(5, alpha=1e-4, beta=0.75)  # noqa: E731
    features = nn.Sequential(
        nn.Conv2d(spec.in_channels, c[0], 11, 4), relu(), pool(), norm(),
        nn.Conv2d(c[0], c[1], 5, padding=2, groups=2), relu(), pool(), norm(),
        nn.Conv2d(c[1], c[2], 3, padding=1), relu(),
        nn.Conv2d(c[2], c[3], 3, padding=1, groups=2), relu(),
        nn.Conv2d(c[3], c[4], 3, padding=1, groups=2), relu(), pool(),
    )  # fmt: skip
    replace_first(features, spec, padding=5)
    pools = centre_poolings(features, spec)
    fc = convolutional_classifier(c[4], 6, spec)
    return Trunk(spec, features, taps={4: pools[0] - 1, 8: pools[0] + 1, 16: pools[1] + 1}, fc=fc)
