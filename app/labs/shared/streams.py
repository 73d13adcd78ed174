"""One colour for each stream of a network with skips, in every chart and map of every lab."""

from __future__ import annotations

# Okabe and Ito's, apart under colour-vision deficiencies.
STREAM_COLOURS = {"fc7": (86, 180, 233), "pool4": (230, 159, 0), "pool3": (0, 158, 115)}
