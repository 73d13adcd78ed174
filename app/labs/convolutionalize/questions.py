"""Questions of the views Classifier to map and Patch by patch, about the numbers of the moment."""

from __future__ import annotations

from app.labs.convolutionalize.layer_table import first_connected
from app.labs.shared.question_panel import Question
from fcn_core.analysis.dense.window_classifier import WindowClassifier


def classifier_questions(pair: WindowClassifier, size: tuple[int, int]) -> list[Question]:
    """Questions about a classifier in both forms, on a photo of this height and width."""
    linear, convolution = first_connected(pair)
    k = convolution.kernel_size[0]
    weights = linear.weight.numel()
    rows, columns = pair.cells(size)
    wider = pair.cells((size[0], size[1] + 2 * pair.stride))[1]
    return [
        Question(
            f"The first fully connected layer has {weights:,} weights. How many does the {k}×{k} convolution have?",
            (
                f"{weights * max(rows * columns, 2):,}, a set for every cell",
                f"{weights:,}, the same ones",
                f"{linear.out_features:,}, one a kernel",
            ),
            1,
            "It is the same list of numbers, seen as one kernel for every output. A larger photo needs no more "
            "weights: the kernel is used again at every place.",
        ),
        Question(
            f"The photo is {size[1]} pixels wide and gives {columns} columns of answers. How many if it were "
            f"{2 * pair.stride} pixels wider?",
            (f"{columns}", f"{columns + 2 * pair.stride}", f"{wider}"),
            2,
            f"One more column for every stride: ⌊(width − {pair.side}) / {pair.stride}⌋ + 1. Before, a classifier "
            "refused every size but its own.",
        ),
        Question(
            "Why does a pass over the whole photo cost less than all its windows?",
            (
                "Windows overlap, and what they share is computed once",
                "The convolutions have fewer weights",
                "The fully connected layers are left out",
            ),
            0,
            f"Windows {pair.stride} pixels apart share most of their {pair.side}×{pair.side} pixels, and with them "
            "nearly all of the lower layers' work.",
        ),
    ]


def patch_questions(side: int, step: int, size: tuple[int, int]) -> list[Question]:
    """Questions about sliding windows of `side` pixels, `step` apart, over a photo of this height and width."""
    patches = -(-size[0] // step) * -(-size[1] // step)
    times = (side / step) ** 2
    return [
        Question(
            f"Patches of {side}×{side} pixels, one {'for each' if step == 1 else f'every {step}'} "
            f"pixel{'s' * (step > 1)}. Into how many patches does a pixel inside the photo go, on average?",
            ("1, its own", f"about {times:,.0f}", f"{patches:,}, all of them"),
            1,
            f"({side} / {step})² = {times:,.4g}: so often is each pixel read, and the first layer computed there, "
            "where one pass does it once.",
        ),
        Question(
            "Half the step: patches of the same size, twice as close. What happens to the time of each way?",
            (
                "Patch by patch: four times. One pass: more too, but less than four times",
                "Both take four times as long",
                "Both stay as they are",
            ),
            0,
            "Four times as many patches, each from the beginning. The pass only computes what lies behind the stride "
            "more densely; its early layers stay as they are.",
        ),
        Question(
            f"A larger patch than {side}×{side}: what is gained, and what is lost?",
            ("More context; more work and softer edges", "Sharper edges; less context", "Nothing but time"),
            0,
            "A patch of 15 pixels sees colour and texture, one of 65 sees that the grey is a road between kerbs. But a "
            "wide patch hardly changes from pixel to pixel, and what it pools it can no longer place.",
        ),
    ]
