"""A line chart as SVG text: small enough for a repository, sharp at any size, readable without a viewer of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

# Okabe and Ito's colours, which stay apart under the common colour-vision deficiencies; grey paper in any theme.
COLOURS = ("#000000", "#e69f00", "#56b4e9", "#009e73", "#d55e00", "#cc79a7")
WIDTH, HEIGHT = 760, 420
LEFT, RIGHT, TOP, BOTTOM = 60, 220, 40, 50


@dataclass(frozen=True)
class Curve:
    """A named line; points: (step, percent)."""

    name: str
    points: tuple[tuple[float, float], ...]


def chart(curves: Sequence[Curve], *, title: str) -> str:
    """Mean IoU in percent over the steps, with a legend in the order of the curves."""
    most = max(x for curve in curves for x, _ in curve.points)
    top = 10 * (1 + int(max(y for curve in curves for _, y in curve.points) // 10))
    across, down = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

    def at(x: float, y: float) -> tuple[float, float]:
        return LEFT + across * x / most, TOP + down * (1 - y / top)

    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="13">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{LEFT}" y="22" font-size="15">{escape(title)}</text>',
    ]
    for percent in range(0, top + 1, 10):
        x, y = at(0, percent)
        lines.append(f'<path d="M{x:.1f} {y:.1f}h{across}" stroke="#dddddd"/>')
        lines.append(f'<text x="{x - 8:.1f}" y="{y + 4:.1f}" text-anchor="end">{percent}</text>')
    for part in range(5):
        x, y = at(most * part / 4, 0)
        lines.append(f'<text x="{x:.1f}" y="{y + 18:.1f}" text-anchor="middle">{most * part / 4:.0f}</text>')
    lines.append(f'<text x="{LEFT + across / 2}" y="{HEIGHT - 10}" text-anchor="middle">steps</text>')
    middle = TOP + down / 2
    lines.append(
        f'<text x="16" y="{middle}" text-anchor="middle" transform="rotate(-90 16 {middle})">mean IoU, %</text>'
    )
    for number, curve in enumerate(curves):
        colour = COLOURS[number % len(COLOURS)]
        placed = [at(x, y) for x, y in curve.points]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in placed)
        lines.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        lines += [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in placed]
        y = TOP + 14 + 22 * number
        lines.append(f'<path d="M{WIDTH - RIGHT + 16} {y - 4}h20" stroke="{colour}" stroke-width="3"/>')
        lines.append(f'<text x="{WIDTH - RIGHT + 42}" y="{y}">{escape(curve.name)}</text>')
    return "\n".join([*lines, "</svg>"]) + "\n"
