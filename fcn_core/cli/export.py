"""`export`: a network as an ONNX file, checked against torch."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from fcn_core.cli.console import STDOUT, JsonOption, say, write_json, wrong
from fcn_core.cli.models import HeadOption, WeightsOption, choose_heads, open_weights


def export(
    weights: WeightsOption = "streets",
    out: Annotated[Path | None, typer.Option(help="The file to write. Default: NAME.onnx.", dir_okay=False)] = None,
    head: HeadOption = "all",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace an existing file.")] = False,
    json: JsonOption = None,
) -> None:
    """Write a network as ONNX, for photos of any size, and check it against torch."""
    from fcn_core.exporting.onnx_file import export_onnx

    loaded = open_weights(weights)
    heads = choose_heads(head, loaded)
    path = (out or Path(f"{loaded.record.name}.onnx")).expanduser()
    if path.exists() and not overwrite:
        raise wrong("--out", f"{path} exists already; --overwrite replaces it")
    path.parent.mkdir(parents=True, exist_ok=True)
    report = export_onnx(loaded, path, heads=heads, progress=say)
    if json != STDOUT:
        sizes = ", ".join(f"{height}×{width}" for height, width in report.sizes)
        print(f"{report.path}  {report.size_bytes / 1e6:.1f} MB, opset {report.opset}, any height and width")
        print(
            f"checked against torch at {sizes}: largest difference {report.max_abs_difference:.2g} "
            f"({report.relative_difference:.2g} of their deviation), labels agree on {report.label_agreement:.3%}"
        )
    write_json(asdict(report), json)
