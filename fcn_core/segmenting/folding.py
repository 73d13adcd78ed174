"""A private copy of a model for inference, with batch normalisation folded into the convolutions.

In evaluation mode a batch normalisation is a fixed scale and shift of each channel, so that it can be
multiplied into the convolution before it. The original model stays as it is: other threads use it.
"""

from __future__ import annotations

import copy

import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval


def folded_copy(model: nn.Module) -> nn.Module:
    """Copy `model` (evaluation mode, gradients off) and fold every convolution + batch norm pair of the copy.

    Parameters that folding does not touch are shared with the original, so that a VGG16 of 537 MB is not
    kept twice; moving the copy to another device or dtype leaves the original alone.
    """
    shared: dict[int, object] = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    private = copy.deepcopy(model, shared).eval()
    for module in list(private.modules()):
        for before, after in _pairs(module):
            convolution, norm = getattr(module, before), getattr(module, after)
            setattr(module, before, fuse_conv_bn_eval(convolution, norm))
            setattr(module, after, nn.Identity())
    for name, parameter in list(private.named_parameters()):
        # A new Parameter object over the same memory: `.to(...)` of the copy then replaces its own, not the shared one.
        owner = private.get_submodule(name.rpartition(".")[0])
        setattr(owner, name.rpartition(".")[2], nn.Parameter(parameter.detach(), requires_grad=False))
    for name, buffer in list(private.named_buffers()):
        owner = private.get_submodule(name.rpartition(".")[0])
        owner._buffers[name.rpartition(".")[2]] = buffer.detach()
    return private


def _pairs(module: nn.Module) -> list[tuple[str, str]]:
    """Names of (convolution, batch norm) children: neighbours in a Sequential, elsewhere convN and bnN."""
    children = dict(module.named_children())
    if isinstance(module, nn.Sequential):
        names = list(children)
        candidates = list(zip(names, names[1:], strict=False))
    else:
        candidates = [(name, name.replace("conv", "bn")) for name in children if name.startswith("conv")]
    return [(a, b) for a, b in candidates if _foldable(children.get(a), children.get(b))]


def _foldable(convolution: nn.Module | None, norm: nn.Module | None) -> bool:
    return (
        isinstance(convolution, nn.Conv2d)
        and isinstance(norm, nn.BatchNorm2d)
        and norm.running_mean is not None
        and norm.num_features == convolution.out_channels
        and isinstance(norm.running_var, torch.Tensor)
    )
