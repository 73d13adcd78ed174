"""The questions of the Alignment lab."""

from __future__ import annotations

from app.labs.shared.question_panel import Question
from fcn_core.analysis.aligning.chain import changed, derived_crops
from fcn_core.analysis.aligning.networks import chain_of, published_network
from fcn_core.models.spec import PAPER_HEADS

PAD = Question(
    "The reference VGG16 pads its first convolution by 100 instead of 1. What for?",
    (
        "So that a photo of any size leaves at least one cell after five poolings and a 7×7 fc6 without padding",
        "So that objects at the border are seen as often as those in the middle",
        "So that every map has an even number of cells",
    ),
    0,
    "fc6's 7×7 kernel needs seven cells of pool5. Without the padding only photos of at least 193 pixels leave them; "
    "with it every photo does.",
)
SKIP = Question(
    "score_pool4 is cropped by one cell too much. What happens?",
    (
        "pool4's votes land 16 pixels off, fc7's stay in place",
        "the whole label map moves by 16 pixels",
        "nothing: training evens it out while the network runs",
    ),
    0,
    "Only that stream slides, by one of its cells, 16 pixels: the sum adds what fc7 says here to what pool4 says 16 "
    "pixels further on.",
)


def asked(head: int) -> list[Question]:
    """Three questions about what follows from the layers; the second is about the head in hand."""
    return [PAD, _crop(head if head in PAPER_HEADS else min(PAPER_HEADS)), SKIP]


def _crop(head: int) -> Question:
    usual = chain_of(published_network("vgg16", "reference"), head)
    more = changed(usual, {"conv1_1": {"padding": usual.layers[0].padding + 1}})
    name = f"upscore{head}"
    before, after = derived_crops(usual)[name], derived_crops(more)[name]
    answers = {1: "by 1 pixel", head: f"by {head} pixels", 0: "not at all: it is at the other end of the network"}
    right = list(answers).index(after - before)
    return Question(
        "The first convolution of VGG16 is padded by 101 instead of 100, and nothing else is changed. By how much "
        f"must the last crop of FCN-{head}s grow?",
        tuple(answers.values()), right,
        f"By {after - before}, from {before} to {after}: every cell moves one pixel to the left and up, whatever lies "
        "behind it, and so does the enlarged map. Try it in the chain.",
    )  # fmt: skip
