"""Peak memory of one pass, each variant in a process of its own. Linux only: it reads /proc/self/status."""

from __future__ import annotations

import argparse
import gc
import subprocess
import sys
from pathlib import Path

import torch

from benchmarks.networks import bundled_network, bundled_variants, full_network, full_variants
from fcn_core.machine.allocator import keep_freed_memory

ROOT = Path(__file__).resolve().parent.parent


def pass_memory(name: str, size: tuple[int, int], *, width: float = 1.0) -> float | None:
    """MB that one pass of a variant adds at its peak to the process with its weights; None where it can't be read."""
    if not sys.platform.startswith("linux"):
        return None
    command = [sys.executable, "-m", "benchmarks.memory", name, *map(str, size), "--width", str(width)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"measuring the memory of {name!r} failed:\n{done.stderr.strip()}")
    return float(done.stdout)


def _resident(field: str) -> float:
    """VmRSS or VmHWM (its peak) in MB. Not getrusage: its peak starts from that of the parent process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) / 1000
    raise RuntimeError(f"no {field} in /proc/self/status")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("variant")
    parser.add_argument("size", type=int, nargs=2, help="height and width")
    parser.add_argument("--width", type=float, default=1.0)
    options = parser.parse_args()
    size = tuple(options.size)
    if options.variant.startswith("bundled"):
        variants = bundled_variants(bundled_network()[0], size)
    else:
        variants = full_variants(full_network(options.width), size)
    run = {variant.name: variant.run for variant in variants}[options.variant]
    gc.collect()
    keep_freed_memory()  # only now: what building the networks freed has gone back
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before = _resident("VmRSS")
    with torch.inference_mode():
        run()
    print(_resident("VmHWM") - before)


if __name__ == "__main__":
    main()
