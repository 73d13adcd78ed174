"""What passes of a network cost: seconds by the clock, multiply-adds and bytes counted operation by operation.

Counting needs no numbers: the pass runs on PyTorch's meta device, where tensors have shapes and no memory.
"""

from __future__ import annotations

import copy
import statistics
import time
import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

from fcn_core.analysis.dense.window_classifier import WindowClassifier
from fcn_core.progress import Progress

ROUNDS = 5
BATCH_BYTES = 512 * 2**20  # windows that go through together may keep about this much


@dataclass(frozen=True)
class Counted:
    """One pass. multiply_adds: of convolutions and matrix products. peak_bytes: most that its maps took at once.

    The peak holds the input and all maps alive at that moment; neither weights nor the library's own workspace.
    """

    multiply_adds: int
    peak_bytes: int


@dataclass(frozen=True)
class GridCost:
    """n×n answers in three ways, seconds: window after window, windows in batches of `batch`, the whole picture.

    timed: windows that were really timed, both ways; where that is fewer than n², their time was multiplied up.
    """

    n: int
    one_by_one: float
    batched: float
    whole: float
    batch: int
    timed: tuple[int, int]


def counted(network: nn.Module, shape: tuple[int, ...]) -> Counted:
    """Count one pass of `network` over an input of this shape; the network itself is neither run nor changed."""
    weights: dict[int, object] = {
        id(tensor): nn.Parameter(tensor.to("meta"), requires_grad=False)
        for tensor in (*network.parameters(), *network.buffers())
    }
    shapes = copy.deepcopy(network, weights)
    x = torch.empty(shape, device="meta")
    with torch.no_grad(), FlopCounterMode(display=False) as operations:
        shapes(x)
    with torch.no_grad(), _Alive(x, shapes) as alive:
        shapes(x)
    return Counted(operations.get_total_flops() // 2, alive.peak)


def seconds(run: Callable[[], Any], device: str, *, repeats: int = 1) -> float:
    """Median time of `run` by the clock; a GPU is waited for."""
    times = []
    for _ in range(repeats):
        _finish(device)
        began = time.perf_counter()
        run()
        _finish(device)
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def grid_costs(
    net: WindowClassifier,
    sides: Sequence[int],
    device: str,
    *,
    patience: float = 1.0,
    progress: Progress | None = None,
) -> tuple[GridCost, ...]:
    """Time n×n answers for every n of `sides`, on noise: what a pass costs does not depend on what the picture shows.

    The windows are those of the picture, `stride` apart. patience: seconds after which no more windows of a grid are
    run. progress(done, total): grids.
    """
    batch = max(1, min(16, BATCH_BYTES // counted(net.full, (1, net.channels, net.side, net.side)).peak_bytes))
    costs = []
    with torch.inference_mode():
        for done, n in enumerate(sides):
            if progress:
                progress(done, len(sides))
            x = _noise(net, net.picture_side(n), device)
            windows = [net.window(x, row, column).contiguous() for row in range(n) for column in range(n)]
            groups = [torch.cat(windows[i : i + batch]) for i in range(0, n * n, batch)]
            for first in (windows[0], groups[0], groups[-1]):  # the first pass of a shape sets up what later ones use
                net.full(first)
            one, single = _many(net.full, windows, device, patience)
            many, together = _many(net.full, groups, device, patience)
            whole = seconds(partial(net.whole, x), device, repeats=ROUNDS)
            costs.append(GridCost(n, one / single * n * n, many / together * n * n, whole, batch, (single, together)))
    return tuple(costs)


def _many(network: nn.Module, inputs: Sequence[Tensor], device: str, patience: float) -> tuple[float, int]:
    """(seconds, windows done) of inputs one after another, up to the first that ends after `patience`.

    Quick ones are repeated: the median of up to five rounds.
    """
    rounds: list[float] = []
    while True:
        spent, done = 0.0, 0
        for x in inputs:
            spent += seconds(partial(network, x), device)
            done += len(x)
            if spent > patience:
                break
        rounds.append(spent)
        if len(rounds) == ROUNDS or sum(rounds) + spent > patience:
            return statistics.median(rounds), done


class _Alive(TorchDispatchMode):
    """Bytes of the tensors alive, by their storages, and the most there were at once."""

    def __init__(self, x: Tensor, network: nn.Module) -> None:
        super().__init__()
        self._users: dict[int, int] = {}
        self._weights = {parameter.untyped_storage()._cdata for parameter in network.parameters()}
        self.now = self.peak = 0
        self._note(x)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        for leaf in tree_leaves(out):
            if isinstance(leaf, Tensor):
                self._note(leaf)
        return out

    def _note(self, tensor: Tensor) -> None:
        storage = tensor.untyped_storage()
        place, size = storage._cdata, storage.nbytes()
        if place in self._weights:
            return
        if place not in self._users:
            self._users[place] = 0
            self.now += size
            self.peak = max(self.peak, self.now)
        self._users[place] += 1
        weakref.finalize(tensor, self._forget, place, size)

    def _forget(self, place: int, size: int) -> None:
        self._users[place] -= 1
        if not self._users[place]:
            del self._users[place]
            self.now -= size


def _noise(net: WindowClassifier, side: int, device: str) -> Tensor:
    return torch.randn(1, net.channels, side, side, generator=torch.Generator().manual_seed(side)).to(device)


def _finish(device: str) -> None:
    if device.startswith("cuda"):
        torch.cuda.synchronize(device)
