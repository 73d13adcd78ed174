"""Long curves made fit to look at: smoothed, and thinned so that no peak is lost."""

from __future__ import annotations

from itertools import accumulate

import numpy as np

MOST_POINTS = 1600
FULL_LENGTH = 1000


def smooth(values: np.ndarray, share: float) -> np.ndarray:
    """An exponential average over N values that keeps `share` (0 to below 1) of what was before at each step.

    A curve of more than a thousand values keeps more at each, so that it looks as smooth as a shorter one. The first
    values are not drawn towards zero: each is divided by the weight seen so far. nan counts as no news.
    """
    if not 0 <= share < 1:
        raise ValueError(f"the share that smoothing keeps must be at least 0 and below 1, got {share}")
    known = ~np.isnan(values)
    if share == 0 or not known.any():
        return values
    kept = share ** min(1.0, FULL_LENGTH / int(known.sum()))
    fresh = 1 - kept

    def step(before: tuple[float, float], value: float) -> tuple[float, float]:
        return before[0] * kept + value * fresh, before[1] * kept + fresh

    sums = list(accumulate(values[known].tolist(), step, initial=(0.0, 0.0)))[1:]
    smoothed = np.full(len(values), np.nan)
    smoothed[known] = [total / weight for total, weight in sums]
    return smoothed


def thin(values: np.ndarray, most: int = MOST_POINTS) -> np.ndarray:
    """Indices of at most about `most` of N values: the smallest and the largest of each stretch, first and last.

    So a picture of the thinned curve has the same outline as the whole one. Not-a-numbers are kept out of it.
    """
    indices = np.flatnonzero(~np.isnan(values))
    if len(indices) <= most:
        return indices
    stretch = -(-2 * len(indices) // (most - 2))
    whole = len(indices) // stretch * stretch
    blocks, rest = indices[:whole].reshape(-1, stretch), indices[whole:]
    rows = np.arange(len(blocks))
    lowest = blocks[rows, values[blocks].argmin(1)]
    highest = blocks[rows, values[blocks].argmax(1)]
    ends = [indices[:1], indices[-1:]]
    if len(rest):
        ends += [rest[[values[rest].argmin(), values[rest].argmax()]]]
    return np.unique(np.concatenate([lowest, highest, *ends]))
