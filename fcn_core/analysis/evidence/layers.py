"""Look inside: the map of any layer of a network, its channels by activation, and where a channel answers strongest.

Nothing here touches the model that is given: maps are caught by hooks on a private copy that shares the parameters'
memory. In-place activations are made out-of-place in the copy, or else the map of a convolution would be overwritten
by the ReLU behind it before anyone has seen it.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

SIGHT = 97  # pixels of the small picture by which layers are listed; odd, so that sizes stay apart
SILENT = (nn.Dropout, nn.Dropout2d, nn.Identity)  # do nothing in evaluation mode


@dataclass(frozen=True)
class Layer:
    """One layer in the order of the pass.

    path      the module's name in the network; `call` counts from 0 when the same module works several times
    title     a name for people: `conv1_1`, `pool3`, `fc7`, or the path where the paper has none
    kind      the module's class
    channels  of its map
    """

    path: str
    call: int
    title: str
    kind: str
    channels: int

    @property
    def key(self) -> str:
        """A short stable name for addresses."""
        return f"{self.path}:{self.call + 1}" if self.call else self.path


def private_copy(model: nn.Module) -> nn.Module:
    """Copy a model's structure, in evaluation mode, gradients of parameters off, no activation in place.

    Parameters and buffers share the original's memory. Hooks on the copy are nobody else's.
    """
    shared: dict[int, object] = {id(tensor): tensor for tensor in (*model.parameters(), *model.buffers())}
    private = copy.deepcopy(model, shared).eval()
    for module in private.modules():
        if getattr(module, "inplace", False):
            setattr(module, "inplace", False)  # noqa: B010  (not every module has it, so a type checker objects)
        for name, parameter in module._parameters.items():
            if parameter is not None:  # a new object over the same memory: the original keeps its own settings
                module._parameters[name] = nn.Parameter(parameter.detach(), requires_grad=False)
    return private


def list_layers(model: nn.Module, channels: int = 3) -> tuple[Layer, ...]:
    """Every layer that makes a map N×C×h×w, in the order of a pass; blocks too, since they add and join inside.

    channels: of the image. Runs a picture of 97×97 pixels.
    """
    private = private_copy(model)
    found: list[tuple[str, nn.Module, int]] = []

    def note(path: str):
        def hook(module: nn.Module, _: object, output: object) -> None:
            if isinstance(output, Tensor) and output.ndim == 4:
                found.append((path, module, output.shape[1]))

        return hook

    for path, module in private.named_modules():
        if path and not isinstance(module, (nn.Sequential, *SILENT)):
            module.register_forward_hook(note(path))
    device = next(private.parameters()).device
    with torch.inference_mode():
        private(torch.zeros(1, channels, SIGHT, SIGHT, device=device))
    names = published_names(private)
    calls: dict[str, int] = {}
    layers = []
    for path, module, width in found:
        call = calls[path] = calls.get(path, -1) + 1
        title = names.get(path, path.removeprefix("trunk.features.").removeprefix("trunk.fc.").removeprefix("head."))
        layers.append(Layer(path, call, f"{title} ({call + 1})" if call else title, type(module).__name__, width))
    return tuple(layers)


def published_names(model: nn.Module) -> dict[str, str]:
    """Paths of a sequential trunk's layers in the paper's names: conv1_1, relu1_1, pool1, …; {} for other trunks."""
    features = getattr(getattr(model, "trunk", None), "features", None)
    if not isinstance(features, nn.Sequential) or any(list(layer.children()) for layer in features):
        return {}
    names: dict[str, str] = {}
    steps = [type(layer) for layer in features if isinstance(layer, nn.Conv2d | nn.MaxPool2d)]
    by_block = steps[:2] == [nn.Conv2d, nn.Conv2d]  # VGG counts inside blocks, AlexNet counts its convolutions through
    block, within = (1, 0) if by_block else (0, 0)
    for index, layer in enumerate(features):
        convolution, pool = isinstance(layer, nn.Conv2d), isinstance(layer, nn.MaxPool2d)
        within += convolution and by_block
        block += convolution and not by_block
        place = f"{block}_{within}" if by_block and not pool else f"{block}"
        names[f"trunk.features.{index}"] = f"{_short(layer)}{place}"
        if pool and by_block:
            block, within = block + 1, 0
    return names


@dataclass(frozen=True)
class LayerMap:
    """What a layer says about a picture: `values` C×h×w float32, and the size (h, w) of what the network was given."""

    layer: Layer
    values: np.ndarray
    input_size: tuple[int, int]

    def means(self) -> np.ndarray:
        """Mean of every channel over the map, C."""
        return self.values.mean((1, 2), dtype=np.float64)

    def peaks(self) -> np.ndarray:
        """Largest value of every channel, C."""
        return self.values.max((1, 2))

    def order(self, by: str = "mean") -> np.ndarray:
        """Channel numbers, the most active first: by "mean", by "max", or by "number"; ties by number."""
        if by == "number":
            return np.arange(len(self.values))
        if by not in ("mean", "max"):
            raise ValueError(f'channels are sorted by "mean", "max" or "number", got {by!r}')
        return np.argsort(-(self.means() if by == "mean" else self.peaks()), kind="stable")


class _Caught(Exception):
    """Ends a pass where the wanted map is there."""


def layer_map(model: nn.Module, layer: Layer, x: Tensor) -> LayerMap:
    """Run the network up to a layer and keep that layer's map. x: 1×C×H×W float, preprocessed.

    ValueError if the network has no such layer.
    """
    private = private_copy(model)
    try:
        module = private.get_submodule(layer.path)
    except AttributeError as problem:
        raise ValueError(f"this network has no layer {layer.path!r}; list_layers names those that it has") from problem
    seen: list[Tensor] = []

    def keep(_module: nn.Module, _input: object, output: Tensor) -> None:
        seen.append(output)
        if len(seen) > layer.call:
            raise _Caught

    module.register_forward_hook(keep)
    with torch.inference_mode():
        try:
            private(x.to(next(private.parameters()).device))
        except _Caught:
            pass
    if len(seen) <= layer.call:
        raise ValueError(f"layer {layer.key!r} took no part in this pass")
    return LayerMap(layer, seen[-1][0].float().cpu().numpy(), (x.shape[-2], x.shape[-1]))


def truncated_forward(model: nn.Module, layer: Layer, x: Tensor) -> Tensor | None:
    """The same map, 1×C×h×w, without any hook: a sequential trunk's layers up to this one, called in a row.

    None for a layer that does not lie in such a row (inside a block, or in the score layers).
    """
    parts = layer.path.split(".")
    trunk = getattr(model, "trunk", None)
    rows = [(("trunk", "features"), getattr(trunk, "features", None)), (("trunk", "fc"), getattr(trunk, "fc", None))]
    if trunk is None or len(parts) != 3 or layer.call:
        return None
    private = private_copy(model)
    with torch.inference_mode():
        x = x.to(next(private.parameters()).device)
        for prefix, row in rows:
            for name, _ in row.named_children() if row is not None else ():
                x = private.get_submodule(".".join((*prefix, name)))(x)
                if (*prefix, name) == tuple(parts):
                    return x
    return None


@dataclass(frozen=True)
class Strong:
    """A cell where a channel answers strongly: row, column, value."""

    row: int
    column: int
    value: float


def strongest_cells(channel: np.ndarray, count: int, *, apart: int = 2) -> tuple[Strong, ...]:
    """The cells with the largest values of one channel (h×w), largest first, each at least `apart` rows or columns
    from those before: neighbours see nearly the same patch.
    """
    left = np.array(channel, np.float32)
    found: list[Strong] = []
    while len(found) < count and np.isfinite(left).any():
        row, column = np.unravel_index(int(np.argmax(left)), left.shape)
        found.append(Strong(int(row), int(column), float(left[row, column])))
        rows = slice(max(row - apart + 1, 0), row + apart)
        left[rows, max(column - apart + 1, 0) : column + apart] = -np.inf
    return tuple(found)


def _short(layer: nn.Module) -> str:
    kinds = {nn.Conv2d: "conv", nn.BatchNorm2d: "norm", nn.ReLU: "relu", nn.MaxPool2d: "pool"}
    return kinds.get(type(layer), "norm" if isinstance(layer, nn.LocalResponseNorm) else type(layer).__name__.lower())
