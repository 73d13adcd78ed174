"""From settings to the parts of a run: data, network, optimiser, averaged weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from accelerate import Accelerator
from torch import Tensor

from fcn_core.data.kept import LabelledPictures, channels_of, tasks_of
from fcn_core.data.statistics import preprocessing_for
from fcn_core.labels import LabelSet
from fcn_core.machine.allocator import keep_freed_memory
from fcn_core.models.architectures import build
from fcn_core.models.network import Network
from fcn_core.training.loop.losses import class_weights
from fcn_core.training.loop.optim import AveragedModel, build_optimiser
from fcn_core.training.loop.start import find_start
from fcn_core.training.loop.stream import Draws, count_classes, open_data
from fcn_core.training.loop.together import build_accelerator, share_layers
from fcn_core.training.settings.config import TrainConfig
from fcn_core.weights.preprocessing import IMAGENET, Preprocessing

DTYPES = {"fp32": None, "bf16": torch.bfloat16, "fp16": torch.float16}


@dataclass
class Parts:
    """What the training loop works with. `model` is the bare network; the accelerator wraps the same parameters."""

    accelerator: Accelerator
    model: Network
    averaged: AveragedModel | None
    optimiser: torch.optim.Optimizer
    draws: Draws
    val: LabelledPictures | None
    test: LabelledPictures | None
    labels: LabelSet
    preprocessing: Preprocessing
    weights: Tensor | None

    @property
    def tested(self) -> Network:
        """The network that is validated and shipped: the averaged one if there is one."""
        return self.averaged.model if self.averaged else self.model  # type: ignore[return-value]


@dataclass(frozen=True)
class Data:
    """The opened data sets of a run; their classes, channels and tasks agree."""

    train: tuple[LabelledPictures, ...]
    val: LabelledPictures | None
    test: LabelledPictures | None

    @property
    def labels(self) -> LabelSet:
        return self.train[0].labels

    @property
    def channels(self) -> int:
        return channels_of(self.train[0])

    @property
    def tasks(self) -> dict[str, int]:
        """Further sets of classes, name -> number of classes."""
        return {name: len(labels) for name, labels in tasks_of(self.train[0]).items()}


def open_all(config: TrainConfig) -> Data:
    """Open every data set of the settings; ValueError when one is missing or they do not go together."""
    train = tuple(open_data(settings) for settings in config.train)
    val = open_data(config.val) if config.val else None
    test = open_data(config.test) if config.test else None
    first = train[0]
    for what, other in [("training", part) for part in train[1:]] + [("validation", val), ("test", test)]:
        if other is None:
            continue
        if other.labels.classes != first.labels.classes or tasks_of(other) != tasks_of(first):
            raise ValueError(f"the {what} data {other.name} have other classes than the training data {first.name}")
        if channels_of(other) != channels_of(first):
            raise ValueError(
                f"pictures of {other.name} have {channels_of(other)} channels, those of {first.name} "
                f"{channels_of(first)}; a network takes one kind"
            )
    return Data(train, val, test)


def usual_preprocessing(data: Data) -> Preprocessing:
    """ImageNet's for photos; for other images the mean and deviation of each channel of the training data."""
    if data.channels == 3 and data.train[0][0].image.dtype == np.uint8:
        return IMAGENET
    return preprocessing_for(data.train[0])


def prepare(
    config: TrainConfig,
    *,
    saved: Mapping[str, Any] | None = None,
    runs: Path | None = None,
    log: Callable[[str], None] = lambda text: None,
) -> Parts:
    """Open the data, build the network and fill it from `config.start`.

    saved: the checkpoint of a run that goes on; it brings its own weights and preprocessing (see `unpack`). runs: the
    folder in which `run:ID` is looked for. ValueError says what does not fit.
    """
    keep_freed_memory()
    cv2.setNumThreads(0)  # OpenCV's own threads would be missing in forked workers, which could wait for them for ever
    if config.threads is not None:
        torch.set_num_threads(config.threads)
    accelerator = build_accelerator(config)
    data = open_all(config)
    start = find_start(config, runs=runs) if config.start and saved is None else None
    if saved is not None:
        preprocessing = Preprocessing.from_dict(saved["preprocessing"])
    elif start is not None and start.preprocessing.channels == data.channels:
        preprocessing = start.preprocessing
    else:
        preprocessing = usual_preprocessing(data)
    draws = Draws(
        data.train,
        shares=[settings.share for settings in config.train],
        augment=config.augment,
        preprocessing=preprocessing,
        seed=config.seed,
        sample_share=config.loss.sample_share,
    )
    weights = None
    if config.loss.class_weights != "none":
        counts = count_classes(data.train, draws.shares.tolist())
        weights = class_weights(counts.pixels, config.loss.class_weights, shown_in=counts.shown_in)
        listed = [] if weights is None else weights.tolist()
        said = ", ".join(f"{name} {weight:.2f}" for name, weight in zip(data.labels.classes, listed, strict=True))
        log(f"class weights ({config.loss.class_weights}): {said}")

    torch.manual_seed(config.seed)
    model = build(config.model.spec(len(data.labels), in_channels=data.channels, tasks=data.tasks))
    if start is not None:
        log(start.fill(model))
    share_layers(model, accelerator)
    if config.freeze_trunk:
        freeze_trunks(model)
    model.to(accelerator.device)
    if config.channels_last:
        model.to(memory_format=torch.channels_last)
    averaged = AveragedModel(model, config.optim.ema) if config.optim.ema > 0 else None
    optimiser = build_optimiser(model, config.optim)
    said = ", ".join(f"{part.name} ({len(part)})" for part in data.train)
    log(f"{sum(p.numel() for p in model.parameters()):,} parameters; training on {said}; device {accelerator.device}")
    return Parts(
        accelerator=accelerator,
        model=model,
        averaged=averaged,
        optimiser=optimiser,
        draws=draws,
        val=data.val,
        test=data.test,
        labels=data.labels,
        preprocessing=preprocessing,
        weights=None if weights is None else weights.to(accelerator.device),
    )


def freeze_trunks(model: Network) -> None:
    """Keeps the trunks as they are; ValueError for a network without one."""
    if not model.trunks():
        raise ValueError(f"freeze_trunk keeps the trunk, but {model.spec.architecture} has none; switch it off")
    for trunk in model.trunks().values():
        trunk.requires_grad_(False)


def pack(parts: Parts) -> dict[str, Any]:
    """The state of the network, the optimiser and the average, as a checkpoint keeps it."""
    averaged, scaler = parts.averaged, parts.accelerator.scaler
    return {
        "preprocessing": parts.preprocessing.to_dict(),
        "model": parts.model.state_dict(),
        "optimiser": parts.optimiser.state_dict(),
        "averaged": None if averaged is None else averaged.model.state_dict(),
        "updates": 0 if averaged is None else averaged.updates,
        "scaler": None if scaler is None else scaler.state_dict(),
    }


def unpack(parts: Parts, saved: Mapping[str, Any]) -> None:
    """Put the state of a checkpoint back."""
    parts.model.load_state_dict(saved["model"])
    parts.optimiser.load_state_dict(saved["optimiser"])
    if parts.averaged is not None:
        parts.averaged.model.load_state_dict(saved["averaged"])
        parts.averaged.updates = saved["updates"]
    if parts.accelerator.scaler is not None:
        parts.accelerator.scaler.load_state_dict(saved["scaler"])
