"""A line of pixels, and under it the places of the kernel on them: a bar of weights for each cell of the small map."""

from __future__ import annotations

from fcn_core.ops.transposed import Axis

MOST_PIXELS = 64
MOST_LANES = 10
CELL, LANE, TOP = 22, 16, 30

# Streamlit lets no SVG pass, so the picture is made of boxes.
STYLE = f"""
.fcn-windows {{ overflow-x: auto; }}
.fcn-windows > div {{ position: relative; }}
.fcn-windows i {{ position: absolute; box-sizing: border-box; font-size: 10px; line-height: 1; font-style: normal;
  display: grid; place-items: center; font-variant-numeric: tabular-nums; }}
.fcn-windows .pixel {{ width: {CELL}px; height: {CELL}px; top: 0; border: 1px solid rgb(0 158 115 / 70%);
  background: rgb(0 158 115 / 20%); margin: 0; }}
.fcn-windows .unseen {{ background: none; border-style: dashed; }}
.fcn-windows .rim {{ background: none; border: 1px dashed rgb(128 128 128 / 60%); }}
.fcn-windows .span {{ height: 2px; background: #0072b2; }}
.fcn-windows .tap {{ width: {CELL - 4}px; height: 12px; background: #0072b2; color: #fff; border-radius: 2px; }}
"""


def window_picture(large: int, small: int, axis: Axis, *, up: bool) -> str | None:
    """HTML of the `large` map's pixels and of the kernel's places on them, one for each of the `small` map's cells.

    up: the small map stamps onto the large one, and padding is cut off; otherwise it reads from it, and padding is
    added. None where that would be too large to read.
    """
    end = (small - 1) * axis.stride + axis.extent
    line = large + 2 * axis.padding
    lanes = min(-(-axis.extent // axis.stride), small)
    if line > MOST_PIXELS or lanes > MOST_LANES:
        return None
    parts = []
    for at in range(line):
        inside = axis.padding <= at < axis.padding + large
        kind = "rim" if not inside else "pixel unseen" if at >= end else "pixel"
        parts.append(f"<i class='pixel {kind}' style='left:{at * CELL}px'>{at - axis.padding if inside else ''}</i>")
    for i in range(small):
        left, top = i * axis.stride * CELL, TOP + (i % lanes) * LANE
        width = axis.extent * CELL - 6
        parts.append(f"<i class='span' style='left:{left + 3}px;top:{top + 5}px;width:{width}px'></i>")
        for t in range(axis.kernel):
            at = left + t * axis.dilation * CELL + 2
            parts.append(f"<i class='tap' style='left:{at}px;top:{top}px'>{'' if t else i}</i>")
    words = f"{small} {'stamps' if up else 'places'} of a kernel of {axis.kernel} weights on {large} pixels"
    size = f"width:{max(line, end) * CELL}px;height:{TOP + lanes * LANE}px"
    return (
        f"<style>{STYLE}</style><div class='fcn-windows' role='img' aria-label='{words}'>"
        f"<div style='{size}'>{''.join(parts)}</div></div>"
    )
