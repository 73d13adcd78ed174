"""The questions of the Alignment lab."""

from __future__ import annotations

from app.questions import Question

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
CROP = Question(
    "The first convolution is padded by 1 more, 101 instead of 100, and nothing else is changed. By how much must the "
    "last crop of FCN-32s grow?",
    ("by 1 pixel", "by 32 pixels", "by 1/32 pixel", "not at all: the crop is at the other end of the network"),
    0,
    "Every cell moves one pixel to the left and up, whatever lies behind it, so the enlarged map does too: 20 instead "
    "of 19. Try it in the chain.",
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


def asked() -> list[Question]:
    """Three questions about what follows from the layers."""
    return [PAD, CROP, SKIP]
