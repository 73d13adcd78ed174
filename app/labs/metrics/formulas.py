"""The measures as HTML, each with its formula and the present counts in it. No Streamlit here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from app.labs.metrics.counts import CountedPixels
from app.parts.words import percent
from fcn_core.labels import Colour

STYLE = """<style>
.fcn-tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.2rem, 1fr)); gap: .5rem; }
.fcn-tile { border: 1px solid rgb(128 128 128 / 28%); border-radius: .375rem; padding: .45rem .65rem; }
.fcn-tile b { font-size: 1.3rem; font-variant-numeric: tabular-nums; font-weight: 600; }
.fcn-tile .name { font-size: .85rem; font-weight: 600; display: flex; justify-content: space-between; gap: .5rem; }
.fcn-tile .name span { font-weight: 400; opacity: .7; }
.fcn-tile .change { font-size: .85rem; opacity: .75; font-variant-numeric: tabular-nums; margin-left: .35rem; }
.fcn-tile .filled { font-size: .8rem; opacity: .85; font-variant-numeric: tabular-nums; line-height: 1.35;
  margin-top: .15rem; }
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
.fcn-written { font-size: .9rem; line-height: 2.1; overflow-wrap: anywhere; }
.fcn-written .fcn-over { line-height: 1.3; font-size: .85em; font-variant-numeric: tabular-nums; }
</style>"""


def tiles(counted: CountedPixels, before: CountedPixels) -> str:
    """Five measures: value, change since `before`, formula, and the formula with the sums of now."""
    s, b, total = counted.scores, before.scores, int(counted.true.sum())
    in_truth, there = [i for i in counted.present if counted.true[i]], counted.present
    bands = [value for value in counted.boundary.iou if not math.isnan(value)]
    weighted = sum(counted.true[i] * s.iou[i] for i in in_truth)
    shown = [
        ("PA", "pixel accuracy", s.pa, b.pa, over("Σ nᵢ", "Σ tᵢ"), over(f"{counted.hit.sum():,}", f"{total:,}")),
        ("MPA", "mean accuracy", s.mpa, b.mpa, over("Σ nᵢ / tᵢ", "K true"),
         over(f"{sum(s.accuracy[i] for i in in_truth):.3f}", str(len(in_truth)))),
        ("mIoU", "mean IoU", s.miou, b.miou, over("Σ IoUᵢ", "K"),
         over(f"{sum(s.iou[i] for i in there):.3f}", str(len(there)))),
        ("FWIoU", "weighted by t", s.fwiou, b.fwiou, over("Σ tᵢ · IoUᵢ", "Σ tᵢ"),
         over(f"{weighted:,.0f}", f"{total:,}")),
        ("Boundary IoU", f"{counted.d} px", counted.boundary.mean, before.boundary.mean, over("Σ band IoUᵢ", "K"),
         over(f"{sum(bands):.3f}", str(len(bands)))),
    ]  # fmt: skip
    return "<div class='fcn-tiles'>" + "".join(_tile(*one) for one in shown) + "</div>"


def written_out(counted: CountedPixels, classes: Sequence[str]) -> str:
    """Every formula with all its counts, as HTML."""
    s, there = counted.scores, counted.present
    n, t, p = counted.hit.tolist(), counted.true.tolist(), counted.said.tolist()
    in_truth = [i for i in there if t[i]]
    bands = [i for i, either in enumerate(counted.boundary.either) if either]
    b = counted.boundary
    lines = [
        ("PA = Σ nᵢ / Σ tᵢ", over(" + ".join(f"{n[i]:,}" for i in in_truth), " + ".join(f"{t[i]:,}" for i in in_truth)),
         s.pa),
        ("MPA = mean of nᵢ / tᵢ", _mean([over(f"{n[i]:,}", f"{t[i]:,}") for i in in_truth]), s.mpa),
        ("mIoU = mean of nᵢ / (tᵢ + pᵢ − nᵢ)",
         _mean([over(f"{n[i]:,}", f"{t[i]:,} + {p[i]:,} − {n[i]:,}") for i in there]), s.miou),
        ("FWIoU = Σ tᵢ · IoUᵢ / Σ tᵢ",
         over(" + ".join(f"{t[i]:,}·{s.iou[i]:.3f}" for i in in_truth), f"{sum(t):,}"), s.fwiou),
        (f"Boundary IoU = mean of |both bands| / |either band|, {b.d} px",
         _mean([over(f"{b.both[i]:,}", f"{b.either[i]:,}") for i in bands]), b.mean),
    ]  # fmt: skip
    names = escape(", ".join(classes[i] for i in there))
    body = "".join(f"<p><b>{name}</b> = {filled} = <b>{percent(value)}</b></p>" for name, filled, value in lines)
    return f"<div class='fcn-written'>{body}<p>Terms in the order {names}.</p></div>"


def _mean(terms: Sequence[str]) -> str:
    return f"( {' + '.join(terms)} ) / {len(terms)}"


def _tile(name: str, words: str, value: float, before: float, formula: str, filled: str) -> str:
    change = "" if math.isnan(value - before) else f"({100 * (value - before):+.1f})".replace("-", "−")
    return (
        f"<div class='fcn-tile' data-measure='{name}'><div class='name'>{name}<span>{words}</span></div>"
        f"<b>{percent(value)}</b><span class='change'>{change}</span>"
        f"<div class='filled'>{formula} = {filled}</div></div>"
    )


def class_table(counted: CountedPixels, classes: Sequence[str], colours: Sequence[Colour]) -> str:
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
