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
from fcn_core.models.description import head_name
from fcn_core.segmenting.folding import folded_copy
from fcn_core.weights import load


class LogitsAlone(nn.Module):
    """A network with a plain tuple of logits N×K×H×W as its output, one for each of `heads`."""

    def __init__(self, model: nn.Module, heads: tuple[int, ...]) -> None:
        super().__init__()
        self.model, self.heads = model, heads

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        logits = self.model(image, heads=self.heads).logits
        return tuple(logits[head] for head in self.heads)


def trace(weights: Path, heads: tuple[int, ...], file: Path) -> None:
    """Write the network of a weights file of ours to `file` as ONNX of any height and width, batch norms folded.

    heads: which become outputs. RuntimeError says why it could not be traced.
    """
    words = [sys.executable, "-m", "fcn_core.exporting.onnx_trace", str(weights), str(file), *map(str, heads)]
    environment = {**os.environ, "PYTHONPATH": import_path()}
    done = subprocess.run(words, env=environment, capture_output=True, text=True, errors="replace")
    if done.returncode or not file.is_file():
        said = [line for line in done.stderr.splitlines() if line.strip()]
        raise RuntimeError(said[-1] if said else f"the tracing process ended with code {done.returncode}")


def main(words: Sequence[str]) -> None:
    """In the process of its own: weights file, ONNX file, heads."""
    weights, file, *heads = words
    loaded = load(weights)
    network = LogitsAlone(folded_copy(loaded.model), tuple(map(int, heads))).eval()
    free = {2: torch.export.Dim.DYNAMIC, 3: torch.export.Dim.DYNAMIC}
    with torch.no_grad():
        program = torch.onnx.export(
            network,
            (torch.zeros(1, loaded.record.preprocessing.channels, 160, 224),),
            input_names=["image"],
            output_names=[f"logits_{head}" for head in map(head_name, network.heads)],
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
