"""What a run will cost, and whether it can go to its end: asked in seconds, before hours are spent."""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch

from fcn_core.training.loop.memory import free_bytes, training_bytes
from fcn_core.training.loop.results import RunFailed
from fcn_core.training.loop.run_clock import RunClock
from fcn_core.training.loop.setup import Parts, prepare
from fcn_core.training.loop.step import Stepper
from fcn_core.training.settings.config import TrainConfig

MEGABYTE = 1e6
CHECKPOINTS = 2  # the last and the one before it
SPARE_DISK = 20e6  # for metrics, previews and the log
MEASURED_STEPS = 3
COMPILERS = ("g++", "clang++", "cl")


@dataclass(frozen=True)
class Cost:
    """What a run takes. memory_mb: of one process's training step, estimated; free_memory_mb: what the device has left
    now. seconds_a_step: measured on this machine as busy as it is, validations not counted. seconds_total: of all
    steps and validations, as far as a length is set; minutes given as the length are taken at their word. disk_mb:
    checkpoints and weights.
    """

    parameters: int
    trained_parameters: int
    memory_mb: float
    free_memory_mb: float
    seconds_a_step: float
    seconds_an_epoch: float
    seconds_total: float | None
    steps: int | None
    epoch_pictures: int
    disk_mb: float
    free_disk_mb: float
    device: str

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def check(config: TrainConfig, parts: Parts, folder: Path) -> None:
    """Whether the run can begin and end: memory, disk, every data set readable. RunFailed says what is wrong.

    The first batch goes through the loop itself; here it is made sure that nothing which comes later has to fail.
    """
    device, spec = parts.accelerator.device, parts.model.spec
    if config.compile and device.type == "cpu" and not any(map(shutil.which, COMPILERS)):
        raise RunFailed(f"compile needs a C++ compiler ({', '.join(COMPILERS)}); install one, or switch compile off")
    needed = training_bytes(config, spec, processes=parts.accelerator.num_processes)
    free = free_bytes(device)
    if needed > free:
        raise RunFailed(
            f"a step needs about {needed / MEGABYTE:.0f} MB of memory and {free / MEGABYTE:.0f} MB are free on "
            f"{device}; try a smaller batch_size with accumulate, smaller crops, or another width"
        )
    disk, free_disk = disk_bytes(config, parts) + SPARE_DISK, shutil.disk_usage(folder).free
    if disk > free_disk:
        raise RunFailed(
            f"the run needs about {disk / MEGABYTE:.0f} MB of disk and {free_disk / MEGABYTE:.0f} MB are free "
            f"at {folder}; make room, or set FCN_LAB_RUNS to a folder elsewhere"
        )
    parts.draws[0]
    for what, data in (("validation", parts.val), ("test", parts.test)):
        if data is None:
            continue
        sample = data[0]
        images = parts.preprocessing.apply(sample.image)[None].to(device)
        was_training = parts.tested.training
        parts.tested.eval()
        with torch.inference_mode():
            logits = parts.tested(images).logits
        parts.tested.train(was_training)
        if logits[min(logits)].shape[-2:] != sample.mask.shape:
            raise RunFailed(f"the {what} picture {sample.name} and its label map have different sizes")


def disk_bytes(config: TrainConfig, parts: Parts) -> int:
    """Bytes of the checkpoints and weights that a run keeps."""
    weights = sum(p.numel() * p.element_size() for p in parts.model.parameters())
    trained = sum(p.numel() * p.element_size() for p in parts.model.parameters() if p.requires_grad)
    states = 2 if config.optim.kind == "adamw" else 1
    state = weights * (2 if config.optim.ema > 0 else 1) + trained * states
    return CHECKPOINTS * state + state + 2 * weights  # one more while it is written aside; best and final weights


def estimate(config: TrainConfig, *, runs: Path | None = None) -> Cost:
    """Open the data, build the network and make a few real steps. ValueError when the settings cannot be used.

    runs: the folder in which `run:ID` is looked for.
    """
    if config.start_run is not None:
        config = config.replace(start=None, freeze_trunk=False, start_parts="all")  # its weights come later
    with tempfile.TemporaryDirectory() as folder:
        parts = prepare(config.replace(workers=0), runs=runs)
        check(config, parts, Path(folder))
        clock = RunClock(config, parts.draws.epoch_length)
        stepper = Stepper(config, parts, clock)
        seconds = []
        batches = stepper.batches()
        for _ in range(1 + MEASURED_STEPS):
            passes = [next(batches) for _ in range(config.accumulate)]
            began = time.perf_counter()
            stepper.step(passes)
            seconds.append(time.perf_counter() - began)
            clock.step += 1
        free_disk = shutil.disk_usage(runs if runs is not None and runs.is_dir() else folder).free
    return _cost(config, parts, clock, statistics.median(seconds[1:]), free_disk)


def _cost(config: TrainConfig, parts: Parts, clock: RunClock, step: float, free_disk: int) -> Cost:
    device = parts.accelerator.device
    epoch_steps = clock.epoch_pictures / clock.step_pictures
    validation = _validation_seconds(parts) if parts.val is not None else 0.0
    total = None
    if config.minutes is not None:
        total = 60 * config.minutes
    elif clock.total_steps is not None:
        validations = max(1.0, clock.total_steps / epoch_steps / config.evaluate_every)
        total = clock.total_steps * step + validations * validation
    return Cost(
        parameters=sum(p.numel() for p in parts.model.parameters()),
        trained_parameters=sum(p.numel() for p in parts.model.parameters() if p.requires_grad),
        memory_mb=training_bytes(config, parts.model.spec) / MEGABYTE,
        free_memory_mb=free_bytes(device) / MEGABYTE,
        seconds_a_step=step,
        seconds_an_epoch=step * epoch_steps,
        seconds_total=total,
        steps=clock.total_steps,
        epoch_pictures=clock.epoch_pictures,
        disk_mb=disk_bytes(config, parts) / MEGABYTE,
        free_disk_mb=free_disk / MEGABYTE,
        device=str(device),
    )


def _validation_seconds(parts: Parts) -> float:
    """Seconds that a validation takes, from one picture."""
    assert parts.val is not None
    images = parts.preprocessing.apply(parts.val[0].image)[None].to(parts.accelerator.device)
    began = time.perf_counter()
    with torch.inference_mode():
        parts.tested.eval()(images)
    return (time.perf_counter() - began) * len(parts.val)
