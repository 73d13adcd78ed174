"""The networks and the picture that are measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from benchmarks.published_fcn8s import published_copy
from fcn_core.data.streets.scenes import scene
from fcn_core.models.fcn import FCN
from fcn_core.models.spec import FCNSpec
from fcn_core.models.windowing import WindowedFCN
from fcn_core.segmenting.folding import folded_copy
from fcn_core.weights import CAFFE_VOC, CATALOGUE, IMAGENET, load

HEADS = (32, 16, 8)
BUNDLED = ("camvid", "streets")
SLIM = FCNSpec(backbone="vgg16_bn", width=0.25, fc_channels=512, fc_norm=True, num_classes=11)
PUBLISHED = "published FCN-8s"

# Names that the targets speak of.
THREE, ALONE, BUNDLED_THREE = "full, three heads", "full, 8s alone", "bundled, three heads"


@dataclass(frozen=True)
class Variant:
    """One way of labelling the picture: `run` returns logits by head."""

    name: str
    run: Callable[[], dict[int, Tensor]]


def picture(size: tuple[int, int]) -> torch.Tensor:
    """A synthetic street, H×W×3 uint8 RGB."""
    return torch.from_numpy(scene(2, 0, size=size).image)


def seeded(model: nn.Module) -> nn.Module:
    """Fills every parameter from one generator: deviation sqrt(2 / inputs) for weights, 0.05 for biases."""
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 4:
                parameter.normal_(std=(2 / parameter[0].numel()) ** 0.5, generator=generator)
            elif name.endswith("bias"):
                parameter.normal_(std=0.05, generator=generator)
    return model.eval()


def full_network(width: float = 1.0) -> FCN:
    """The published VGG16 FCN with all heads, weights random and seeded."""
    model = FCN(FCNSpec(backbone="vgg16", width=width, alignment="reference"))
    seeded(model)
    return model


def bundled_network() -> tuple[nn.Module, str]:
    """The bundled model, as the Segmenter runs it, and a name that says which weights those are."""
    for name in BUNDLED:
        if name in CATALOGUE:
            return folded_copy(load(name).model), f"`{name}`"
    return folded_copy(seeded(FCN(SLIM))), "random and seeded: no bundled weights found"


def full_variants(model: FCN, size: tuple[int, int]) -> list[Variant]:
    """The published network, ours laid out as it is, and what the project runs: channels_last and windowed."""
    x = CAFFE_VOC.apply(picture(size).numpy())[None]
    last = x.contiguous(memory_format=torch.channels_last)
    published = published_copy(model)
    packed = folded_copy(model).to(memory_format=torch.channels_last)
    assert isinstance(packed, FCN)
    windowed = WindowedFCN(packed)
    return [
        Variant(PUBLISHED, lambda: {8: published(x)}),
        Variant("full, three heads, contiguous", lambda: model(x).logits),
        Variant("full, three heads, channels_last", lambda: packed(last).logits),
        Variant(THREE, lambda: windowed(last).logits),
        Variant(ALONE, lambda: windowed(last, heads=(8,)).logits),
        Variant("full, three passes", lambda: _passes(windowed, last)),
        Variant("full, three heads, bf16", lambda: _half(windowed, last)),
    ]


def bundled_variants(model: nn.Module, size: tuple[int, int]) -> list[Variant]:
    x = IMAGENET.apply(picture(size).numpy())[None].contiguous(memory_format=torch.channels_last)
    return [
        Variant(BUNDLED_THREE, lambda: model(x).logits),
        Variant("bundled, 8s alone", lambda: model(x, heads=(8,)).logits),
        Variant("bundled, three passes", lambda: _passes(model, x)),
        Variant("bundled, three heads, bf16", lambda: _half(model, x)),
    ]


def _passes(model: nn.Module, x: Tensor) -> dict[int, Tensor]:
    return {head: model(x, heads=(head,)).logits[head] for head in HEADS}


def _half(model: nn.Module, x: Tensor) -> dict[int, Tensor]:
    with torch.autocast("cpu", torch.bfloat16):
        return model(x).logits
