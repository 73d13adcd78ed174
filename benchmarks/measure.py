"""Timing of variants against each other: in turns, so that a slow minute of the machine hits all of them alike."""

from __future__ import annotations

import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch

Clock = Callable[[], float]


@dataclass(frozen=True)
class Timing:
    """Seconds of every round of one variant."""

    samples: tuple[float, ...]

    @property
    def median(self) -> float:
        return statistics.median(self.samples)

    def ratios(self, base: Timing) -> tuple[float, float, float]:
        """Median, lowest and highest ratio to `base`, compared round by round."""
        pairs = sorted(a / b for a, b in zip(self.samples, base.samples, strict=True))
        return statistics.median(pairs), pairs[0], pairs[-1]


def interleave(variants: Mapping[str, Callable[[], object]], *, rounds: int, clock: Clock) -> dict[str, Timing]:
    """Runs A B C A B C …: one round that is thrown away, then `rounds` that count."""
    if rounds < 1:
        raise ValueError(f"expected at least one round, got {rounds}")
    samples: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds + 1):
        for name, run in variants.items():
            start = clock()
            run()
            samples[name].append(clock() - start)
    return {name: Timing(tuple(values[1:])) for name, values in samples.items()}


def clock_for(*, busy: bool) -> Clock:
    """Wall clock; for a `busy` machine CPU time on one thread, which other programs' turns do not lengthen."""
    if busy:
        torch.set_num_threads(1)
        return time.process_time
    return time.perf_counter


def milliseconds(timing: Timing) -> str:
    value = 1e3 * timing.median
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def ratio(timing: Timing, base: Timing) -> str:
    median, low, high = timing.ratios(base)
    return f"{median:.3f} ({low:.3f}–{high:.3f})"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table with aligned columns, the first to the left and the others to the right."""
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(w) if i == 0 else cell.rjust(w) for i, (cell, w) in enumerate(zip(cells, widths, strict=True))
        ]
        return "| " + " | ".join(padded) + " |"

    rule = "|" + "|".join("-" * (w + 1) + ("-" if i == 0 else ":") for i, w in enumerate(widths)) + "|"
    return "\n".join([line(lines[0]), rule, *[line(cells) for cells in lines[1:]]])


def machine(*, busy: bool) -> str:
    """One line about where this was measured."""
    cpu = platform.processor() or platform.machine()
    try:
        with open("/proc/cpuinfo") as info:
            cpu = next((line.split(":", 1)[1].strip() for line in info if line.startswith("model name")), cpu)
    except OSError:
        pass
    clock = "CPU time of one thread" if busy else f"wall clock, {torch.get_num_threads()} threads"
    load = f"{os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else "?"
    instructions = torch.backends.cpu.get_cpu_capability()
    return f"{cpu} ({instructions}), {os.cpu_count()} cores, load {load}, torch {torch.__version__}; {clock}"
