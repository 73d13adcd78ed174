"""The ONNX file computes what the network computes, at sizes that it was not traced with."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from segmenters import tiny_weights

from fcn_core.exporting.onnx_file import ExportError, export_onnx


@pytest.mark.parametrize("alignment", ["centered", "reference"])
def test_onnx_equals_torch_at_other_sizes(alignment: str, tmp_path: Path) -> None:
    weights = tiny_weights(alignment=alignment)
    path = tmp_path / "net.onnx"
    report = export_onnx(weights, path)
    assert report.path == path and report.size_bytes == path.stat().st_size and report.heads == (32, 16, 8)
    assert report.relative_difference < 1e-3 and report.label_agreement > 0.999 and len(report.sizes) >= 4
    assert [p.name for p in tmp_path.iterdir()] == ["net.onnx"]
    onnx.checker.check_model(str(path))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    assert [out.name for out in session.get_outputs()] == ["logits_32s", "logits_16s", "logits_8s"]
    meta = session.get_modelmeta().custom_metadata_map
    assert json.loads(meta["classes"])[2] == "pole" and json.loads(meta["preprocessing"])["channel_order"] == "RGB"
    x = torch.randn(1, 3, 51, 200, generator=torch.Generator().manual_seed(9))
    with torch.no_grad():
        ours = weights.model(x).logits
    for head, theirs in zip((32, 16, 8), session.run(None, {"image": x.numpy()}), strict=True):
        np.testing.assert_allclose(theirs, ours[head], atol=1e-3 * float(ours[head].std()))


def test_exports_and_other_work_in_threads_do_not_meet(tmp_path: Path) -> None:
    """In one process two traces break each other, and whoever seeds a generator meanwhile gets a KeyError."""
    ended = threading.Event()

    def seed() -> int:
        count = 0
        while not ended.wait(0.001):
            torch.manual_seed(count)
            count += 1
        return count

    weights = tiny_weights(heads=(32,))
    with ThreadPoolExecutor(3) as threads:
        seeded = threads.submit(seed)
        exports = [threads.submit(export_onnx, weights, tmp_path / name, sizes=[(40, 50)]) for name in ("a", "b")]
        try:
            assert all(export.result().label_agreement > 0.999 for export in exports)
        finally:
            ended.set()
        assert seeded.result() > 0


def test_what_the_tracer_says_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    weights = tiny_weights(heads=(32,))
    monkeypatch.setattr("fcn_core.exporting.onnx_file.save_checkpoint", lambda path, *_, **__: path.write_text("no"))
    with pytest.raises(ExportError, match="could not be traced: .*header"):
        export_onnx(weights, tmp_path / "net.onnx")
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_differs_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fcn_core.exporting.onnx_file.TOLERANCE", 0.0)
    with pytest.raises(ExportError, match="nothing was written"):
        export_onnx(tiny_weights(heads=(8,)), tmp_path / "net.onnx", sizes=[(40, 50)])
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="asked for"):
        export_onnx(tiny_weights(heads=(32,)), tmp_path / "net.onnx", heads=[8])
    with pytest.raises(ExportError, match="not a folder"):
        export_onnx(tiny_weights(), tmp_path / "absent" / "net.onnx")
