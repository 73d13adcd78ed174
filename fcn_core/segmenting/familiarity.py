"""An honest hint that a picture may show what the weights do not know.

No test can tell for certain: a network gives every pixel one of its classes. Two signs are used. A
network that is less sure than it usually is probably looks at something new; and one whose classes
include a background has found nothing when it calls nearly everything background. How sure a network
usually is differs from one to the next, so its card carries the bound (`confidence_bound` among the
scores of the finest head), measured on pictures of the kind that it was trained for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.weights import WeightRecord

# A rule of thumb for weights whose card stores no bound of their own.
USUAL_BOUND = 0.8
LEFT_OUT = 0.02
BACKGROUND_BOUND = 0.985


@dataclass(frozen=True)
class Familiarity:
    """Mean confidence of the finest head (0-1), the bound below which it is doubtful, and the sentence if it is."""

    confidence: float
    bound: float
    doubt: str | None


def familiarity(result: SegmentationResult, record: WeightRecord) -> Familiarity:
    """Judge a result by the bound of the weights' card."""
    head = min(result.heads)
    confidence = mean_confidence(result)
    measured = record.scores.get(f"{head}s", {}).get("confidence_bound")
    bound = float(measured if measured is not None else USUAL_BOUND)
    doubt = None
    if confidence < bound:
        usual = (
            f"on pictures of the kind that it was trained on it is nearly always above {bound:.2f}"
            if measured is not None
            else f"below {bound:.2f} a picture often shows something else than what the weights were trained on"
        )
        doubt = f"The {head}s head is unsure: its mean confidence on this picture is {confidence:.2f}, and {usual}."
    elif result.labels.classes[0] == "background" and float(result.shares(head)[0]) > BACKGROUND_BOUND:
        doubt = f"The {head}s head calls nearly all of this picture background: it found none of its other classes."
    return Familiarity(confidence, bound, doubt)


def mean_confidence(result: SegmentationResult) -> float:
    """Mean over the pixels of the probability of the most likely class, finest head, 0-1."""
    return float(np.mean(result.confidence(min(result.heads)), dtype=np.float64))


def confidence_bound(segmenter: Segmenter, pictures: Iterable[np.ndarray]) -> float:
    """The bound for a card: the mean confidence that all but 2 % of `pictures` (H×W×3 uint8 RGB) exceed.

    Take held-out pictures of the kind that the weights were trained for; ValueError without any.
    """
    found = [mean_confidence(segmenter.segment(picture)) for picture in pictures]
    if not found:
        raise ValueError("a bound needs pictures to measure it on, and there are none")
    return round(float(np.quantile(found, LEFT_OUT)), 3)
