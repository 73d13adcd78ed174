"""A table of bars in plain HTML: one row a class, one thin bar a series, the number behind each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

SERIES = ("#8a939c", "#d98200", "#2b7bba")  # grey, orange, blue: apart in lightness and under colour blindness
STYLE = """
.fcn-bars { width: 100%; border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
.fcn-bars :is(td, th) { padding: .3rem .45rem; border-bottom: 1px solid rgb(128 128 128 / 25%); text-align: right;
  font-weight: 400; vertical-align: middle; }
.fcn-bars th { opacity: .75; }
.fcn-bars :is(td, th):first-child { text-align: left; padding-left: 0; }
.fcn-bars td.bars { width: 55%; text-align: left; }
.fcn-bars .one { display: flex; align-items: center; gap: .4rem; line-height: 1.15; }
.fcn-bars .track { flex: 1; height: .5rem; background: rgb(128 128 128 / 13%); }
.fcn-bars .bar { display: block; height: 100%; min-width: 1px; }
.fcn-bars .value { width: 3.1rem; text-align: right; font-size: .85rem; }
.fcn-bars .swatch { display: inline-block; width: .7rem; height: .7rem; margin: 0 .3rem 0 0; }
.fcn-bars-legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; font-size: .92rem; margin-bottom: .4rem; }
.fcn-bars-legend i { display: inline-block; width: 1.1rem; height: .5rem; margin-right: .4rem; }
@media (max-width: 500px) { .fcn-bars td.bars { width: 48%; } .fcn-bars :is(td, th) { padding: .3rem .25rem; } }
"""


@dataclass(frozen=True)
class BarRow:
    """One row. swatch: a CSS colour before the title, "" for none. numbers: text columns. values: bars, 0-1 or nan."""

    title: str
    swatch: str
    numbers: tuple[str, ...]
    values: tuple[float, ...]


def bar_table(heads: Sequence[str], series: Sequence[str], rows: Sequence[BarRow]) -> str:
    """HTML: a legend of the series, then the rows. heads: titles of the first column, the numbers and the bars."""
    legend = "".join(
        f"<span><i style='background:{colour}'></i>{escape(name)}</span>"
        for name, colour in zip(series, SERIES, strict=False)
    )
    top = "<tr>" + "".join(f"<th>{escape(head)}</th>" for head in heads) + "</tr>"
    body = "".join(_row(row) for row in rows)
    return (
        f"<style>{STYLE}</style><div class='fcn-bars-legend'>{legend}</div><table class='fcn-bars'>{top}{body}</table>"
    )


def _row(row: BarRow) -> str:
    swatch = f"<span class='swatch' style='background:{row.swatch}'></span>" if row.swatch else ""
    numbers = "".join(f"<td>{escape(number)}</td>" for number in row.numbers)
    bars = "".join(_bar(value, colour) for value, colour in zip(row.values, SERIES, strict=False))
    return f"<tr><td>{swatch}{escape(row.title)}</td>{numbers}<td class='bars'>{bars}</td></tr>"


def _bar(value: float, colour: str) -> str:
    if math.isnan(value):
        return "<div class='one'><span class='track'></span><span class='value'>–</span></div>"
    width = 100 * min(max(value, 0.0), 1.0)
    return (
        f"<div class='one'><span class='track'><span class='bar' style='width:{width:.1f}%;background:{colour}'>"
        f"</span></span><span class='value'>{100 * value:.1f}</span></div>"
    )
