"""A one-page HTML report of one photo: self-contained, readable offline, in light and dark.

Pictures are inside the page as data addresses, shrunk to `SIDE` pixels; numbers are those of the full size.
"""

from __future__ import annotations

import base64
import io
import math
from datetime import UTC, datetime
from html import escape

import cv2
import numpy as np
from PIL import Image

from fcn_core.draw import colour_map, colourise, error_map, overlay, thumbnail, void_colour
from fcn_core.metrics import MEASURES, ConfusionMatrix, Scores
from fcn_core.pictures.images import png_bytes
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.weights import WeightRecord

SIDE = 900

STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #59636e; --line: #d5dae0; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --paper: #14171a; --soft: #a5adb6; --line: #363c43; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  max-width: 1000px; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; overflow-wrap: anywhere; } h2 { font-size: 1.1rem; margin-top: 2rem; }
figure { margin: 0; } figcaption, .soft { color: var(--soft); font-size: .9rem; }
.pictures { display: grid; grid-template-columns: repeat(auto-fit, minmax(280px, 1fr)); gap: 1rem; }
img { width: 100%; height: auto; display: block; } .crisp { image-rendering: pixelated; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); }
td.n, th.n { text-align: right; } .chip { display: inline-block; width: .9em; height: .9em; margin-right: .5em;
  border: 1px solid var(--line); vertical-align: -.1em; }
@media print { body { margin: 0; } figure { break-inside: avoid; } }
"""


def report_html(
    result: SegmentationResult,
    head: int,
    *,
    name: str = "",
    truth: np.ndarray | None = None,
    record: WeightRecord | None = None,
    when: datetime | None = None,
    safe: bool = False,
) -> str:
    """The report as one HTML document.

    name: the photo's file name. truth: its ground truth H×W uint8 with VOID, for metrics and the error map.
    record: the weights, for what they know and their licence. when: the time on the page (now, UTC, by default).
    safe: draw in the colour-blind-safe palette.
    """
    if head not in result.scores:
        raise ValueError(f"head {head}s was not computed; this result has {', '.join(f'{h}s' for h in result.heads)}")
    height, width = result.image.shape[:2]
    title = escape(name or "Photo")
    when = when or datetime.now(UTC)
    weights = escape(record.title if record else result.weights)
    facts = [
        ("Photo", f"{width} × {height} pixels" + (", segmented in overlapping tiles" if result.tiled else "")),
        ("Weights", weights + (f" ({escape(result.weights)})" if record and result.weights else "")),
        ("Classes", escape(result.labels.title)),
        ("Head shown", f"{head}s"),
    ]
    if record:
        facts += [("Knows", escape(record.knows)), ("Licence", escape(record.licence))]
    if result.timings:
        facts.append(("Time", ", ".join(f"{escape(step)} {ms:.0f} ms" for step, ms in result.timings.items())))
    facts.append(("Made", when.strftime("%Y-%m-%d %H:%M %Z")))
    rows = "".join(f"<tr><th>{key}</th><td>{value}</td></tr>" for key, value in facts if value)
    parts = [f"<h1>Segmentation of {title}</h1>", f"<table>{rows}</table>", _pictures(result, head, truth, safe)]
    if truth is not None:
        parts.append(_metrics_section(result, truth))
    parts.append(_shares_section(result, safe))
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Segmentation of {title}</title><style>{STYLE}</style></head><body>\n"
        + "\n".join(parts)
        + "\n</body></html>\n"
    )


def _pictures(result: SegmentationResult, head: int, truth: np.ndarray | None, safe: bool) -> str:
    colours, void = result.labels.colours(safe=safe), void_colour(result.labels)
    photo = thumbnail(result.image, SIDE)
    label_map = _small(result.label_maps[head], photo)
    confidence = colour_map(_small(result.confidence(head).astype(np.float32), photo), "cividis")
    figures = [
        _figure("Photo", _jpeg(photo)),
        _figure(f"Classes over the photo, head {head}s", _jpeg(overlay(photo, label_map, colours, 0.55))),
        _figure("Confidence: dark blue 0, yellow 1", _png(confidence)),
    ]
    for other in result.heads:
        drawn = colourise(_small(result.label_maps[other], photo), colours, void=void)
        figures.append(_figure(f"Label map, head {other}s", _png(drawn), crisp=True))
    if truth is not None:
        drawn = colourise(_small(truth, photo), colours, void=void)
        figures.append(_figure("Ground truth", _png(drawn), crisp=True))
        errors = error_map(_small(truth, photo), label_map)
        figures.append(
            _figure(f"Errors of head {head}s: orange wrong, pale right, dark void", _png(errors), crisp=True)
        )
    return f'<h2>Pictures</h2><div class="pictures">{"".join(figures)}</div>'


def _shares_section(result: SegmentationResult, safe: bool) -> str:
    shares = {head: result.shares(head) for head in result.heads}
    order = np.argsort(-shares[min(result.heads)], kind="stable")
    header = "".join(f'<th class="n">{head}s</th>' for head in result.heads)
    rows = []
    for index in order:
        cells = "".join(f'<td class="n">{100 * shares[head][index]:.2f} %</td>' for head in result.heads)
        rgb = ",".join(map(str, result.labels.colours(safe=safe)[index]))
        chip = f'<span class="chip" style="background:rgb({rgb})"></span>'
        rows.append(f"<tr><td>{chip}{escape(result.labels.classes[index])}</td>{cells}</tr>")
    return f"<h2>Share of the pixels</h2><table><tr><th>Class</th>{header}</tr>{''.join(rows)}</table>"


def _metrics_section(result: SegmentationResult, truth: np.ndarray) -> str:
    scores: dict[int, Scores] = {}
    for head in result.heads:
        matrix = ConfusionMatrix(len(result.labels))
        matrix.update(truth, result.label_maps[head])
        scores[head] = matrix.scores()
    header = "".join(f'<th class="n">{head}s</th>' for head in result.heads)
    rows = [
        _metric_row(measure.title, [getattr(scores[head], name) for head in result.heads])
        for name, measure in MEASURES.items()
    ]
    rows += [
        _metric_row(f"IoU {escape(cls)}", [scores[head].iou[index] for head in result.heads])
        for index, cls in enumerate(result.labels.classes)
        if any(not math.isnan(scores[head].iou[index]) for head in result.heads)
    ]
    note = "Void pixels are not counted; a class absent from ground truth and prediction is left out of the means."
    return (
        f"<h2>Against the ground truth</h2><table><tr><th>Measure</th>{header}</tr>{''.join(rows)}</table>"
        f'<p class="soft">{note}</p>'
    )


def _metric_row(title: str, values: list[float]) -> str:
    cells = "".join(f'<td class="n">{"–" if math.isnan(v) else f"{100 * v:.1f} %"}</td>' for v in values)
    return f"<tr><td>{title}</td>{cells}</tr>"


def _figure(caption: str, address: str, *, crisp: bool = False) -> str:
    kind = ' class="crisp"' if crisp else ""
    return f'<figure><img{kind} src="{address}" alt="{caption}"><figcaption>{caption}</figcaption></figure>'


def _small(plane: np.ndarray, like: np.ndarray) -> np.ndarray:
    """A map at the size of the shrunk photo; class indices are picked, never mixed."""
    size = (like.shape[1], like.shape[0])
    return plane if plane.shape == like.shape[:2] else cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST)


def _png(picture: np.ndarray) -> str:
    return "data:image/png;base64," + base64.b64encode(png_bytes(picture)).decode("ascii")


def _jpeg(picture: np.ndarray) -> str:
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, format="JPEG", quality=88)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
