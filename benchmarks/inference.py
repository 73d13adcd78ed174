"""How fast, how much memory, how far from the floor: `python -m benchmarks.inference [--busy] [--write]`.

All variants of one size are timed in turns (A B C A B C …) under an allocator that keeps freed
memory; ratios are compared round by round. On a machine that does other work use --busy.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass, replace
from pathlib import Path

if __package__ in (None, ""):  # run as a file: python benchmarks/inference.py
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import networks, training_step
from benchmarks.measure import Clock, Timing, clock_for, interleave, machine, milliseconds, ratio, table
from benchmarks.memory import pass_memory
from benchmarks.networks import ALONE, BUNDLED_THREE, PUBLISHED, SLIM, THREE, Variant
from benchmarks.results_file import RESULTS, write_part
from benchmarks.upsampling import upsampling
from fcn_core.machine.allocator import keep_freed_memory
from fcn_core.models.fcn import FCN

PHOTO, STREET = (375, 500), (360, 480)


@dataclass(frozen=True)
class Peaks:
    """What this machine reaches, in floating-point operations a second (a multiply-add is two)."""

    convolution: float
    matmul: float


@dataclass(frozen=True)
class Target:
    """A ratio that must not be exceeded (or an agreement that must be reached)."""

    text: str
    limit: float
    value: float
    at_least: bool = False

    def row(self) -> list[str]:
        met = self.value >= self.limit if self.at_least else self.value <= self.limit
        sign = "≥" if self.at_least else "≤"
        return [self.text, f"{sign} {self.limit:g}", f"{self.value:.5g}", "met" if met else "MISSED"]


def measured_peaks(*, clock: Clock, side: int = 2048) -> Peaks:
    """The best of a 3×3 convolution in both layouts, and of a square matrix product."""
    channels = side // 8
    x, weight = torch.randn(1, channels, 96, 128), torch.randn(channels, channels, 3, 3)
    a, b = torch.randn(side, side), torch.randn(side, side)
    last = torch.channels_last
    xl, wl = x.contiguous(memory_format=last), weight.contiguous(memory_format=last)
    runs = {
        "convolution": lambda: F.conv2d(x, weight, padding=1),
        "channels_last": lambda: F.conv2d(xl, wl, padding=1),
        "matmul": lambda: a @ b,
    }
    with torch.inference_mode():
        best = {name: min(timing.samples) for name, timing in interleave(runs, rounds=5, clock=clock).items()}
    convolution = 2 * 9 * channels**2 * 96 * 128 / min(best["convolution"], best["channels_last"])
    return Peaks(convolution, 2 * side**3 / best["matmul"])


def floating_point_operations(variant: Variant) -> int:
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        variant.run()
    return counter.get_total_flops()


def agreement(a: dict[int, Tensor], b: dict[int, Tensor]) -> float:
    """Share of pixels that get the same label from the 8s head."""
    return float((a[8].argmax(1) == b[8].argmax(1)).double().mean())


@dataclass(frozen=True)
class SizeReport:
    """What was measured at one image size. `same_labels`: share of pixels where ours and the published agree."""

    title: str
    text: str
    times: dict[str, Timing]
    same_labels: float

    def ratio(self, variant: str, base: str) -> float:
        return self.times[variant].ratios(self.times[base])[0]


def size_report(
    full: FCN, bundled: nn.Module, size: tuple[int, int], peaks: Peaks, options: argparse.Namespace, clock: Clock
) -> SizeReport:
    title = f"{size[0]}×{size[1]}"
    print(f"measuring {title} …", file=sys.stderr)
    variants = [*networks.full_variants(full, size), *networks.bundled_variants(bundled, size)]
    with torch.inference_mode():
        results = {variant.name: variant.run() for variant in variants}
        times = interleave({variant.name: variant.run for variant in variants}, rounds=options.rounds, clock=clock)
    rows = []
    for variant in variants:
        name, time = variant.name, times[variant.name]
        operations = floating_point_operations(variant)
        floor = operations / max(peaks.convolution, peaks.matmul)
        half = name.endswith("bf16")  # the peaks are those of fp32
        memory = None if options.no_memory else pass_memory(name, size, width=options.width)
        judge = results[BUNDLED_THREE if name.startswith("bundled") else PUBLISHED]
        rows.append(
            [
                name,
                milliseconds(time),
                ratio(time, times[PUBLISHED]),
                f"{operations / 1e9:.3g}",
                "–" if half else milliseconds(Timing((floor,))),
                "–" if half else f"{time.median / floor:.2f}",
                "–" if memory is None else f"{memory:.0f}",
                f"{100 * agreement(results[name], judge):.3f} %",
            ]
        )
    header = ["variant", "ms", "ratio (range)", "GFLOP", "floor, ms", "time / floor", "MB", "same labels"]
    return SizeReport(title, table(header, rows), times, agreement(results[THREE], results[PUBLISHED]))


def report(options: argparse.Namespace) -> str:
    """Runs everything; the report as Markdown."""
    keep = keep_freed_memory()
    clock = clock_for(busy=options.busy)
    full, (bundled, bundled_name) = networks.full_network(options.width), networks.bundled_network()
    spec = replace(SLIM, width=options.width * SLIM.width, fc_channels=round(512 * options.width))
    photo, street, batch = ((33, 47), (34, 46), 2) if options.tiny else (PHOTO, STREET, 4)
    print("measuring the peaks …", file=sys.stderr)
    peaks = measured_peaks(clock=clock, side=256 if options.tiny else 2048)
    large = size_report(full, bundled, photo, peaks, options, clock)
    small = size_report(full, bundled, street, peaks, options, clock)
    print("measuring upsampling and the training step …", file=sys.stderr)
    ways = upsampling(photo, classes=21, rounds=options.rounds, clock=clock)
    steps = training_step.training_step(spec, street, batch=batch, rounds=options.rounds, clock=clock)
    reference = steps[training_step.REFERENCE]
    step_rows = [[name, milliseconds(time), ratio(time, reference)] for name, time in steps.items()]
    targets = [
        Target(f"three heads / {PUBLISHED}, {large.title}", 0.9, large.ratio(THREE, PUBLISHED)),
        Target(f"three heads / our own 8s alone, {large.title}", 1.05, large.ratio(THREE, ALONE)),
        Target("share of pixels with the published label", 0.9999, large.same_labels, at_least=True),
        Target(f"bundled, three heads / {PUBLISHED}, {small.title}", 0.05, small.ratio(BUNDLED_THREE, PUBLISHED)),
        Target("training step, centered / reference", 0.5, steps[training_step.CENTERED].ratios(reference)[0]),
    ]
    allocator = "keeps freed memory" if keep else "as the system has it (not Linux with glibc)"
    notes = NOTES.format(
        convolution=peaks.convolution / 1e9,
        matmul=peaks.matmul / 1e9,
        bundled=bundled_name,
        published=PUBLISHED,
        width=options.width,
    )
    return "\n\n".join(
        [
            "# Measured speed",
            f"{machine(busy=options.busy)}. Allocator: {allocator}. Median of {options.rounds} rounds; in brackets the "
            "lowest and highest ratio of a round. Use the ratios: milliseconds hold for one machine only.",
            "Made by `python -m benchmarks.inference" + (" --busy" if options.busy else "") + " --write`.",
            "## Targets\n\n" + table(["", "target", "measured", ""], [target.row() for target in targets]),
            f"## Image {large.title} (rows × columns)\n\n{large.text}",
            f"## Image {small.title}\n\n{small.text}",
            notes,
            f"## Upsampling, 21 classes, to {large.title}\n\n{ways}",
            f"## Training step, batch of {batch} at {small.title}, VGG16-BN of width {spec.width:g}\n\n"
            + table(["geometry, layout", "ms", "ratio (range)"], step_rows),
        ]
    )


NOTES = """\
- *{published}*: the published geometry in plain eager mode, contiguous, one head; every ratio is to it. *full* is
  VGG16 at width {width:g}, `reference` alignment, with random seeded weights, the same for all variants. Bundled
  weights: {bundled}.
- *full, three heads*: channels_last and exact windowing (`fcn_core/models/windowing.py`). *8s alone*, *three passes*
  (one for each head) and *bf16* (autocast) are variants of it.
- *floor*: counted operations (a multiply-add is two) over the better of this machine's convolution
  ({convolution:.0f} GFLOP/s) and matrix product ({matmul:.0f} GFLOP/s), both fp32 and measured just before.
- *MB*: what one pass adds at its peak to a process that holds the weights. For *full* most of it is one thing: fc6's
  weights are 411 MB, and PyTorch's convolution works on a reordered copy of them.
- *same labels*: pixels on which the 8s head agrees with {published} (full) or with fp32 (bundled). Random weights
  leave many pixels undecided between two classes, so bf16 looks worse there than with trained ones."""


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inference", description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5, help="rounds that count (default 5)")
    parser.add_argument(
        "--busy", action="store_true", help="CPU time of one thread, for a machine that does other work"
    )
    parser.add_argument(
        "--no-memory", action="store_true", help="leave out the peak memory (a process for each variant)"
    )
    parser.add_argument("--write", action="store_true", help=f"write the report to {RESULTS.name} too")
    parser.add_argument("--tiny", action="store_true", help="a slim network and a small image: does it run at all")
    options = parser.parse_args(arguments)
    options.width = 1 / 16 if options.tiny else 1.0
    text = report(options)
    print(text)
    if options.write:
        write_part("inference", text, RESULTS)


if __name__ == "__main__":
    main()
