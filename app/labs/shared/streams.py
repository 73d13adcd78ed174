"""One colour for each stream of a network with skips, in every chart and map of every lab."""

from __future__ import annotations

from app.parts.colours import hex_colour
from fcn_core.models.spec import streams_of

# Okabe and Ito's and a darker violet, apart under colour-vision deficiencies.
STREAM_COLOURS = {"fc7": (86, 180, 233), "pool4": (230, 159, 0), "pool3": (0, 158, 115), "pool2": (117, 79, 179)}


def head_colour(head: int) -> str:
    """CSS colour of a head: that of the last stream that it adds."""
    return hex_colour(STREAM_COLOURS[streams_of(head)[-1]])
