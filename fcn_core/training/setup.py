"""From settings to the parts of a run: data, network, optimiser, averaged weights."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from accelerate.utils import DataLoaderConfiguration
from torch import Tensor

from fcn_core.allocator import keep_freed_memory
from fcn_core.data.kept import LabelledPictures
from fcn_core.labels import LabelSet
from fcn_core.models.fcn import FCN, build
from fcn_core.models.transplant import transplant_classifier
from fcn_core.training.config import TrainConfig
from fcn_core.training.losses import class_weights
from fcn_core.training.optim import AveragedModel, build_optimiser
from fcn_core.training.stream import Draws, count_classes, open_data
from fcn_core.weights.preprocessing import IMAGENET, Preprocessing

DTYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass
class Parts:
    """What the training loop works with. `model` is the bare network; the accelerator wraps the same parameters."""

    accelerator: Accelerator
    model: FCN
    averaged: AveragedModel | None
    optimiser: torch.optim.Optimizer
    draws: Draws
    val: LabelledPictures | None
    labels: LabelSet
    preprocessing: Preprocessing
    weights: Tensor | None

    @property
    def tested(self) -> FCN:
        """The network that is validated and shipped: the averaged one if there is one."""
        return self.averaged.model if self.averaged else self.model  # type: ignore[return-value]


def prepare(config: TrainConfig, *, fresh: bool = True, log: Callable[[str], None] = lambda text: None) -> Parts:
    """Open the data, build and fill the network. fresh: load `config.start`; a resumed run brings its own weights."""
    keep_freed_memory()
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    accelerator = build_accelerator(config)
    train_data = [open_data(settings) for settings in config.train]
    val = open_data(config.val) if config.val else None
    labels = train_data[0].labels
    if val is not None and val.labels.classes != labels.classes:
        raise ValueError(f"validation data {val.name} has other classes than the training data {train_data[0].name}")
    draws = Draws(
        train_data,
        shares=[settings.share for settings in config.train],
        augment=config.augment,
        preprocessing=IMAGENET,
        seed=config.seed,
    )
    weights = None
    if config.loss.class_weights != "none":
        counts = count_classes(train_data, draws.shares.tolist())
        weights = class_weights(counts, config.loss.class_weights)
        listed = [] if weights is None else weights.tolist()
        said = ", ".join(f"{name} {weight:.2f}" for name, weight in zip(labels.classes, listed, strict=True))
        log(f"class weights ({config.loss.class_weights}): {said}")

    torch.manual_seed(config.seed)
    model = build(config.model.spec(len(labels)))
    if fresh and config.start:
        log(start_from(model, config.start))
    model.to(accelerator.device)
    if config.channels_last:
        model.to(memory_format=torch.channels_last)
    averaged = AveragedModel(model, config.optim.ema) if config.optim.ema > 0 else None
    optimiser = build_optimiser(model, config.optim)
    said = ", ".join(f"{part.name} ({len(part)})" for part in train_data)
    log(f"{sum(p.numel() for p in model.parameters()):,} parameters; training on {said}; device {accelerator.device}")
    return Parts(
        accelerator=accelerator,
        model=model,
        averaged=averaged,
        optimiser=optimiser,
        draws=draws,
        val=val,
        labels=labels,
        preprocessing=IMAGENET,
        weights=None if weights is None else weights.to(accelerator.device),
    )


def pack(parts: Parts) -> dict[str, Any]:
    """The state of the network, the optimiser and the average, as a checkpoint keeps it."""
    averaged, scaler = parts.averaged, parts.accelerator.scaler
    return {
        "model": parts.model.state_dict(),
        "optimiser": parts.optimiser.state_dict(),
        "averaged": None if averaged is None else averaged.model.state_dict(),
        "updates": 0 if averaged is None else averaged.updates,
        "scaler": None if scaler is None else scaler.state_dict(),
    }


def unpack(parts: Parts, saved: dict[str, Any]) -> None:
    """Put the state of a checkpoint back."""
    parts.model.load_state_dict(saved["model"])
    parts.optimiser.load_state_dict(saved["optimiser"])
    if parts.averaged is not None:
        parts.averaged.model.load_state_dict(saved["averaged"])
        parts.averaged.updates = saved["updates"]
    if parts.accelerator.scaler is not None:
        parts.accelerator.scaler.load_state_dict(saved["scaler"])


def build_accelerator(config: TrainConfig) -> Accelerator:
    """The processes and the precision of this run."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        # The state is one for a whole process; a second run in it may want another precision.
        AcceleratorState._reset_state()
    mixed = "no" if config.precision == "fp32" else config.precision
    loading = DataLoaderConfiguration(use_seedable_sampler=True)
    return Accelerator(mixed_precision=mixed, cpu=config.device == "cpu", dataloader_config=loading)


def start_from(model: FCN, source: str) -> str:
    """Fill `model` from other weights wherever name and shape agree; returns a sentence on what was taken.

    source: a file or a catalogue name; a classifier of torchvision fills the trunk. ValueError when nothing fits.
    """
    from fcn_core.weights import CATALOGUE, classifier_state, load

    if source in CATALOGUE and CATALOGUE[source].kind == "classifier":
        taken = transplant_classifier(model, classifier_state(source)).copied
        return f"started from the classifier {source}: {len(taken)} tensors taken"
    own, given = model.state_dict(), load(source).model.state_dict()
    fitting = {key: value for key, value in given.items() if key in own and own[key].shape == value.shape}
    if not any(value.ndim > 1 for value in fitting.values()):
        raise ValueError(
            f"no kernel of {source} fits this network by name and shape; "
            "start needs weights of the same trunk and width"
        )
    model.load_state_dict(fitting, strict=False)
    other = sorted(set(own) - set(fitting))
    rest = f"; left at their first values: {', '.join(other[:6])}{', …' if len(other) > 6 else ''}" if other else ""
    return f"started from {source}: {len(fitting)} of {len(own)} tensors taken{rest}"
