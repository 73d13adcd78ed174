"""Questions of the views Shift-and-stitch, Shift the photo and Sample patches, about the numbers of the moment."""

from __future__ import annotations

from app.labs.shared.question_panel import Question
from fcn_core.analysis.dense.stitching import DenseScores


def stitch_questions(found: DenseScores) -> list[Question]:
    """Questions about a stitched map."""
    stride, factor = found.stride, found.factor
    passes = stride**2
    return [
        Question(
            f"{stride} pixels from answer to answer: how many passes does shift-and-stitch need for an answer at every "
            "pixel?",
            (f"{stride}", f"{passes:,}", f"{2 * stride}"),
            1,
            f"Every shift from 0 to {stride - 1}, in both directions: {stride}² = {passes:,} passes.",
        ),
        Question(
            "A 3×3 kernel comes right behind a pooling of stride 2 that is taken out. Where must its taps lie so "
            "that it computes the same?",
            ("Side by side, as before", "Every second cell", "Every fourth cell"),
            1,
            "The cells that it was trained to see together are now two apart. Zeros between the taps spread it: "
            "à trous means with holes.",
        ),
        Question(
            f"Stitched by {factor}, the map has {factor**2} times as many answers. Does one of them see finer detail "
            "than before?",
            (
                "Yes, its receptive field is smaller",
                "No, every answer is one that the same network gives",
                "Yes, its kernels are denser",
            ),
            1,
            "The network is unchanged, only asked more often. Smaller strides without spreading do see finer, with a "
            "smaller field, but those weights were not trained for it.",
        ),
    ]


def shift_questions(name: str, stride: int, shift: int) -> list[Question]:
    """Questions about an output that moves exactly with multiples of `stride`; `shift` is the one in hand."""
    exact = shift % stride == 0
    return [
        Question(
            f"The photo moves by {shift} pixels. Does {name} move along exactly?",
            ("Yes", "No"),
            0 if exact else 1,
            f"{shift} = {shift // stride} · {stride}: every cell looks at what another cell saw before."
            if exact
            else f"{shift} is not a multiple of {stride}: after the shift the cells look between the places where "
            "they looked before.",
        ),
        Question(
            "8s contains a map of stride 8. At which shifts is it exact?",
            ("multiples of 8", "multiples of 16", "multiples of 32"),
            2,
            "It is a sum of three streams. pool3's part moves along every 8 pixels, but fc7's only every 32: the sum "
            "is exact where all three are.",
        ),
        Question(
            "Why does a classifier hardly notice the shift?",
            (
                "It was shown shifted photos only",
                "It pools over the whole picture, and what moves stays in it",
                "Its stride is 1",
            ),
            1,
            "Averaging forgets where: invariance. A segmentation must not forget it: its output has to move along, "
            "which is equivariance.",
        ),
    ]


def sampling_questions(keep: float, patches: int) -> list[Question]:
    """Questions about patches of one photo that are kept with chance `keep`, of so many; keep is 1 over a number."""
    chance, half = (f"1/{round(1 / p)}" for p in (keep, keep / 2))
    return [
        Question(
            f"Of a photo's {patches} patches each is kept with chance {chance}, and the loss divided by {chance}. What "
            "is the gradient on average?",
            ("The whole photo's", f"{chance} of the whole photo's", "It points elsewhere"),
            0,
            "Each patch's share is multiplied by 1/p with chance p, and by 0 otherwise: on average by 1.",
        ),
        Question(
            f"The batch stays one photo, and the chance falls from {chance} to {half}. What happens to the variance?",
            ("It halves", "It stays", "It at least doubles"),
            2,
            f"(1 − p)/p grows from {1 / keep - 1:.3g} to {2 / keep - 1:.3g}.",
        ),
        Question(
            "Which costs less time for one step of training: the loss of all patches of a photo, or of a quarter?",
            ("A quarter of them", "About the same", "All of them"),
            1,
            "The pass over the photo is the same. Only independent patches, each computed by itself, would be fewer, "
            "and those share nothing: the paper found that sampling did not converge faster than whole images.",
        ),
    ]
