"""Follows the picture through any module: its own `forward` runs, on tensors that carry fields, not numbers.

The module is copied without its weights (to PyTorch's "meta" device, where only shapes are computed), so
nothing is left behind on a model that others share, and a large network takes as little as a small one.
Loops, branches on shapes, dictionaries and dataclasses in `forward` are all run as written.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_flatten, tree_map

from fcn_core.analysis.fields.map_field import ALL, MapField, Note, together
from fcn_core.analysis.fields.operations import RULES
from fcn_core.analysis.fields.reach import NotAnalysable, Reach
from fcn_core.analysis.fields.tap_rules import padding

Shape = tuple[int, ...]
MULTIPLE = ("split", "split_with_sizes", "chunk", "unbind", "unsafe_split", "unsafe_chunk")


class FieldTensor(torch.Tensor):
    """A tensor without values that knows what its cells see."""

    field: MapField
    inner: Tensor  # type: ignore[assignment]
    walk: Trace
    base: FieldTensor | None

    @staticmethod
    def __new__(cls, inner: Tensor, field: MapField, trace: Trace, base: FieldTensor | None = None) -> FieldTensor:
        return torch.Tensor._make_wrapper_subclass(  # type: ignore[attr-defined]
            cls, inner.shape, strides=inner.stride(), storage_offset=inner.storage_offset(),
            dtype=inner.dtype, device=inner.device,
        )  # fmt: skip

    def __init__(self, inner: Tensor, field: MapField, trace: Trace, base: FieldTensor | None = None) -> None:
        self.inner, self.field, self.walk, self.base = inner, field, trace, base

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"FieldTensor{tuple(self.shape)}"

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if func in (torch.nn.functional.pad, torch._C._nn.pad) and _mode(args, kwargs) == "circular":
            return args[0].walk.circular_pad(args[0], args[1] if len(args) > 1 else kwargs["pad"])
        if func is torch.nn.functional.linear and isinstance(args[0], FieldTensor):
            # Below, a linear layer would flatten rows and columns before it multiplies.
            return args[0].walk.linear(args[0], *args[1:], **kwargs)
        with torch._C.DisableTorchFunctionSubclass():
            return func(*args, **kwargs)

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        flat, _ = tree_flatten((args, kwargs or {}))
        trace = next(value.walk for value in flat if isinstance(value, FieldTensor))
        return trace.operate(func, args, kwargs or {})


class Trace:
    """One run of a module. `observe(module_name, operation, field)` is told of every operation."""

    def __init__(self) -> None:
        self.where: list[str] = []
        self.observe: Callable[[str, str, MapField], None] = lambda *_: None

    def start(self, shape: tuple[int, ...], dtype: torch.dtype = torch.float32) -> FieldTensor:
        """The picture: N×C×(its axes)."""
        picture = tuple(shape[2:])
        reaches = tuple(Reach.picture(n) for n in picture)
        field = MapField(shape, {2 + k: k for k in range(len(picture))}, {ALL: reaches}, picture)
        return FieldTensor(torch.empty(shape, dtype=dtype, device="meta"), field, self)

    def note(self, what: str, *, known: bool = True) -> Note:
        return Note(self.where[-1] if self.where else "", what, known)

    def linear(self, x: FieldTensor, weight: Tensor, bias: Tensor | None = None) -> FieldTensor:
        shape = (*x.shape[:-1], weight.shape[0])
        inner = torch.empty(shape, dtype=x.dtype, device="meta")
        return FieldTensor(inner, RULES["linear"](x.field, {}, shape, self.note), self)

    def circular_pad(self, x: FieldTensor, pad: Sequence[int]) -> FieldTensor:
        shape = list(x.shape)
        for k in range(len(pad) // 2):
            shape[-1 - k] += pad[2 * k] + pad[2 * k + 1]
        rules = {len(shape) - 1 - k: padding(shape[-1 - k], pad[2 * k], "wrap") for k in range(len(pad) // 2)}
        inner = torch.empty(shape, dtype=x.dtype, device="meta")
        return FieldTensor(inner, x.field.through(shape, rules), self)

    def operate(self, func: Any, args: tuple, kwargs: dict) -> Any:
        """Runs one operation on shapes and works out the fields of what it gives."""
        plain = tree_map(lambda v: v.inner if isinstance(v, FieldTensor) else _meta(v), (args, kwargs))
        given = {a.name: a.default_value for a in func._schema.arguments if a.has_default_value()}
        given |= {a.name: value for a, value in zip(func._schema.arguments, args, strict=False)} | kwargs
        name = func._schema.name.removeprefix("aten::")
        out = func(*plain[0], **plain[1])
        flat, _ = tree_flatten((args, kwargs))
        traced = [value for value in flat if isinstance(value, FieldTensor)]
        written = [a.name for a in func._schema.arguments if a.alias_info is not None and a.alias_info.is_write]
        if not isinstance(out, Tensor | tuple | list):
            return out
        if written:
            return self._write(func, name, given, traced, given[written[0]])
        base = traced[0] if any(a.alias_info is not None for a in func._schema.arguments) else None
        if isinstance(out, Tensor):
            field = self.field_of(func, name, given, traced, tuple(out.shape))
            self._tell(name, field)
            return FieldTensor(out, field, self, base)
        parts = []
        for index, part in enumerate(out):
            if not isinstance(part, Tensor):
                parts.append(part)
                continue
            field = self._part(func, name, given, traced, out, index)
            if index == 0:
                self._tell(name, field)
            parts.append(FieldTensor(part, field, self, base))
        return type(out)(parts) if isinstance(out, list) else tuple(parts)

    def field_of(
        self, func: Any, name: str, given: dict, traced: list[FieldTensor], shape: tuple[int, ...]
    ) -> MapField:
        """The field of an operation's result."""
        first = traced[0].field
        if name == "cat":
            return self._cat(given, shape)
        if name == "stack":
            dim = given["dim"] % len(shape)
            opened = [
                RULES["unsqueeze"](t.field, {"dim": dim}, (*t.shape[:dim], 1, *t.shape[dim:]), self.note)
                for t in traced
            ]  # fmt: skip
            one = (*shape[:dim], 1, *shape[dim + 1 :])
            joined = together(opened, one, self.note)
            return joined.moved(shape, joined.places)
        rule = RULES.get(name) or RULES.get(name.rstrip("_"))
        if rule is not None and (len(traced) == 1 or rule is RULES["relu"]):
            digits = [int(c) for c in name if c.isdigit()]
            return rule(first, {**given, "_dimensions": digits[-1] if digits else 0}, shape, self.note)
        if _is_pointwise(func, name):
            return together([t.field for t in traced], shape, self.note)
        note = self.note(f"the operation {name} cannot be followed", known=False)
        joined_notes = [t.field for t in traced]
        field = first.everything(shape, note)
        for other in joined_notes[1:]:
            field = MapField(
                field.shape, field.places, field.streams, field.picture,
                tuple(dict.fromkeys((*field.notes, *other.notes))),
            )  # fmt: skip
        return field

    def _cat(self, given: dict, shape: tuple[int, ...]) -> MapField:
        dim = given.get("dim", 0) % len(shape)
        maps = [t for t in given["tensors"] if isinstance(t, FieldTensor)]
        if any(dim in t.field.places for t in maps):
            return maps[0].field.everything(shape, self.note("joins maps side by side on the picture", known=False))
        one = [t.field.moved((*shape[:dim], 1, *shape[dim + 1 :]), t.field.places) for t in maps]
        joined = together(one, one[0].shape, self.note)
        return joined.moved(shape, joined.places)

    def _part(self, func: Any, name: str, given: dict, traced: list[FieldTensor], out: Any, index: int) -> MapField:
        shape = tuple(out[index].shape)
        if name not in MULTIPLE:
            # Statistics that normalisations hand out besides their result, indices of poolings, …
            return self.field_of(func, name, given, traced, shape) if index == 0 or name.startswith("max") else (
                traced[0].field.constant(shape)
            )  # fmt: skip
        dim = given.get("dim", 0) % len(traced[0].shape)
        if name == "unbind":
            return RULES["select"](traced[0].field, {"dim": dim, "index": index}, shape, self.note)
        start = sum(part.shape[dim] for part in out[:index])
        return RULES["slice"](traced[0].field, {"dim": dim, "start": start, "step": 1}, shape, self.note)

    def _write(self, func: Any, name: str, given: dict, traced: list[FieldTensor], target: Any) -> Any:
        """An operation in place; what it is written through to is only followed where cells keep their fields."""
        if not isinstance(target, FieldTensor):
            raise NotAnalysable(f"{self.note('')}a map is written into a tensor made elsewhere ({name})")
        sources = [t for t in traced if t is not target] if name == "copy_" else traced
        if sources:
            field = self.field_of(func, name, given, sources, tuple(target.shape))
            if name == "copy_":
                field = together([t.field for t in sources], tuple(target.shape), self.note)
        else:
            field = target.field.constant(tuple(target.shape))
        if target.base is not None and RULES.get(name.rstrip("_")) is not RULES["relu"]:
            note = self.note(f"a part of a map is overwritten in place ({name})", known=False)
            base: FieldTensor | None = target.base
            while base is not None:
                base.field, base = base.field.everything(tuple(base.shape), note), base.base
        target.field = field
        self._tell(name, field)
        return target

    def _tell(self, name: str, field: MapField) -> None:
        self.observe(self.where[-1] if self.where else "", name, field)


def _is_pointwise(func: Any, name: str) -> bool:
    """Whether an operation works cell by cell; those in place (`hardswish_`) are asked for by their other name."""
    packet = getattr(torch.ops.aten, name.rstrip("_"), None)
    overloads = [getattr(packet, overload) for overload in packet.overloads()] if packet is not None else []
    return any(torch.Tag.pointwise in f.tags for f in (func, *overloads))


def skeleton(module: nn.Module) -> nn.Module:
    """A private copy of a module without its weights, in eval mode: parameters and buffers have shapes only."""
    memo: dict[int, Any] = {}
    for p in module.parameters():
        memo[id(p)] = nn.Parameter(torch.empty_like(p, device="meta"), requires_grad=False)
    for b in module.buffers():
        memo[id(b)] = torch.empty_like(b, device="meta")
    bare = copy.deepcopy(module, memo)
    for part in bare.modules():  # hooks of others stay with the original
        for hooks in (part._forward_hooks, part._forward_pre_hooks):
            hooks.clear()
    return bare.eval()


def named_tensors(output: Any, prefix: str = "") -> dict[str, FieldTensor]:
    """Tensors of whatever a module returned, by attribute, key or position: "logits.8", "maps.score_fr", "out"."""
    if isinstance(output, FieldTensor):
        return {prefix or "output": output}
    if is_dataclass(output) and not isinstance(output, type):
        pairs = [(f.name, getattr(output, f.name)) for f in fields(output)]
    elif isinstance(output, Mapping):
        pairs = [(str(key), value) for key, value in output.items()]
    elif isinstance(output, tuple | list):
        names = getattr(output, "_fields", range(len(output)))
        pairs = [(str(name), value) for name, value in zip(names, output, strict=True)]
    else:
        return {}
    found: dict[str, FieldTensor] = {}
    for name, value in pairs:
        found |= named_tensors(value, f"{prefix}.{name}" if prefix else name)
    return found


def _mode(args: tuple, kwargs: dict) -> str:
    return args[2] if len(args) > 2 else kwargs.get("mode", "constant")


def _meta(value: Any) -> Any:
    return value.to("meta") if isinstance(value, Tensor) and value.device.type != "meta" else value
