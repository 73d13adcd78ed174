"""What the training engine costs on top of a bare loop: `python -m benchmarks.training [--write]`.

All train the same network on pictures of the same size. A bare loop takes a batch and does forward, loss, backward and
the optimiser's step: once with batches from the same data and as many workers as the engine has, once with a single
batch that lies in memory, so that data cost nothing. The engine also measures the gradient's length, writes metrics and
status, and beats its heart. Chunks of steps are made in turns: engine, bare loop, loop without data, engine, …; a ratio
compares neighbours.
"""

from __future__ import annotations

import argparse
import itertools
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.utils.data import DataLoader

from benchmarks.measure import machine, table
from benchmarks.results_file import RESULTS, write_part
from fcn_core.training.loop.engine import train
from fcn_core.training.loop.losses import heads_loss
from fcn_core.training.loop.optim import build_optimiser
from fcn_core.training.loop.results import RunUpdate
from fcn_core.training.loop.setup import DTYPES, Parts, prepare
from fcn_core.training.loop.stream import StepBatches, prepare_worker
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig

TARGET = 0.95
WARM = 5


@dataclass(frozen=True)
class Measured:
    """Images a second of each chunk, side by side; the engine's share of time without data."""

    engine: tuple[float, ...]
    bare: tuple[float, ...]
    without_data: tuple[float, ...]
    wait_share: float

    def ratio(self, other: tuple[float, ...]) -> str:
        """Median, lowest and highest ratio of the engine's chunks to their neighbours."""
        ratios = [a / b for a, b in zip(self.engine, other, strict=True)]
        return f"{statistics.median(ratios):.3f} ({min(ratios):.3f}–{max(ratios):.3f})"


def settings(*, tiny: bool, workers: int) -> TrainConfig:
    """The slim VGG16-BN on streets, as the bundled weights were trained."""
    size, crop, batch = ((48, 64), (32, 32), 2) if tiny else ((360, 480), (256, 320), 8)
    model = {"backbone": "vgg16_bn", "width": 1 / 16 if tiny else 0.25, "fc_channels": 16 if tiny else 640}
    return TrainConfig.from_dict(
        {
            "name": "benchmark",
            "model": {**model, "fc_norm": True, "dropout": 0.1},
            "train": [{"kind": "streets", "count": 8 if tiny else 200, "size": size}],
            "augment": {"crop": crop, "scale": (0.7, 1.4), "noise": 8.0, "blur": 1.0},
            "batch_size": batch,
            "precision": "bf16",
            "steps": 1_000_000,
            "workers": workers,
        }
    )


def bare_loop(parts: Parts, config: TrainConfig, *, data: bool) -> Callable[[], None]:
    """One step of training without anything around it; on batches of the data, or on one of noise."""
    model, optimiser = parts.model.train(), build_optimiser(parts.model, config.optim)
    device, dtype = parts.accelerator.device, DTYPES[config.precision]
    height, width = config.augment.crop
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(config.batch_size, 3, height, width, generator=generator).to(device)
    images = images.contiguous(memory_format=torch.channels_last)
    target = torch.randint(len(parts.labels), (config.batch_size, height, width), generator=generator).to(device)
    batches = batches_of(parts, config) if data else itertools.repeat((images, target))

    def step() -> None:
        images, target = (part.to(device) for part in next(batches))
        images = images.contiguous(memory_format=torch.channels_last)
        with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
            logits = model(images).logits
        heads_loss(logits, target.long(), head_weights=config.loss.head_weights).backward()
        optimiser.step()
        optimiser.zero_grad()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return step


def batches_of(parts: Parts, config: TrainConfig) -> Iterator[list[torch.Tensor]]:
    """Varied pictures of the data, as many workers at it as the engine has."""
    sampler = StepBatches(config.batch_size)
    workers = {"num_workers": config.workers, "worker_init_fn": prepare_worker} if config.workers else {}
    return iter(DataLoader(parts.draws, batch_sampler=sampler, **workers))


def measure(config: TrainConfig, *, rounds: int, chunk: int) -> Measured:
    """Chunks in turns; the first round is thrown away. In each chunk WARM steps go before the `chunk` that count: the
    worker fills its store of batches while the bare loop works, and that must help neither of them."""
    loops = [bare_loop(prepare(config), config, data=data) for data in (True, False)]
    engine: list[float] = []
    others: tuple[list[float], list[float]] = ([], [])
    began = [0.0]
    stop = threading.Event()

    def after_step(now: RunUpdate) -> None:
        place = now.step % (WARM + chunk)
        if place == WARM:
            began[0] = time.perf_counter()
        if place or now.message:
            return
        seconds = time.perf_counter() - began[0]
        engine.append(chunk * config.batch_size / seconds)
        for loop, speeds in zip(loops, others, strict=True):
            for _ in range(WARM):
                loop()
            start = time.perf_counter()
            for _ in range(chunk):
                loop()
            speeds.append(chunk * config.batch_size / (time.perf_counter() - start))
        if len(engine) > rounds:
            stop.set()

    with tempfile.TemporaryDirectory() as folder:
        train(config, Path(folder) / "run", progress=after_step, stop=stop)
        waits = [r["wait_share"] for r in steps_of(Path(folder) / "run")]
    steady = [wait for number, wait in enumerate(waits, 1) if number % (WARM + chunk) > WARM]
    bare, without_data = (tuple(speeds[1:]) for speeds in others)
    return Measured(tuple(engine[1:]), bare, without_data, statistics.median(steady))


def steps_of(folder: Path) -> Iterator[dict]:
    return (record for record in RunFolder(folder).metrics() if record["kind"] == "step")


def report(options: argparse.Namespace) -> str:
    rows = []
    for workers in (1, 0):
        result = measure(settings(tiny=options.tiny, workers=workers), rounds=options.rounds, chunk=options.chunk)
        rows.append(
            [
                f"{workers} worker{'' if workers == 1 else 's'}",
                *(f"{statistics.median(speeds):.1f}" for speeds in (result.engine, result.bare, result.without_data)),
                result.ratio(result.bare),
                result.ratio(result.without_data),
                f"{100 * result.wait_share:.1f} %",
            ]
        )
    config = settings(tiny=options.tiny, workers=1)
    header = [
        "",
        "engine",
        "bare loop",
        "without data",
        "engine / bare",
        "engine / without data",
        "engine waits for data",
    ]
    height, width = config.augment.crop
    return "\n\n".join(
        [
            "# Measured training speed",
            f"{machine(busy=False)}. VGG16-BN of width {config.model.width:g}, batch of {config.batch_size} at "
            f"{height}×{width}, {config.precision}, AdamW. Images a second, medians of {options.rounds} chunks of "
            f"{options.chunk} steps in turns; in brackets the lowest and highest ratio of two neighbours.",
            "Made by `python -m benchmarks.training --write`.",
            table(header, rows),
            f"Target for one worker: at least {TARGET} of the bare loop. The loop without data shows what drawing and "
            "varying pictures costs where training and workers share the cores.",
        ]
    )


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.training", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7, help="chunks that count (default 7)")
    parser.add_argument("--chunk", type=int, default=12, help="steps of a chunk (default 12)")
    parser.add_argument("--write", action="store_true", help="write the report to RESULTS.md too")
    parser.add_argument("--tiny", action="store_true", help="a slim network and small pictures: does it run at all")
    options = parser.parse_args(arguments)
    text = report(options)
    print(text)
    if options.write:
        write_part("training", text, RESULTS)


if __name__ == "__main__":
    main()
