"""The measures as HTML, each with its formula and the present counts in it. No Streamlit here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from app.labs.measures.counts import Counted
from fcn_core.labels import Colour

MOST_TERMS = 4  # of a sum that is written out; the rest is in the table below

STYLE = """<style>
.fcn-tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(11.5rem, 1fr)); gap: .5rem; }
.fcn-tile { border: 1px solid rgb(128 128 128 / 28%); border-radius: .375rem; padding: .45rem .65rem; }
.fcn-tile b { font-size: 1.3rem; font-variant-numeric: tabular-nums; font-weight: 600; }
.fcn-tile .name { font-size: .85rem; font-weight: 600; display: flex; justify-content: space-between; gap: .5rem; }
.fcn-tile .name span { font-weight: 400; opacity: .7; }
.fcn-tile .change { font-size: .85rem; opacity: .75; font-variant-numeric: tabular-nums; margin-left: .35rem; }
.fcn-tile .filled { font-size: .8rem; opacity: .85; font-variant-numeric: tabular-nums; line-height: 1.35; }
.fcn-over { display: inline-flex; flex-direction: column; vertical-align: middle; text-align: center; margin: 0 .1em; }
.fcn-over > :first-child { border-bottom: 1px solid currentColor; padding: 0 .25em; }
.fcn-classes { overflow-x: auto; }
.fcn-classes table { width: 100%; border-collapse: collapse; font-size: .86rem; font-variant-numeric: tabular-nums; }
.fcn-classes :is(td, th) { padding: .24rem .4rem; border-bottom: 1px solid rgb(128 128 128 / 25%); text-align: right;
  font-weight: 400; white-space: nowrap; }
.fcn-classes th { opacity: .75; }
.fcn-classes :is(td, th):first-child { text-align: left; padding-left: 0; }
.fcn-classes i { display: inline-block; width: .8em; height: .8em; border-radius: 2px; margin-right: .4em; }
.fcn-classes .quiet { opacity: .7; }
</style>"""


def tiles(counted: Counted, before: Counted, classes: Sequence[str]) -> str:
    """Five measures: value, change since `before`, formula, and the formula with the counts of now."""
    s, b, total = counted.scores, before.scores, int(counted.true.sum())
    hits, true = int(counted.hit.sum()), counted.true
    in_truth = [i for i in counted.present if true[i]]
    weighted = [f"{true[i]:,}·{_part(s.iou[i])}" for i in in_truth]
    shown = [
        ("PA", "pixel accuracy", s.pa, b.pa, over("Σ nᵢᵢ", "Σ tᵢ"), over(f"{hits:,}", f"{total:,}")),
        ("MPA", "mean accuracy", s.mpa, b.mpa, "mean of nᵢᵢ / tᵢ",
         over(_sum([_part(s.accuracy[i]) for i in in_truth]), f"{len(in_truth)} true classes")),
        ("mIoU", "mean IoU", s.miou, b.miou, "mean of nᵢᵢ / (tᵢ + pᵢ − nᵢᵢ)",
         over(_sum([_part(s.iou[i]) for i in counted.present]), f"{len(counted.present)} classes")),
        ("FWIoU", "weighted by tᵢ", s.fwiou, b.fwiou, over("Σ tᵢ · IoUᵢ", "Σ tᵢ"),
         over(_sum(weighted, 2), f"{total:,}")),
        ("Boundary IoU", f"band {counted.d} px", counted.boundary.mean, before.boundary.mean, "mean of band IoU",
         over(_sum([_part(v) for v in counted.boundary.iou if not math.isnan(v)]),
              f"{sum(e > 0 for e in counted.boundary.either)} classes")),
    ]  # fmt: skip
    return "<div class='fcn-tiles'>" + "".join(_tile(*one) for one in shown) + "</div>"


def _tile(name: str, words: str, value: float, before: float, formula: str, filled: str) -> str:
    change = "" if math.isnan(value - before) else f"({100 * (value - before):+.1f})".replace("-", "−")
    return (
        f"<div class='fcn-tile' data-measure='{name}'><div class='name'>{name}<span>{words}</span></div>"
        f"<b>{percent(value)}</b><span class='change'>{change}</span>"
        f"<div class='filled'>{formula} = {filled}</div></div>"
    )


def class_table(counted: Counted, classes: Sequence[str], colours: Sequence[Colour]) -> str:
    """A row a class that is there: counts, accuracy, IoU with the counts filled in, boundary IoU."""
    heads = ("class", "n", "t", "p", "accuracy", "IoU = n / (t + p − n)", "", "boundary IoU", "")
    rows = []
    for i in counted.present:
        n, t, p = (int(of[i]) for of in (counted.hit, counted.true, counted.said))
        swatch = f"<i style='background:rgb{tuple(colours[i])}'></i>"
        both, either = counted.boundary.both[i], counted.boundary.either[i]
        cells = (
            swatch + escape(classes[i]), f"{n:,}", f"{t:,}", f"{p:,}", percent(counted.scores.accuracy[i]),
            f"<span class='quiet'>{n:,} / {t + p - n:,} =</span>", percent(counted.scores.iou[i]),
            f"<span class='quiet'>{both:,} / {either:,} =</span>", percent(counted.boundary.iou[i]),
        )  # fmt: skip
        rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>")
    absent = [classes[i] for i in range(len(classes)) if i not in counted.present]
    if absent:
        names = escape(", ".join(absent[:6]) + (f" and {len(absent) - 6} more" if len(absent) > 6 else ""))
        rows.append(f"<tr><td colspan='9' style='text-align:left;white-space:normal' class='quiet'>In neither map: "
                    f"{names}</td></tr>")  # fmt: skip
    top = "<tr>" + "".join(f"<th>{head}</th>" for head in heads) + "</tr>"
    return f"<div class='fcn-classes'><table>{top}{''.join(rows)}</table></div>"


def over(top: str, bottom: str) -> str:
    """A fraction."""
    return f"<span class='fcn-over'><span>{top}</span><span>{bottom}</span></span>"


def percent(value: float) -> str:
    """A share, 0-1, in percent with one digit; a dash for nan."""
    return "–" if math.isnan(value) else f"{100 * value:.1f} %"


def _part(value: float) -> str:
    return "0" if value == 0 else "1" if value == 1 else f"{value:.3f}".removeprefix("0")


def _sum(terms: Sequence[str], most: int = MOST_TERMS) -> str:
    return " + ".join(terms) if len(terms) <= most else " + ".join(terms[:most]) + " + …"
