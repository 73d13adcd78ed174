"""What the training engine costs on top of a bare loop: `python -m benchmarks.training [--write]`.

Both train the same network on pictures of the same size. The bare loop has one batch in memory and does forward,
loss, backward and the optimiser's step. The engine also draws and varies its pictures in a worker process, measures
the gradient's length, writes metrics and status, and beats its heart. Chunks of steps are made in turns: engine, bare
loop, engine, …; a ratio compares neighbours.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from benchmarks.measure import machine, table
from benchmarks.results_file import RESULTS, write_part
from fcn_core.training.config import TrainConfig
from fcn_core.training.engine import train
from fcn_core.training.losses import heads_loss
from fcn_core.training.optim import build_optimiser
from fcn_core.training.results import Progress
from fcn_core.training.runs import RunFolder
from fcn_core.training.setup import DTYPES, Parts, prepare

TARGET = 0.95
WARM = 5


@dataclass(frozen=True)
class Measured:
    """Images a second of each chunk, engine and bare loop side by side; the engine's share of time without data."""

    engine: tuple[float, ...]
    bare: tuple[float, ...]
    wait_share: float

    @property
    def ratios(self) -> tuple[float, ...]:
        return tuple(a / b for a, b in zip(self.engine, self.bare, strict=True))


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


def bare_loop(parts: Parts, config: TrainConfig) -> Callable[[], None]:
    """One step of training without anything around it."""
    model, optimiser = parts.model.train(), build_optimiser(parts.model, config.optim)
    device, dtype = parts.accelerator.device, DTYPES[config.precision]
    height, width = config.augment.crop
    generator = torch.Generator().manual_seed(0)
    images = torch.randn(config.batch_size, 3, height, width, generator=generator).to(device)
    images = images.contiguous(memory_format=torch.channels_last)
    target = torch.randint(len(parts.labels), (config.batch_size, height, width), generator=generator).to(device)

    def step() -> None:
        with torch.autocast(device.type, dtype=dtype, enabled=dtype is not None):
            logits = model(images).logits
        heads_loss(logits, target, head_weights=config.loss.head_weights).backward()
        optimiser.step()
        optimiser.zero_grad()
        if device.type == "cuda":
            torch.cuda.synchronize(device)

    return step


def measure(config: TrainConfig, *, rounds: int, chunk: int) -> Measured:
    """Chunks in turns; the first round is thrown away. In each chunk WARM steps go before the `chunk` that count: the
    worker fills its store of batches while the bare loop works, and that must help neither of them."""
    step = bare_loop(prepare(config), config)
    engine: list[float] = []
    bare: list[float] = []
    began = [0.0]
    stop = threading.Event()

    def after_step(now: Progress) -> None:
        place = now.step % (WARM + chunk)
        if place == WARM:
            began[0] = time.perf_counter()
        if place or now.message:
            return
        seconds = time.perf_counter() - began[0]
        for _ in range(WARM):
            step()
        start = time.perf_counter()
        for _ in range(chunk):
            step()
        engine.append(chunk * config.batch_size / seconds)
        bare.append(chunk * config.batch_size / (time.perf_counter() - start))
        if len(engine) > rounds:
            stop.set()

    with tempfile.TemporaryDirectory() as folder:
        train(config, Path(folder) / "run", progress=after_step, stop=stop)
        waits = [r["wait_share"] for r in steps_of(Path(folder) / "run")]
    steady = [wait for number, wait in enumerate(waits, 1) if number % (WARM + chunk) > WARM]
    return Measured(tuple(engine[1:]), tuple(bare[1:]), statistics.median(steady))


def steps_of(folder: Path) -> Iterator[dict]:
    return (record for record in RunFolder(folder).metrics() if record["kind"] == "step")


def report(options: argparse.Namespace) -> str:
    rows = []
    ratios: list[float] = []
    for workers in (1, 0):
        config = settings(tiny=options.tiny, workers=workers)
        result = measure(config, rounds=options.rounds, chunk=options.chunk)
        low, high = min(result.ratios), max(result.ratios)
        ratios.append(statistics.median(result.ratios))
        rows.append(
            [
                f"engine, {workers} worker{'' if workers == 1 else 's'}",
                f"{statistics.median(result.engine):.1f}",
                f"{statistics.median(result.bare):.1f}",
                f"{ratios[-1]:.3f} ({low:.3f}–{high:.3f})",
                f"{100 * result.wait_share:.1f} %",
            ]
        )
    config = settings(tiny=options.tiny, workers=1)
    met = "met" if ratios[0] >= TARGET else "not met"
    height, width = config.augment.crop
    return "\n\n".join(
        [
            "# Measured training speed",
            f"{machine(busy=False)}. VGG16-BN of width {config.model.width:g}, batch of {config.batch_size} at "
            f"{height}×{width}, {config.precision}, AdamW. Images a second, medians of {options.rounds} chunks of "
            f"{options.chunk} steps in turns; in brackets the lowest and highest ratio of two neighbours.",
            "Made by `python -m benchmarks.training --write`.",
            table(["", "engine, images/s", "bare loop, images/s", "ratio (range)", "waiting for data"], rows),
            f"Target for one worker: at least {TARGET} of the bare loop; measured {ratios[0]:.3f}, {met}.",
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
