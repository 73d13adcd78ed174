"""One pass of the network for the picture and weights on the bench, with its waiting and failed states."""

from __future__ import annotations

from app.bench import kept
from app.bench.held import HeldPicture
from app.parts.waiting import show_failure, wait_for
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.weights import WeightRecord


def run_segmenter(picture: HeldPicture, record: WeightRecord) -> SegmentationResult | None:
    """The result of all heads, from the store if anyone has asked before; None after a failure that was shown."""
    try:
        job = kept.segmentation(picture, record)
    except (ValueError, MemoryError) as problem:  # the weights cannot be loaded
        show_failure(problem)
        return None
    height, width = picture.image.shape[:2]
    return wait_for(job, f"Segmenting {width}×{height} pixels …", step="Tile")
