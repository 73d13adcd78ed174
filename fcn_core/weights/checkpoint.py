"""Our file format: a safetensors file that says what network it belongs to.

The header's metadata carries the network's description, its classes with colours and its
preprocessing as JSON, so that a file can be loaded by its path alone and nothing is unpickled.
"""

from __future__ import annotations

import errno
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

from fcn_core.labels import LabelSet
from fcn_core.machine.atomic import written_aside
from fcn_core.models.architectures import USUAL, read_spec
from fcn_core.models.description import NetworkSpec
from fcn_core.models.network import Network
from fcn_core.weights.preprocessing import Preprocessing
from fcn_core.weights.records import labels_from_dict, labels_to_dict

METADATA_KEY = "fcn_lab"
FORMAT_VERSION = 1
LARGEST_HALF = 65504.0


@dataclass(frozen=True)
class Checkpoint:
    """What a file of ours says about itself, without its tensors."""

    spec: NetworkSpec
    labels: LabelSet
    preprocessing: Preprocessing
    extra: dict[str, Any]


def save_checkpoint(
    path: str | Path,
    model: Network,
    *,
    labels: LabelSet,
    preprocessing: Preprocessing,
    half: bool = False,
    extra: dict[str, Any] | None = None,
) -> Path:
    """Write the model's weights with everything that is needed to load them; returns the path.

    The file appears under its name only when it is complete. With `half` the kernels are stored
    as float16; vectors (biases, batch-norm statistics) stay float32, since they cost little and a
    running variance may leave float16's range. `extra` is any JSON-ready dict. OSError when the
    file cannot be written.
    """
    path = Path(path)
    about = {
        "version": FORMAT_VERSION,
        "architecture": model.spec.architecture,
        "spec": model.spec.to_dict(),
        "labels": labels_to_dict(labels),
        "preprocessing": preprocessing.to_dict(),
        "extra": extra or {},
    }
    tensors = {name: _stored(tensor, half) for name, tensor in model.state_dict().items()}
    metadata = {"format": "pt", METADATA_KEY: json.dumps(about)}
    try:
        with written_aside(path) as temporary:
            save_file(tensors, temporary, metadata)
    except SafetensorError as problem:
        raise OSError(errno.EIO, f"could not be written, is the disk full? ({problem})", str(path)) from problem
    return path


def read_checkpoint(path: str | Path) -> Checkpoint:
    """Read what a file of ours says about itself; ValueError for damaged, empty and foreign files."""
    path = Path(path)
    with _opened(path) as file:
        about = (file.metadata() or {}).get(METADATA_KEY)
    if about is None:
        raise ValueError(
            f"{path.name} is a safetensors file, but not one of FCN Lab: it does not say which network it belongs to"
        )
    try:
        data = json.loads(about)
        labels = labels_from_dict(data["labels"])
        return Checkpoint(
            spec=read_spec(data.get("architecture", USUAL), data["spec"], num_classes=len(labels)),
            labels=labels,
            preprocessing=Preprocessing.from_dict(data["preprocessing"]),
            extra=data.get("extra") or {},
        )
    except (KeyError, TypeError, AttributeError, ValueError) as problem:
        raise ValueError(f"{path.name} describes its network in a way that cannot be read: {problem}") from problem


def read_tensors(path: str | Path) -> dict[str, Tensor]:
    """All tensors of a safetensors file on the CPU, half precision widened to float32."""
    path = Path(path)
    with _opened(path) as file:
        try:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
        except SafetensorError as problem:
            raise ValueError(f"{path.name} is damaged: {problem}") from problem
    return {name: tensor.float() if tensor.is_floating_point() else tensor for name, tensor in tensors.items()}


def _stored(tensor: Tensor, half: bool) -> Tensor:
    """A detached copy as it goes into the file: safetensors takes neither views nor shared memory."""
    tensor = tensor.detach().to("cpu", copy=True).contiguous()
    if not (half and tensor.is_floating_point() and tensor.ndim > 1):
        return tensor
    return tensor.to(torch.float16) if bool((tensor.abs() <= LARGEST_HALF).all()) else tensor


def _opened(path: Path) -> Any:
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise ValueError(f"{path.name} is empty")
    try:
        return safe_open(str(path), framework="pt", device="cpu")
    except (SafetensorError, OSError) as problem:
        raise ValueError(
            f"{path.name} is damaged or is no safetensors file ({problem}); fetch or copy it again"
        ) from problem
