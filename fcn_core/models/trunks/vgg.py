"""VGG16 with and without batch normalisation (Simonyan, Zisserman, ICLR 2015), at any width."""

from __future__ import annotations

from torchvision.models.vgg import cfgs, make_layers

from fcn_core.models.trunks.trunk import Trunk, TrunkSpec, centre_poolings, convolutional_classifier, replace_first


def vgg16(spec: TrunkSpec, *, batch_norm: bool = False) -> Trunk:
    """Levels 1 to 16 after the last convolution of full size and after pool1 to pool4; 32 is fc7, or pool5."""
    cfg: list[str | int] = [spec.scaled(c) if isinstance(c, int) else c for c in cfgs["D"]]
    features = make_layers(cfg, batch_norm=batch_norm)
    replace_first(features, spec, padding=1)
    pools = centre_poolings(features, spec)
    taps = {1: pools[0] - 1, **dict(zip((2, 4, 8, 16), pools, strict=False))}
    return Trunk(spec, features, taps=taps, fc=convolutional_classifier(spec.scaled(512), 7, spec))
