"""A classifier with fully connected layers as a fully convolutional network, and back (CVPR 2015, section 3.1).

A fully connected layer reads all of a C×h×w map: so does a convolution with an h×w kernel, at the one place where it
fits. The weights are the same numbers in the same order, seen in another shape; nothing is copied.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn

Size = tuple[int, int]


def as_convolution(linear: nn.Linear, size: Size) -> nn.Conv2d:
    """A fully connected layer over a map of `size` (rows, columns) as the convolution that gives the same numbers.

    The kernel is a view of the layer's own weights. ValueError where the layer does not read whole channels.
    """
    channels, rest = divmod(linear.in_features, size[0] * size[1])
    if rest or not channels:
        raise ValueError(
            f"expected a layer that reads whole channels of {size[0]}×{size[1]} cells, got {linear.in_features} "
            "inputs; give the size of the map that is flattened before it"
        )
    convolution = nn.Conv2d(channels, linear.out_features, size, bias=linear.bias is not None, device="meta")
    convolution.weight = _same_memory(linear.weight.view(linear.out_features, channels, *size))
    if linear.bias is not None:
        convolution.bias = _same_memory(linear.bias)
    return convolution


def as_fully_connected(convolution: nn.Conv2d) -> nn.Linear:
    """A convolution that covers the whole of its input as the fully connected layer it is there; weights are views."""
    outputs, inputs = convolution.out_channels, convolution.weight[0].numel()
    linear = nn.Linear(inputs, outputs, bias=convolution.bias is not None, device="meta")
    linear.weight = _same_memory(convolution.weight.reshape(outputs, inputs))
    if convolution.bias is not None:
        linear.bias = _same_memory(convolution.bias)
    return linear


def convolutionalize(classifier: nn.Sequential, channels: int, size: Size) -> nn.Sequential:
    """The classifier as a network of convolutions: K numbers become N×K×1×1 at its own `size`, a map on larger inputs.

    classifier: N×channels×size -> N×K: convolutions, then Flatten and fully connected layers (in evaluation mode).
    An adaptive pooling becomes the ordinary one that it is at that size. The layers are shared, never changed.
    Raises ValueError for a layer after Flatten that has no convolutional form.
    """
    layers: list[nn.Module] = []
    flattened: Size | None = None
    for layer, x in _walk(classifier, channels, size):
        if isinstance(layer, nn.Flatten):
            flattened = (x.shape[-2], x.shape[-1])
        elif isinstance(layer, nn.Linear):
            if flattened is None:
                raise ValueError("expected a Flatten before the first fully connected layer; there is none")
            layers.append(as_convolution(layer, flattened))
            flattened = (1, 1)
        elif isinstance(layer, nn.AdaptiveAvgPool2d):
            layers += _ordinary_pooling(layer, (x.shape[-2], x.shape[-1]))
        elif flattened is None or isinstance(layer, nn.ReLU | nn.Identity):
            layers.append(layer)
        elif not isinstance(layer, nn.Dropout):  # which does nothing in evaluation mode
            raise ValueError(f"a {type(layer).__name__} after Flatten has no convolutional form here")
    return nn.Sequential(*layers).eval()


def fully_connected(network: nn.Sequential, channels: int, size: Size) -> nn.Sequential:
    """The reverse: a fully convolutional network as the classifier that it is on inputs of `size`.

    Convolutions whose kernel covers all that reaches them become fully connected layers after one Flatten; padding
    around that kernel is left out. ValueError where the network does not end in one place at that size.
    """
    layers: list[nn.Module] = []
    x = torch.zeros(1, channels, *size, device=next(network.parameters()).device)
    with torch.inference_mode():
        for layer in flat(network):
            covers = isinstance(layer, nn.Conv2d) and x.ndim == 4 and tuple(x.shape[-2:]) == tuple(layer.kernel_size)
            if isinstance(layer, nn.Conv2d) and (covers or x.ndim == 2):
                if x.ndim == 4:
                    layers.append(nn.Flatten())
                layers.append(as_fully_connected(layer))
                x = layers[-1](x.flatten(1))
            elif isinstance(layer, nn.Dropout | nn.Dropout2d | nn.Identity):
                continue
            else:
                layers.append(layer)
                x = layer(x)
    if x.ndim != 2:
        raise ValueError(
            f"expected a network that ends in one place on {size[0]}×{size[1]} pixels, it leaves "
            f"{x.shape[-2]}×{x.shape[-1]} cells; give the size at which its largest kernel covers the whole map"
        )
    return nn.Sequential(*layers).eval()


def flat(network: nn.Module) -> Iterator[nn.Module]:
    """The layers of nested Sequentials in order; one that is used twice comes twice."""
    for layer in network if isinstance(network, nn.Sequential) else [network]:
        if isinstance(layer, nn.Sequential):
            yield from flat(layer)
        else:
            yield layer


def _walk(network: nn.Sequential, channels: int, size: Size) -> Iterator[tuple[nn.Module, Tensor]]:
    """Every layer with what reaches it on an empty input."""
    x = torch.zeros(1, channels, *size, device=next(network.parameters()).device)
    for layer in flat(network):
        yield layer, x
        with torch.inference_mode():
            x = layer(x)


def _ordinary_pooling(layer: nn.AdaptiveAvgPool2d, size: Size) -> list[nn.Module]:
    """An adaptive average pooling as it acts on maps of `size`: nothing, or windows of one size."""
    wanted = layer.output_size
    goal = wanted if isinstance(wanted, tuple) else (wanted, wanted)
    rows, columns = (n if g is None else int(g) for g, n in zip(goal, size, strict=True))
    if (rows, columns) == size:
        return []
    if size[0] % rows or size[1] % columns:
        raise ValueError(f"an adaptive pooling from {size} to {(rows, columns)} has windows of different sizes")
    window = (size[0] // rows, size[1] // columns)
    return [nn.AvgPool2d(window, stride=1 if (rows, columns) == (1, 1) else window)]


def _same_memory(tensor: Tensor) -> nn.Parameter:
    return nn.Parameter(tensor.detach(), requires_grad=False)
