"""What PyTorch's operations do to the field of a tensor, one entry for each operation that can be followed.

The operations are those that PyTorch breaks every module and function down to (ATen). Whatever is not
here is not guessed at: the trace names it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from fcn_core.analysis.fields import tap_rules
from fcn_core.analysis.fields.map_field import MapField, Note, together
from fcn_core.analysis.fields.reach import Edge, Taps

Arguments = dict[str, Any]
Shape = tuple[int, ...]
Rule = Callable[[MapField, Arguments, Shape, Callable[..., Note]], MapField]


def _several(value: Any, n: int) -> list[int]:
    """An argument that may be one number, n numbers, or empty, as n numbers."""
    values = [value] if isinstance(value, int) else list(value)
    return values * n if len(values) == 1 else values


def _convolution(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    kernel = list(a["weight"].shape[2:])
    n = len(kernel)
    stride, padding, dilation = (_several(a[name], n) for name in ("stride", "padding", "dilation"))
    rule = tap_rules.transposed_window if a["transposed"] else tap_rules.window
    lead = len(shape) - n
    rules = {
        lead + k: rule(shape[lead + k], kernel[k], stride=stride[k], padding=padding[k], dilation=dilation[k])
        for k in range(n)
    }
    if any(axis_dim < lead for axis_dim in f.places):
        return f.everything(shape, note("a convolution takes rows or columns of the picture for channels"))
    return f.through(shape, rules, deeper=True)


def _pooling(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    kernel = list(a["kernel_size"])
    n = 3 if len(kernel) == 3 else 2 if len(kernel) == 2 else _window_axes(a, f)
    kernel = _several(kernel, n)
    stride = _several(a.get("stride") or kernel, n)
    padding, dilation = _several(a.get("padding", 0), n), _several(a.get("dilation", 1), n)
    lead = len(shape) - n
    rules = {
        lead + k: tap_rules.window(
            shape[lead + k], kernel[k], stride=stride[k], padding=padding[k], dilation=dilation[k]
        )
        for k in range(n)
    }  # fmt: skip
    return f.through(shape, rules, deeper=True)


def _window_axes(a: Arguments, f: MapField) -> int:
    return int(a["_dimensions"])


def _adaptive(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    n = int(a["_dimensions"])
    lead = len(shape) - n
    whole = {f.places[d] for d in f.places if d >= lead and shape[d] == 1 < f.shape[d]}
    rules = {d: tap_rules.adaptive_window(f.shape[d], shape[d]) for d in range(lead, len(shape))}
    f = f.through(shape, rules)
    return f.whole_along(shape, f.places, whole, note("pools the whole map into one cell")) if whole else f


def _constant_pad(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    return f.through(shape, _pads(a["pad"], shape, "zero"))


def _edge_pad(edge: Edge) -> Rule:
    return lambda f, a, shape, note: f.through(shape, _pads(a["padding"], shape, edge))


def _pads(pad: Sequence[int], shape: Shape, edge: Edge) -> dict[int, Taps]:
    last = len(shape) - 1
    return {last - k: tap_rules.padding(shape[last - k], pad[2 * k], edge) for k in range(len(pad) // 2)}


def _interpolation(taps: int) -> Rule:
    def rule(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
        corners = bool(a.get("align_corners", False))
        n = int(a["_dimensions"])
        given = [a.get(name) for name in (("scales",) if n == 1 else ("scales_d", "scales_h", "scales_w")[-n:])]
        rules: dict[int, Taps] = {}
        for k, dim in enumerate(range(len(shape) - n, len(shape))):
            cells, size = f.shape[dim], shape[dim]
            ratio = Fraction(cells, size)
            if corners:
                ratio = Fraction(cells - 1, size - 1) if size > 1 else Fraction(0)
            elif scale := given[k]:
                ratio = 1 / Fraction(scale).limit_denominator(10_000)
            rules[dim] = tap_rules.interpolation(size, ratio, taps=taps, align_corners=corners)
        return f.through(shape, rules)

    return rule


def _slice(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    dim = a["dim"] % len(shape)
    start = 0 if a["start"] is None else a["start"]
    start = min(max(start + f.shape[dim] if start < 0 else start, 0), f.shape[dim])
    return f.through(shape, {dim: tap_rules.crop(shape[dim], start, a["step"])})


def _select(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    dim = a["dim"] % len(f.shape)
    places = {d - (d > dim): axis for d, axis in f.places.items() if d != dim}
    if dim in f.places:
        return f.whole_along(shape, places, [f.places[dim]], note("picks single rows or columns of a map"))
    return f.moved(shape, places)


def _pixel_shuffle(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    factor = a["upscale_factor"]
    return f.through(shape, {d: tap_rules.shuffle(shape[d], factor) for d in (len(shape) - 2, len(shape) - 1)})


def _pixel_unshuffle(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    factor = a["downscale_factor"]
    dims = (len(shape) - 2, len(shape) - 1)
    return f.through(shape, {d: tap_rules.window(shape[d], factor, stride=factor) for d in dims})


def _view(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    """A dimension along the picture lives on if it has the same cells and as many values inside each of them."""
    places: dict[int, int] = {}
    for dim, axis in f.places.items():
        inside = _product(f.shape[dim + 1 :])
        found = [
            d for d in range(len(shape))
            if shape[d] == f.shape[dim] and _product(shape[d + 1 :]) == inside and d not in places
        ]  # fmt: skip
        if not found:
            if f.shape[dim] == 1 or all(r[axis].whole for r in f.streams.values()):
                continue
            return f.everything(shape, note("flattens rows and columns into one list: from there every value counts"))
        places[found[-1]] = axis
    return f.moved(shape, places)


def _product(numbers: Sequence[int]) -> int:
    total = 1
    for number in numbers:
        total *= number
    return total


def _permute(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    order = [d % len(shape) for d in a["dims"]]
    return f.moved(shape, {order.index(dim): axis for dim, axis in f.places.items()})


def _transpose(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    one, two = a.get("dim0", 0) % len(shape), a.get("dim1", 1) % len(shape)
    swap = {one: two, two: one}
    return f.moved(shape, {swap.get(dim, dim): axis for dim, axis in f.places.items()})


def _squeeze(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    dims = a.get("dim")
    asked = range(len(f.shape)) if dims is None else [d % len(f.shape) for d in _several(dims, 1)]
    gone = {d for d in asked if f.shape[d] == 1}
    places = {d - sum(g < d for g in gone): axis for d, axis in f.places.items() if d not in gone}
    return f.moved(shape, places)


def _unsqueeze(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    dim = a["dim"] % len(shape)
    return f.moved(shape, {d + (d >= dim): axis for d, axis in f.places.items()})


def _expand(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    return together([f], shape, note)


def _reduction(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    dims = a.get("dim")
    all_dims = dims is None or dims == []
    gone = set(range(len(f.shape))) if all_dims else {d % len(f.shape) for d in _several(dims, 1)}
    kept = len(shape) == len(f.shape)
    places = {
        (d if kept else d - sum(g < d for g in gone)): axis for d, axis in f.places.items() if kept or d not in gone
    }
    pooled = {f.places[d] for d in gone if d in f.places}
    if not pooled:
        return f.moved(shape, places)
    return f.whole_along(shape, places, pooled, note("takes one value from the whole map (global pooling)"))


def _softmax(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    dim = a["dim"] % len(shape)
    if dim not in f.places:
        return f
    return f.whole_along(shape, f.places, [f.places[dim]], note("softmax over the cells: each one depends on all"))


def _layer_norm(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    normed = range(len(shape) - len(a["normalized_shape"]), len(shape))
    axes = {f.places[d] for d in normed if d in f.places}
    return f.whole_along(shape, f.places, axes, note("normalises over the whole map")) if axes else f


def _whole_norm(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    return f.whole_along(shape, f.places, f.places.values(), note("normalises over the whole map"))


def _batch_norm(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    return _whole_norm(f, a, shape, note) if a.get("training") else f


def _linear(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    if len(shape) - 1 in f.places:
        return f.everything(shape, note("a linear layer weighs all columns of the picture"))
    return f.moved(shape, f.places)


def _same(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    return f.moved(shape, f.places)


def _strides_only(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    if shape != f.shape:
        return f.everything(shape, note("the operation as_strided cannot be followed", known=False))
    return f


def _constant(f: MapField, a: Arguments, shape: Shape, note: Callable[..., Note]) -> MapField:
    return f.constant(shape)


# Names as in torch.ops.aten; a number at the end of a pooling or interpolation is its dimensions.
RULES: dict[str, Rule] = {
    "convolution": _convolution,
    **{f"max_pool{n}d_with_indices": _pooling for n in (2, 3)},
    **{f"{kind}_pool{n}d": _pooling for kind in ("max", "avg") for n in (1, 2, 3)},
    **{f"{kind}{n}d": _adaptive for kind in ("_adaptive_avg_pool", "adaptive_max_pool") for n in (2, 3)},
    "constant_pad_nd": _constant_pad,
    **{f"reflection_pad{n}d": _edge_pad("reflect") for n in (1, 2, 3)},
    **{f"replication_pad{n}d": _edge_pad("clamp") for n in (1, 2, 3)},
    **{f"upsample_nearest{n}d": _interpolation(1) for n in (1, 2, 3)},
    "upsample_linear1d": _interpolation(2),
    "upsample_bilinear2d": _interpolation(2),
    "upsample_trilinear3d": _interpolation(2),
    "upsample_bicubic2d": _interpolation(4),
    "slice": _slice,
    "select": _select,
    "pixel_shuffle": _pixel_shuffle,
    "pixel_unshuffle": _pixel_unshuffle,
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "_reshape_alias"), _view),
    "permute": _permute,
    "transpose": _transpose,
    "t": _transpose,
    "squeeze": _squeeze,
    "unsqueeze": _unsqueeze,
    "expand": _expand,
    **dict.fromkeys(("mean", "sum", "amax", "amin", "max", "min", "argmax", "prod", "var", "std"), _reduction),
    "linalg_vector_norm": _reduction,
    **dict.fromkeys(("_softmax", "_log_softmax"), _softmax),
    "native_layer_norm": _layer_norm,
    "native_group_norm": _whole_norm,
    "native_batch_norm": _batch_norm,
    "_native_batch_norm_legit": _batch_norm,
    "_native_batch_norm_legit_no_training": _same,
    "linear": _linear,
    "as_strided": _strides_only,
    **dict.fromkeys(("clone", "detach", "alias", "contiguous", "_to_copy", "lift_fresh", "dropout"), _same),
    **dict.fromkeys(("relu", "hardtanh", "leaky_relu", "elu", "threshold", "_prelu_kernel", "log_sigmoid"), _same),
    **dict.fromkeys(("hardswish", "hardsigmoid", "softplus", "mish", "silu", "selu", "celu", "rrelu"), _same),
    **dict.fromkeys(("new_zeros", "new_ones", "new_full", "new_empty", "new_empty_strided"), _constant),
    **dict.fromkeys(("zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like"), _constant),
}  # fmt: skip
