"""The questions of the Transposed convolution lab; two of them are about the numbers in hand."""

from __future__ import annotations

from app.labs.shared.question_panel import Question
from app.labs.transposed_convolution.formulas import pixels
from app.labs.transposed_convolution.plan import axis_in_hand
from app.visitor import session

INVERSE = Question(
    "You convolve a map with stride 2, then apply the transposed convolution with the same kernel and the right output "
    "padding. What comes back?",
    (
        "The map itself: one undoes the other",
        "A map of the same size, with other numbers in it",
        "The map itself, but only if the kernel is symmetric",
    ),
    1,
    "Only the size comes back. A quarter of the numbers was kept by the convolution (in 2-D), and no later layer can "
    "know the rest. “Gradient, not inverse” shows two maps with one and the same convolution.",
)


def asked() -> list[Question]:
    """The size of the output, how many sizes share one output, and whether the way back is an inverse."""
    return [*_size(), _shared(), INVERSE]


def _size() -> list[Question]:
    """None for settings that give no output."""
    n, axis = session.setting("t_n"), axis_in_hand()
    try:
        size = axis.up(n)
    except ValueError:
        return []
    wrong = dict.fromkeys((n * axis.stride, n * axis.stride + axis.kernel - 1, n + axis.extent - 1, size + 1, size + 2))
    numbers = sorted([size, *[other for other in wrong if other != size][:3]])
    return [
        Question(
            f"A transposed convolution with kernel {axis.kernel}, stride {axis.stride}, padding {axis.padding}, output "
            f"padding {axis.output_padding} and dilation {axis.dilation} gets {pixels(n)}. How many come out?",
            tuple(pixels(number) for number in numbers), numbers.index(size),
            f"({n} − 1)·{axis.stride} − 2·{axis.padding} + {axis.dilation}·({axis.kernel} − 1) + {axis.output_padding} "
            f"+ 1 = {size}: the first stamp begins at 0, the last one at (n − 1)s, and padding cuts off both sides.",
        )
    ]  # fmt: skip


def _shared() -> Question:
    axis = axis_in_hand()
    right = axis.stride
    numbers = sorted(dict.fromkeys([right, *[n for n in (1, 2, axis.kernel, right + 1, right + 2) if n != right][:3]]))
    return Question(
        f"How many input sizes does a convolution of stride {axis.stride} map to one and the same large output size?",
        tuple(f"{number}" for number in numbers), numbers.index(right),
        f"{right}: dividing by the stride rounds down, so {right} neighbouring sizes fall together"
        + (". Output padding 0 to " f"{right - 1} tells them apart on the way back." if right > 1 else
           ": with stride 1 every size has an output size of its own, and no output padding is needed."),
    )  # fmt: skip
