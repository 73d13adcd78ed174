"""Reading Caffe's `.caffemodel`: layer names and parameter blobs, nothing else.

The few messages that matter are described here and built at run time, since no kept package reads
the format. Field numbers are those of BVLC's caffe.proto; everything else in a file is skipped.
Both layer lists are read: `layers` (V1, 2014) and `layer` (current).

A blob's numbers are a packed repeated float, which has the same bytes on the wire as a bytes
field. Described as bytes they become an array without passing through Python floats: a 540 MB
file is read in about a second instead of half a minute. Files whose numbers are not packed are
read a second time with the literal description.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory
from google.protobuf.message import DecodeError

Field = descriptor_pb2.FieldDescriptorProto

# message -> field -> (number, type, repeated); a type with a capital letter is a message of this table
MESSAGES: dict[str, dict[str, tuple[int, str, bool]]] = {
    "BlobShape": {"dim": (1, "int64", True)},
    "BlobProto": {
        "num": (1, "int32", False),
        "channels": (2, "int32", False),
        "height": (3, "int32", False),
        "width": (4, "int32", False),
        "data": (5, "float", True),
        "shape": (7, "BlobShape", False),
        "double_data": (8, "double", True),
    },
    "V1LayerParameter": {
        "bottom": (2, "string", True),
        "top": (3, "string", True),
        "name": (4, "string", False),
        "type": (5, "int32", False),
        "blobs": (6, "BlobProto", True),
    },
    "LayerParameter": {
        "name": (1, "string", False),
        "type": (2, "string", False),
        "bottom": (3, "string", True),
        "top": (4, "string", True),
        "blobs": (7, "BlobProto", True),
    },
    "NetParameter": {
        "name": (1, "string", False),
        "layers": (2, "V1LayerParameter", True),
        "layer": (100, "LayerParameter", True),
    },
}
NUMBER_FIELDS = ("data", "double_data")
LEGACY_SHAPE = ("num", "channels", "height", "width")


@dataclass(frozen=True)
class CaffeLayer:
    """A layer with parameters: its name and blobs (float32, in the file's shapes; usually weight, bias)."""

    name: str
    blobs: tuple[np.ndarray, ...]


@cache
def message_class(name: str, *, numbers: str = "floats", packed: bool = True) -> Any:
    """The protobuf class of one of MESSAGES.

    `numbers` describes the blobs' data: "floats" (as in caffe.proto; `packed` says how they are
    written) or "bytes" (the same packed bytes, unparsed).
    """
    package = f"fcn_lab_caffe_{numbers}_{'packed' if packed else 'unpacked'}"
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto2")
    for message, fields in MESSAGES.items():
        described = file.message_type.add(name=message)
        for field, (number, kind, repeated) in fields.items():
            label = Field.LABEL_REPEATED if repeated else Field.LABEL_OPTIONAL
            added = described.field.add(name=field, number=number, label=label)
            if kind in MESSAGES:
                added.type, added.type_name = Field.TYPE_MESSAGE, f".{package}.{kind}"
            elif numbers == "bytes" and field in NUMBER_FIELDS:
                added.type = Field.TYPE_BYTES
            else:
                added.type = getattr(Field, f"TYPE_{kind.upper()}")
                added.options.packed = packed and repeated and kind != "string"
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{name}"))


def read_caffemodel(path: str | Path) -> tuple[CaffeLayer, ...]:
    """All layers that carry parameters, in file order.

    ValueError for a file that is missing, empty, damaged or no caffemodel.
    """
    path = Path(path)
    content = path.read_bytes()
    if not content:
        raise ValueError(f"{path.name} is empty")
    layers = _layers(content, path, numbers="bytes")
    if any(blob.size == 0 for layer in layers for blob in layer.blobs):
        layers = _layers(content, path, numbers="floats")  # numbers that were written one by one
    if not layers:
        raise ValueError(
            f"{path.name} holds no layers with parameters; a .caffemodel with trained weights is needed "
            "(a .prototxt only describes a network)"
        )
    return layers


def _layers(content: bytes, path: Path, *, numbers: str) -> tuple[CaffeLayer, ...]:
    net = message_class("NetParameter", numbers=numbers)()
    try:
        net.ParseFromString(content)
    except DecodeError as problem:
        raise ValueError(f"{path.name} is damaged, cut short or no .caffemodel ({problem})") from problem
    return tuple(
        CaffeLayer(layer.name, tuple(_array(blob, f"{path.name}, layer {layer.name}") for blob in layer.blobs))
        for layer in (*net.layers, *net.layer)
        if len(layer.blobs)
    )


def _array(blob: Any, where: str) -> np.ndarray:
    """A blob as float32 in its own shape; the legacy four sizes are used where there is no `shape`."""
    single, double = _numbers(blob.data, np.dtype("<f4")), _numbers(blob.double_data, np.dtype("<f8"))
    values = single if single.size else double.astype(np.float32)
    shape: tuple[int, ...] = tuple(blob.shape.dim)
    if not blob.HasField("shape"):
        shape = tuple(max(1, getattr(blob, size)) for size in LEGACY_SHAPE)
    if values.size and values.size != int(np.prod(shape)):
        raise ValueError(f"{where}: {values.size} numbers do not fill the shape {shape}; the file is damaged")
    return values.reshape(shape) if values.size else values


def _numbers(stored: Any, dtype: np.dtype[Any]) -> np.ndarray:
    if len(stored) == 0:
        return np.empty(0, dtype)
    if isinstance(stored[0], bytes):
        joined = stored[0] if len(stored) == 1 else b"".join(stored)  # a packed field may come in several pieces
        if len(joined) % dtype.itemsize:
            raise ValueError("a list of numbers is cut short; the file is damaged")
        return np.frombuffer(joined, dtype)
    return np.fromiter(stored, dtype, count=len(stored))
