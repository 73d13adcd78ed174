"""Questions of the Receptive fields lab; some are about the numbers of the moment."""

from __future__ import annotations

from app.labs.receptive_fields.place import Place
from app.labs.shared.question_panel import Question
from fcn_core.analysis.fields.effective_field import EffectiveField


def cell_questions(place: Place) -> list[Question]:
    """About the box that is drawn."""
    asked = [
        Question(
            "You click a pixel in the very corner of the photo. What does its box hold?",
            ("The same number of pixels, moved inside", "Mostly padding: the box stays where it is", "Nothing"),
            1,
            "The box has one size everywhere. In the corner about three quarters of it lie outside, where there is "
            "nothing but padding. The network has to answer from the remaining quarter.",
        ),
    ]
    finest = place.net.fields.outputs.get("logits.8")
    if finest is not None and "pool3" in finest.streams:
        asked.append(
            Question(
                "From 32s to 8s: what happens to the box of a pixel?",
                ("It shrinks to what pool3 sees", "The fc7 box stays, and smaller boxes join it", "It doubles twice"),
                1,
                "Fusing is a sum. The pixel still sees everything that fc7 sees, and pool4 and pool3 add a closer look "
                "at the middle.",
            )
        )
    box = place.box
    if not place.map.is_whole and box.height:
        share = box.height * box.width / (box.picture[0] * box.picture[1])
        right = 0 if share > 1 else 1
        asked.append(
            Question(
                f"Does {place.cell} see a box of more pixels than this photo of {box.picture[1]}×{box.picture[0]} has?",
                ("More", "Fewer, or as many"), right,
                f"It holds {box.width}×{box.height} pixels, {share:.2g} times as many as the photo.",
            )
        )  # fmt: skip
    return asked


def layer_questions() -> list[Question]:
    """About how fields grow."""
    return [
        Question(
            "A 3×3 convolution in VGG16's first block adds 2 pixels. How many does one in its fifth block add?",
            ("2", "16", "32"), 2,
            "Four poolings lie below it, so neighbouring cells are 16 pixels apart: it adds 2 strides, 2 × 16 = 32.",
        ),
        Question(
            "What do 1×1 convolutions, ReLU and dropout add to the field?",
            ("Nothing", "One pixel each", "One stride each"), 0,
            "Each of their cells reads one cell. Only kernels and windows larger than 1 widen the field.",
        ),
        Question(
            "fc6 of VGG16 is a 7×7 convolution at stride 32. It takes the field from 212 to …",
            ("218", "404", "436"), 1, "(7 − 1) × 32 = 192 pixels more: 212 + 192 = 404.",
        ),
    ]  # fmt: skip


def effective_questions(trained: EffectiveField | None) -> list[Question]:
    """About the measured field."""
    asked = [
        Question(
            "Why is the middle of the box so much stronger than its edge?",
            ("The weights are larger there", "Many more ways lead from there to the cell", "The edge is padding"), 1,
            "From a pixel at the edge there is one way through the kernels to the cell, from the middle there are "
            "countless. Their sum looks like a Gaussian, as sums of many small steps do.",
        ),
        Question(
            "A network is made twice as deep, with the same kernels. Its effective field grows by about …",
            ("2", "√2", "4"), 1,
            "Widths of Gaussians add as squares, so the effective field grows with the root of the depth, while the "
            "theoretical one grows with the depth itself.",
        ),
    ]  # fmt: skip
    if trained is not None and trained.within is not None:
        shown = f"{100 * trained.share:.0f} %"
        options = tuple(dict.fromkeys((shown, "95 %", "100 %"))) if trained.share < 0.9 else (shown, "25 %", "5 %")
        asked.append(
            Question(
                "Of the trained network's theoretical box here, which share do you need for 95 % of the gradient?",
                tuple(sorted(options, key=lambda text: float(text.split()[0]))),
                sorted(options, key=lambda text: float(text.split()[0])).index(shown),
                f"{shown} of the box's pixels in the photo hold 95 % of the gradient.",
            )
        )
    return asked


def stack_questions() -> list[Question]:
    """About stacks."""
    return [
        Question(
            "Three 3×3 convolutions see as far as one …",
            ("5×5", "7×7", "9×9"), 1, "Each adds 2 pixels to the 1 that is there: 1 + 2 + 2 + 2 = 7.",
        ),
        Question(
            "With 64 channels in and out, what do three 3×3 kernels cost compared with one 7×7?",
            ("About half the weights", "The same", "Three times as many"), 0,
            "3 × 9 = 27 weights a channel pair against 49.",
        ),
        Question(
            "You replace a stride by dilation and keep the field. What grows?",
            ("The parameters", "The multiply-adds", "Nothing"), 1,
            "The kernels have as many weights as before, but the map stays large, so there are more places to "
            "compute them at.",
        ),
    ]  # fmt: skip
