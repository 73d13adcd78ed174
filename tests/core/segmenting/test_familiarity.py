"""The hint that a picture is not of the kind that the weights know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from segmenters import tiny_weights

from fcn_core.labels import VOC
from fcn_core.segmenting.familiarity import USUAL_BOUND, confidence_bound, familiarity, mean_confidence
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import FullScores
from fcn_core.segmenting.segmenter import Segmenter


def result(logits: np.ndarray) -> SegmentationResult:
    """A result of one head with these logits K×H×W, in VOC's first K classes."""
    k = logits.shape[0]
    labels = replace(
        VOC, name="few", classes=VOC.classes[:k], palette=VOC.palette[:k], colour_blind_safe=VOC.colour_blind_safe[:k]
    )
    scores = FullScores(logits.argmax(0).astype(np.uint8), logits.astype(np.float32))
    return SegmentationResult(np.zeros((*logits.shape[1:], 3), np.uint8), labels, {8: scores})


def test_mean_confidence_by_hand() -> None:
    logits = np.zeros((2, 1, 2))
    logits[1, 0, 0] = np.log(3)  # probabilities 1/4 and 3/4; the other pixel has 1/2 and 1/2
    assert mean_confidence(result(logits)) == pytest.approx((0.75 + 0.5) / 2)


def test_doubt_below_the_bound_of_the_card_only() -> None:
    record = tiny_weights().record
    unsure = result(np.stack([np.zeros((4, 4)), np.full((4, 4), 0.5)]))  # confidence 0.62
    assert familiarity(unsure, record).bound == USUAL_BOUND
    assert "0.62" in str(familiarity(unsure, record).doubt)
    modest = replace(record, scores={"8s": {"confidence_bound": 0.6}})
    assert familiarity(unsure, modest).doubt is None


def test_nothing_but_background_is_a_doubt() -> None:
    certain = np.zeros((3, 10, 10))
    certain[0] = 9.0
    assert "background" in str(familiarity(result(certain), tiny_weights().record).doubt)
    certain[:, :2] = np.array([0.0, 9.0, 0.0])[:, None, None]
    assert familiarity(result(certain), tiny_weights().record).doubt is None


def test_the_bound_is_exceeded_by_nearly_all_of_its_pictures() -> None:
    segmenter = Segmenter(tiny_weights())
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (40, 48, 3), np.uint8) for _ in range(6)]
    found = sorted(mean_confidence(segmenter.segment(picture)) for picture in pictures)
    bound = confidence_bound(segmenter, pictures)
    assert found[0] - 1e-3 <= bound <= found[1]
    with pytest.raises(ValueError, match="none"):
        confidence_bound(segmenter, [])
