"""Trace a network into an ONNX program, in a process of its own.

PyTorch's tracer changes state of the whole process while it works: two traces at once break each other ("SymInt is not
tracked with proxy"), and other threads fail in as little as `torch.manual_seed` (KeyError 'custom'). An app has such
threads, so nothing is traced in the process that asks: `trace` starts `python -m fcn_core.exporting.onnx_trace`.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from fcn_core.machine.home import import_path


class LogitsAlone(nn.Module):
    """A network with a plain tuple of logits N×K×H×W as its output, one for each of `heads`."""

    def __init__(self, model: nn.Module, heads: tuple[int, ...]) -> None:
        super().__init__()
        self.model, self.heads = model, heads

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        logits = self.model(image, heads=self.heads).logits
        return tuple(logits[head] for head in self.heads)


def trace(network: LogitsAlone, channels: int, file: Path) -> None:
    """Write `network`, which takes 1×channels×H×W float32 of any H and W, to `file`; RuntimeError says why not.

    The network is handed over beside `file`, in a folder that should be the caller's own.
    """
    handed = file.with_suffix(".pt")
    torch.save(network, handed)
    words = [sys.executable, "-m", "fcn_core.exporting.onnx_trace", str(handed), str(channels), str(file)]
    environment = {**os.environ, "PYTHONPATH": import_path()}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, errors="replace")
    handed.unlink()
    if done.returncode or not file.is_file():
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise RuntimeError(said[-1] if said else f"the tracing process ended with code {done.returncode}")


def main(words: Sequence[str]) -> None:
    """In the process of its own: network file, channels, ONNX file."""
    handed, channels, file = words
    network: LogitsAlone = torch.load(handed, weights_only=False)  # written by `trace` a moment ago
    free = {2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
    with torch.no_grad():
        program = torch.onnx.export(
            network.eval(),
            (torch.zeros(1, int(channels), 160, 224),),
            input_names=["image"],
            output_names=[f"logits_{head}s" for head in network.heads],
            dynamic_shapes=(free,),
            dynamo=True,
            verbose=False,
        )
    assert program is not None
    program.save(file, external_data=False)


if __name__ == "__main__":
    try:
        main(sys.argv[1:])
    except Exception as problem:  # the exporter's own words are advice to its developers; the cause says what is wrong
        sys.exit(" ".join(str(problem.__cause__ or problem).split()))
