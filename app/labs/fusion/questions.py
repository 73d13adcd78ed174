"""The questions of the Skip fusion lab; the first two are about the numbers of the picture in hand."""

from __future__ import annotations

from app.labs.shared.fusion_case import FusionCase
from app.labs.shared.question_panel import Question
from app.parts.words import percent

LINEAR = Question(
    "Why does a logit split into parts without anything left over?",
    (
        "Because the score maps are added and only linear operations follow",
        "Because softmax makes the parts sum to 1",
        "Because every skip was trained separately",
    ),
    0,
    "Addition and transposed convolution are linear, so each stream can be pushed through alone. Softmax and arg-max "
    "come after the sum and would not split.",
)


def asked(found: FusionCase) -> list[Question]:
    """Up to three questions that fit the weights in hand."""
    fusion = found.fusion
    if "skips" not in found.segmenter.loaded.model.offers:
        return [LINEAR]
    if fusion is None or len(fusion.streams(min(fusion.heads))) == 1:
        return [LINEAR, _single()]
    ways = found.decisions(min(fusion.heads))
    shares = ways.shares
    first = max(shares, key=shares.__getitem__)
    streams = ways.streams
    told = ", ".join(f"{stream} {percent(share)}" for stream, share in shares.items())
    decided = Question(
        f"On this picture, which stream tips the most pixels to their final class in head {ways.head}s?",
        streams, streams.index(first),
        f"Here: {told}. The last stream that changed a pixel's best class counts; where none did, fc7 had decided.",
    )  # fmt: skip
    skip = streams[-1]
    changed = ways.flips(skip).pixels / ways.decided.size
    bins = ((0.0, 0.02), (0.02, 0.1), (0.1, 0.3), (0.3, 1.01))
    answers = ("under 2 %", "2 to 10 %", "10 to 30 %", "over 30 %")
    right = next(i for i, (low, high) in enumerate(bins) if low <= changed < high)
    flips = Question(
        f"How many of this picture's pixels change their label when {skip} is added last?", answers, right,
        f"{percent(changed)}. Most pixels lie inside large things, where the coarse scores already agree; a skip "
        "mostly moves boundaries.",
    )  # fmt: skip
    return [LINEAR, decided, flips]


def _single() -> Question:
    return Question(
        "What do weights with one stream lack at an object's boundary?",
        ("A finer map that says where the class changes", "Enough classes", "A softmax"),
        0,
        "Everything comes from one map; enlarging it interpolates between its cells and adds no detail.",
    )
