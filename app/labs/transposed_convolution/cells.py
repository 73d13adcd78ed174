"""Small maps with a number in every cell, as HTML. No Streamlit here."""

from __future__ import annotations

from html import escape

from torch import Tensor

COLOURS = {"input": "#0072b2", "kernel": "#e69f00", "output": "#009e73", "plain": "#808080", "lost": "#d55e00"}
STYLE = """
.fcn-maps { display: flex; flex-wrap: wrap; gap: .9rem 2rem; align-items: flex-start; }
.fcn-maps figure { margin: 0; max-width: 100%; overflow-x: auto; }
.fcn-maps figcaption { font-size: .875rem; margin-bottom: .25rem; }
.fcn-maps .cells { display: grid; width: max-content; border: 1px solid rgb(128 128 128 / 45%); border-width: 1px 0 0 1px; }
.fcn-maps .cells span { min-width: 2.5rem; height: 2rem; padding: 0 .25rem; display: grid; place-items: center;
  font-size: .82rem; font-variant-numeric: tabular-nums; border: 1px solid rgb(128 128 128 / 45%); border-width: 0 1px 1px 0; }
.fcn-maps sup { font-size: .7em; line-height: 0; }
"""  # noqa: E501


def number(value: float) -> str:
    """At most two decimals; a true minus sign."""
    text = f"{round(value, 2) + 0.0:.2f}".rstrip("0").rstrip(".")
    return text.replace("-", "−")


def maps(items: list[tuple[str, Tensor, str]]) -> str:
    """HTML of maps beside each other: (title, N or H×W numbers, one of COLOURS) each.

    `lost` colours a cell by its size: nothing where it is 0.
    """
    return f"<style>{STYLE}</style><div class='fcn-maps'>{''.join(_map(*item) for item in items)}</div>"


def _map(title: str, values: Tensor, kind: str) -> str:
    rows = values if values.dim() == 2 else values[None]
    most = max(float(rows.abs().max()), 1e-9)
    cells = "".join(
        f"<span style='background:{COLOURS[kind]}{_strength(value, most, kind)}'>{number(value)}</span>"
        for value in rows.flatten().tolist()
    )
    grid = f"<div class='cells' style='grid-template-columns:repeat({rows.shape[1]},auto)'>{cells}</div>"
    return f"<figure><figcaption>{escape(title)}</figcaption>{grid}</figure>"


def _strength(value: float, most: float, kind: str) -> str:
    """Opacity as two hexadecimal digits."""
    return f"{round(110 * abs(value) / most):02x}" if kind == "lost" else "2e"
