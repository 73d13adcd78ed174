"""Write a model as ONNX with free height and width and all heads as outputs, and check it against PyTorch.

The network alone is exported: input `image`, 1×C×H×W float32, preprocessed as the file's metadata say
(`preprocessing`, JSON); outputs `logits_32s`, `logits_16s`, `logits_8s`, 1×K×H×W float32.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from fcn_core.exporting.onnx_trace import LogitsAlone, trace
from fcn_core.segmenting.folding import folded_copy
from fcn_core.weights import LoadedModel, save_checkpoint

SIZES = ((64, 96), (97, 75), (33, 130), (224, 161))
TOLERANCE = 1e-3  # of the logits' standard deviation


@dataclass(frozen=True)
class OnnxReport:
    """What was written, and how far ONNX Runtime and PyTorch are apart.

    max_abs_difference: the largest difference of any logit over all `sizes` (height, width) and heads;
    relative_difference: the same over the logits' standard deviation; label_agreement: share of equal labels.
    """

    path: Path
    size_bytes: int
    opset: int
    heads: tuple[int, ...]
    sizes: tuple[tuple[int, int], ...]
    max_abs_difference: float
    relative_difference: float
    label_agreement: float


class ExportError(ValueError):
    """The file could not be written, or does not compute what the model computes."""


def export_onnx(
    loaded: LoadedModel,
    path: str | Path,
    *,
    heads: Sequence[int] | None = None,
    sizes: Sequence[tuple[int, int]] = SIZES,
    progress: Callable[[str], None] | None = None,
) -> OnnxReport:
    """Export `loaded` to `path` and compare with PyTorch at `sizes`; the file appears only if they agree.

    heads: which heads become outputs, by default all. progress is called with the name of each step.
    Raises ExportError (a ValueError) if the results differ by more than 1e-3 of the logits' standard deviation.
    """
    import onnx

    path = Path(path)
    wanted = tuple(sorted(loaded.heads if heads is None else heads, reverse=True))
    if not wanted or set(wanted) - set(loaded.heads):
        raise ValueError(f"the weights have the heads {loaded.heads}, asked for {wanted}")
    if not path.parent.is_dir():
        raise ExportError(f"{path.parent} is not a folder; make it first, or choose another place")
    say = progress or (lambda step: None)
    model = LogitsAlone(folded_copy(loaded.model).to("cpu"), wanted).eval()
    say("tracing the network")
    # Written beside the target and renamed, so that a failed check or a full disk leaves nothing half-done.
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".onnx-") as folder:
        draft = Path(folder) / "model.onnx"
        try:
            weights = Path(folder) / "network.safetensors"
            save_checkpoint(weights, loaded.model, labels=loaded.labels, preprocessing=loaded.record.preprocessing)
            trace(weights, wanted, draft)
        except RuntimeError as problem:
            raise ExportError(f"the network could not be traced: {problem}") from problem
        proto = onnx.load(str(draft))
        facts = {
            "weights": loaded.record.name,
            "classes": json.dumps(loaded.labels.classes),
            "preprocessing": json.dumps(loaded.record.preprocessing.to_dict()),
        }
        onnx.helper.set_model_props(proto, facts)
        onnx.save(proto, str(draft))
        opset = next(entry.version for entry in proto.opset_import if entry.domain in ("", "ai.onnx"))
        say("comparing with PyTorch")
        absolute, relative, agreement = _compare(model, draft, tuple(sizes))
        if not relative <= TOLERANCE:
            raise ExportError(
                f"ONNX Runtime and PyTorch differ by {absolute:.3g} ({relative:.2g} of the logits' standard deviation, "
                f"{TOLERANCE:g} is allowed); nothing was written"
            )
        os.replace(draft, path)
    return OnnxReport(path, path.stat().st_size, opset, wanted, tuple(sizes), absolute, relative, agreement)


def _compare(model: LogitsAlone, file: Path, sizes: tuple[tuple[int, int], ...]) -> tuple[float, float, float]:
    """(largest difference, the same over the standard deviation, share of equal labels) on seeded noise."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    channels = session.get_inputs()[0].shape[1]
    generator = torch.Generator().manual_seed(0)
    absolute = relative = 0.0
    agreement = 1.0
    for height, width in sizes:
        image = torch.randn(1, channels, height, width, generator=generator)
        with torch.no_grad():
            ours = [logits.numpy() for logits in model(image)]
        theirs = session.run(None, {"image": image.numpy()})
        for a, b in zip(ours, theirs, strict=True):
            if a.shape != b.shape:
                raise ExportError(f"at {height}×{width} the ONNX file returns {b.shape} instead of {a.shape}")
            difference = float(np.abs(a - b).max())
            absolute = max(absolute, difference)
            relative = max(relative, difference / max(float(a.std()), 1e-6))
            agreement = min(agreement, float((a.argmax(1) == b.argmax(1)).mean()))
    return absolute, relative, agreement
