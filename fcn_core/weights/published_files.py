"""State dicts from other people's files: `.caffemodel`, PyTorch's `.pth` and plain `.safetensors`.

A PyTorch file is a pickle, and unpickling runs what the file says; only tensors and plain
containers are ever unpickled here (`weights_only`).
"""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from fcn_core.weights.caffemodel import read_caffemodel
from fcn_core.weights.checkpoint import read_tensors

TORCH_SUFFIXES = (".pth", ".pt", ".tar", ".bin", ".ckpt")
SUFFIXES = (".caffemodel", ".safetensors", *TORCH_SUFFIXES)
NESTED_KEYS = ("model_state_dict", "state_dict", "model")


def read_published_state(path: str | Path) -> dict[str, Tensor]:
    """Parameter name -> float32 tensor on the CPU. Caffe's blobs are called `<layer>.weight` and `<layer>.bias`.

    ValueError says what is wrong with a file that is missing, empty, damaged, foreign or unsafe.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"there is no file {path}")
    if path.stat().st_size == 0:
        raise ValueError(f"{path.name} is empty")
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{path.name} is none of the files that can be read: {', '.join(SUFFIXES)}")
    if path.suffix.lower() == ".caffemodel":
        state = _caffe_state(path)
    elif path.suffix.lower() == ".safetensors":
        state = read_tensors(path)
    else:
        state = _torch_state(path)
    return {name.removeprefix("module."): tensor for name, tensor in state.items()}  # DataParallel's prefix


def _caffe_state(path: Path) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    for layer in read_caffemodel(path):
        for kind, blob in zip(("weight", "bias"), layer.blobs, strict=False):
            state[f"{layer.name}.{kind}"] = torch.from_numpy(blob.copy())  # a blob is a view of the file's bytes
    return state


def _torch_state(path: Path) -> dict[str, Tensor]:
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:  # the unpickler raises whatever a foreign byte happens to provoke
        if isinstance(problem, pickle.UnpicklingError) and "GLOBAL" in str(problem):
            raise ValueError(
                f"{path.name} holds more than tensors, and reading it would run code from the file, so it is not "
                "opened. If you trust it, open it once with torch.load(…, weights_only=False) and save only "
                "model.state_dict() with torch.save"
            ) from problem
        raise ValueError(f"{path.name} is damaged or is no PyTorch file; fetch or copy it again") from problem
    for key in NESTED_KEYS:
        if isinstance(content, Mapping) and isinstance(content.get(key), Mapping):
            content = content[key]
            break
    if not isinstance(content, Mapping):
        raise ValueError(f"{path.name} holds a {type(content).__name__}, expected a state dict (name -> tensor)")
    tensors = {str(name): value for name, value in content.items() if isinstance(value, Tensor)}
    if not tensors:
        raise ValueError(f"{path.name} holds no tensors, expected a state dict (name -> tensor)")
    return {name: value.float() if value.is_floating_point() else value for name, value in tensors.items()}
