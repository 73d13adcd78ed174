"""Charts of the Alignment lab as SVG: the browser shows them at once, and a moving slider changes them often."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from fcn_core.analysis.aligning.shift import Slip

LINES = (("pa", "pixel accuracy", "#56b4e9"), ("miou", "mean IoU", "#e69f00"), ("band", "near boundaries", "#009e73"))
WIDE, HIGH, LEFT, TOP, RIGHT, FOOT = 460, 250, 42, 26, 10, 44


def slip_chart(points: Sequence[Slip], shift: int, unit: str, zero: float) -> str:
    """Measures in percent over the shift, one line each, with a mark at the present one. unit: of the shift.

    zero: the smallest value on the axis, percent.
    """
    low, high = points[0].shift, points[-1].shift

    def across(value: float) -> float:
        return LEFT + (value - low) / (high - low) * (WIDE - LEFT - RIGHT)

    def down(value: float) -> float:
        return TOP + (100 - value) / (100 - zero) * (HIGH - TOP - FOOT)

    parts = [
        f"<line x1='{LEFT}' x2='{WIDE - RIGHT}' y1='{down(v):.1f}' y2='{down(v):.1f}' stroke='#888' "
        "stroke-opacity='.3'/>"
        f"<text x='{LEFT - 6}' y='{down(v) + 4:.1f}' text-anchor='end'>{v:.0f}</text>"
        for v in range(int(zero), 101, 20)
    ]
    parts += [
        f"<text x='{across(v):.1f}' y='{HIGH - FOOT + 16}' text-anchor='middle'>{_signed(v)}</text>"
        for v in range(low, high + 1, 8)
    ]
    parts.append(
        f"<text x='{(LEFT + WIDE - RIGHT) / 2}' y='{HIGH - 8}' text-anchor='middle'>crop too large by, {escape(unit)}"
        f"</text><line x1='{across(shift):.1f}' x2='{across(shift):.1f}' y1='{TOP}' y2='{HIGH - FOOT}' "
        "stroke='currentColor' stroke-dasharray='3 4'/>"
    )
    for number, (field, name, colour) in enumerate(LINES):
        values = [(p.shift, 100 * getattr(p, field)) for p in points if not math.isnan(getattr(p, field))]
        path = "L".join(f"{across(x):.1f} {down(max(y, zero)):.1f}" for x, y in values)
        parts.append(f"<path d='M{path}' fill='none' stroke='{colour}' stroke-width='2.4'/>")
        parts += [
            f"<circle cx='{across(x):.1f}' cy='{down(max(y, zero)):.1f}' r='4.5' fill='{colour}'/>"
            for x, y in values
            if x == shift
        ]
        begin = LEFT + number * 138
        parts.append(
            f"<rect x='{begin}' y='6' width='14' height='4' fill='{colour}'/>"
            f"<text x='{begin + 19}' y='12'>{name}</text>"
        )
    return (
        f"<svg viewBox='0 0 {WIDE} {HIGH}' role='img' "
        "style='max-width:38rem;font-size:12px;fill:currentColor' "
        f"aria-label='Pixel accuracy and mean IoU in percent over the shift'>{''.join(parts)}</svg>"
    )


def _signed(value: int) -> str:
    return "0" if value == 0 else f"{value:+d}".replace("-", "−")
