"""Tiny weights files as other programs write them: Caffe's, torchfcn's, and the networks inside, for the tests."""

from __future__ import annotations

import numpy as np
import torch

from fcn_core.models.architectures import build
from fcn_core.models.fcn import FCN
from fcn_core.models.names import torchfcn_to_ours
from fcn_core.models.spec import FCNSpec
from fcn_core.ops.bilinear import bilinear_weight
from fcn_core.weights.caffemodel import message_class

SPEC = FCNSpec(backbone="vgg16_bn", width=1 / 16, num_classes=11)
FINAL = {32: ("upscore", 64), 16: ("upscore16", 32), 8: ("upscore8", 16)}


def tiny_model(spec: FCNSpec = SPEC, seed: int = 0) -> FCN:
    """A narrow network whose parameters and batch-norm statistics are all random, so that none can be lost unseen."""
    generator = torch.Generator().manual_seed(seed)
    model = build(spec).eval()
    with torch.no_grad():
        for name, tensor in model.state_dict().items():
            if tensor.is_floating_point():
                value = torch.randn(tensor.shape, generator=generator) * 0.2
                tensor.copy_(value.abs() + 0.5 if name.endswith("running_var") else value)
    return model


def caffe_bytes(
    layers: dict[str, list[np.ndarray]],
    *,
    old: bool = False,
    old_shape: bool = False,
    double: bool = False,
    packed: bool = True,
) -> bytes:
    """A NetParameter as Caffe writes it: `old` uses V1's layer list, `old_shape` the four legacy sizes."""
    net = message_class("NetParameter", packed=packed)(name="test")
    data_layer = (net.layers if old else net.layer).add(name="data")  # a layer without parameters, as every net has
    data_layer.top.append("data")
    for name, arrays in layers.items():
        layer = (net.layers if old else net.layer).add(name=name, type=4 if old else "Convolution")
        for array in arrays:
            blob = layer.blobs.add()
            (blob.double_data if double else blob.data).extend(array.ravel().tolist())
            if old_shape:
                sizes = (1,) * (4 - array.ndim) + array.shape
                blob.num, blob.channels, blob.height, blob.width = sizes
            else:
                blob.shape.dim.extend(array.shape)
    return net.SerializeToString()


def torchfcn_state(model) -> dict[str, torch.Tensor]:
    """The model under torchfcn's names, with the bilinear kernels that torchfcn stores."""
    own = model.state_dict()
    state = {theirs: own[ours].clone() for theirs, ours in torchfcn_to_ours(model).items()}
    name, size = FINAL[min(model.spec.heads)]
    kernels = {name: size if model.spec.backbone == "vgg16" else 63}
    if min(model.spec.heads) <= 16:
        kernels["upscore2"] = 4
    if min(model.spec.heads) == 8:
        kernels["upscore_pool4"] = 4
    for layer, kernel in kernels.items():
        state.setdefault(f"{layer}.weight", bilinear_weight(model.spec.num_classes, kernel))
    return state


def caffe_layers(state: dict[str, torch.Tensor]) -> dict[str, list[np.ndarray]]:
    layers: dict[str, list[np.ndarray]] = {}
    for name, value in state.items():  # a weight comes before its bias
        layers.setdefault(name.rpartition(".")[0], []).append(value.numpy())
    return layers
