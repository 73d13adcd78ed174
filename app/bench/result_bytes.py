"""How much memory segmentations and answers of labs take, and how much may be kept of them.

Streamlit's caches count entries; a result takes 20 MB or 1 GB depending on the photo.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import psutil

from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import FullScores


def result_bytes(result: SegmentationResult) -> int:
    """Memory of a result when everything that it can be asked for has been asked for."""
    height, width = result.image.shape[:2]
    total = result.image.nbytes + sum(array.nbytes for array in result.maps.values())
    for scores in result.scores.values():
        if isinstance(scores, FullScores):
            # logits, probabilities of the same size once asked for, label map and three float32 planes
            total += 2 * scores.logits.nbytes + 13 * height * width
        else:
            total += scores.grid.nbytes + 5 * height * width
    return total


def array_bytes(result: Any) -> int:
    """Memory of the arrays in the fields of a result."""
    return sum(value.nbytes for value in vars(result).values() if isinstance(value, np.ndarray))


def usual_bound() -> int:
    """A quarter of this machine's memory, at most 3 GiB."""
    return min(3 * 2**30, psutil.virtual_memory().total // 4)
