"""An honest hint that a picture may show what the weights do not know.

No test can tell for certain: a network gives every pixel one of its classes. Two signs are used. A
network that is unsure nearly everywhere probably looks at something new; and one whose classes
include a background has found nothing when it calls nearly everything background.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fcn_core.result import SegmentationResult
from fcn_core.weights import WeightRecord

# Below this mean confidence of the finest head a picture is doubtful, where the card stores no bound of its own.
USUAL_BOUND = 0.75
BACKGROUND_BOUND = 0.985


@dataclass(frozen=True)
class Familiarity:
    """Mean confidence of the finest head (0-1), the bound below which it is doubtful, and the sentence if it is."""

    confidence: float
    bound: float
    doubt: str | None


def familiarity(result: SegmentationResult, record: WeightRecord) -> Familiarity:
    """Judge a result; the card's `confidence_bound` of the finest head is used if it is stored there."""
    head = min(result.heads)
    confidence = float(np.mean(result.confidence(head), dtype=np.float64))
    bound = float(record.scores.get(f"{head}s", {}).get("confidence_bound", USUAL_BOUND))
    doubt = None
    if confidence < bound:
        doubt = (
            f"The {head}s head is unsure: its mean confidence on this picture is {confidence:.2f}, and below "
            f"{bound:.2f} a picture usually shows something that the weights were not trained on."
        )
    elif result.labels.classes[0] == "background" and float(result.shares(head)[0]) > BACKGROUND_BOUND:
        doubt = f"The {head}s head calls nearly all of this picture background: it found none of its other classes."
    return Familiarity(confidence, bound, doubt)
