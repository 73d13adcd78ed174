"""Kernels painted in a row, on one colour scale, small ones with their numbers. No Streamlit here."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from app.parts.pictures import encode
from fcn_core.draw import colour_map

MOST_NUMBERS = 6  # sides above this are painted without numbers

STYLE = """
.fcn-kernels { display: flex; flex-wrap: wrap; gap: .8rem 1.4rem; }
.fcn-kernels figure { margin: 0; flex: 0 1 11.5rem; min-width: 8.5rem; }
.fcn-kernels figcaption { font-size: .85rem; margin-top: .3rem; }
.fcn-kernels .name { font-weight: 600; font-size: .875rem; margin: 0 0 .25rem; }
.fcn-kernels .grid { display: grid; aspect-ratio: 1; gap: 1px; }
.fcn-kernels .grid span { display: flex; align-items: center; justify-content: center; overflow: hidden;
  font-size: .64rem; font-variant-numeric: tabular-nums; }
.fcn-kernels img { display: block; width: 100%; image-rendering: pixelated; }
"""


def kernel_row(items: Sequence[tuple[str, np.ndarray, str]], *, most: float | None = None) -> str:
    """HTML of kernels side by side: (title, k×k weights, caption) each.

    most: the weight at the end of the scale; without it the largest there is. Negative weights switch all of them to
    a diverging scale with white at zero.
    """
    top = most if most is not None else max(float(np.abs(weights).max()) for _, weights, _ in items)
    signed = any(float(weights.min()) < -1e-3 * top for _, weights, _ in items)
    figures = "".join(
        f"<figure><p class='name'>{escape(title)}</p>{_painted(weights, top or 1.0, signed, title)}"
        f"<figcaption>{escape(caption)}</figcaption></figure>"
        for title, weights, caption in items
    )
    return f"<style>{STYLE}</style><div class='fcn-kernels'>{figures}</div>"


def _painted(weights: np.ndarray, top: float, signed: bool, title: str) -> str:
    shares = np.clip(weights / top, -1 if signed else 0, 1).astype(np.float32)
    colours = colour_map(shares, "diverging" if signed else "viridis")
    size = len(weights)
    if size > MOST_NUMBERS:
        return f"<img src='{encode(colours).src}' alt='{escape(title)}, {size}×{size} weights'>"
    cells = []
    for colour, value in zip(colours.reshape(-1, 3).astype(int), weights.ravel(), strict=True):
        ink = "#000" if colour @ (299, 587, 114) > 140_000 else "#fff"
        style = "background:#{:02x}{:02x}{:02x};color:{}".format(*colour, ink)
        cells.append(f"<span style='{style}'>{short_number(float(value), 4 if size <= 4 else 2)}</span>")
    return f"<div class='grid' style='grid-template-columns:repeat({size},1fr)'>{''.join(cells)}</div>"


def short_number(value: float, digits: int) -> str:
    """So many decimals at most: 0.0625, 1, −0.04."""
    text = f"{value:.{digits}f}".rstrip("0").rstrip(".")
    return "0" if text in ("-0", "0", "") else text.replace("-", "−")
