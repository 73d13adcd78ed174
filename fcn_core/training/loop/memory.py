"""What a training step needs in memory, counted without computing it, and what the machine has left."""

from __future__ import annotations

from pathlib import Path

import psutil
import torch
from torch.nn import functional as F

from fcn_core.models.architectures import build
from fcn_core.models.description import NetworkSpec
from fcn_core.models.network import Network
from fcn_core.training.settings.config import TrainConfig

BYTES = 4
HALF_SHARE = 0.6  # of fp32's maps under bf16 or fp16: convolutions keep half as much, the loss as much as before


def training_bytes(config: TrainConfig, spec: NetworkSpec, *, processes: int = 1) -> int:
    """Bytes that the network, its gradients, the optimiser and one pass's maps take in one process.

    The maps are counted by running the network on tensors without content and asking autograd what it keeps.
    """
    with torch.device("meta"):
        model = build(spec)
    if config.freeze_trunk:
        for trunk in model.trunks().values():
            trunk.requires_grad_(False)
    weights = sum(p.numel() for p in model.parameters())
    trained = sum(p.numel() for p in model.parameters() if p.requires_grad)
    states = 2 if config.optim.kind == "adamw" else int(config.optim.momentum > 0)
    average = weights if config.optim.ema > 0 else 0
    fixed = BYTES * (weights + average + trained * (1 + states))
    batch = max(1, config.batch_size // processes)
    kept = kept_bytes(model, batch, config)
    # On top of what is kept, the way back holds the gradients of two maps at a time, and of every head's scores.
    height, width = config.augment.crop
    scores = 2 * BYTES * batch * spec.num_classes * height * width * len(trained_heads(config))
    maps = sum(kept) + 2 * max(kept, default=0)
    return fixed + scores + round(maps * (1.0 if config.precision == "fp32" else HALF_SHARE))


def trained_heads(config: TrainConfig) -> tuple[int, ...]:
    """The heads whose loss counts."""
    return tuple(head for head, share in config.loss.head_weights.items() if share > 0)


def kept_bytes(model: Network, batch: int, config: TrainConfig, *, device: str = "meta") -> list[int]:
    """Bytes of each tensor that autograd keeps for the backward pass of one batch, parameters left out.

    model: on `device`; on "meta" nothing is computed and no memory is taken.
    """
    own = {parameter.untyped_storage()._cdata for parameter in model.parameters()}
    kept: dict[int, int] = {}
    alive = []  # so that no storage is freed and its number given to another

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own:
            kept[storage._cdata] = storage.nbytes()
            alive.append(storage)
        return tensor

    height, width = config.augment.crop
    images = torch.empty(batch, model.spec.in_channels, height, width, device=device)
    target = torch.zeros(batch, height, width, dtype=torch.long, device=device)
    model.train()
    with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
        for scores in model(images, trained_heads(config)).logits.values():
            F.cross_entropy(scores, target, ignore_index=255, reduction="sum")
    return list(kept.values())


def free_bytes(device: torch.device) -> int:
    """Bytes that are free on the device: of a GPU, or of this machine's memory within its container's limit."""
    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    free = psutil.virtual_memory().available
    limit, used = _cgroup("memory.max"), _cgroup("memory.current")
    return free if limit is None or used is None else min(free, limit - used)


def _cgroup(name: str) -> int | None:
    """A number of the container's memory controller; None where there is none or no limit."""
    try:
        text = (Path("/sys/fs/cgroup") / name).read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None
