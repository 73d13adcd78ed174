"""Questions of the views on overlap, upsampling and the fit."""

from __future__ import annotations

from app.labs.shared.question_panel import Question

OVERLAP = (
    Question(
        "A kernel of size 5 with stride 2, far from the border: how often is a pixel written in two dimensions?",
        ("Always 4 times", "4, 6 or 9 times", "Always 6.25 times"),
        1,
        "Along one axis 2 or 3 stamps meet in turn, since 2 does not divide 5; in two dimensions the products follow: "
        "4, 6 and 9. Set k = 5 and s = 2 above.",
    ),
    Question(
        "The bilinear kernel of size 3 with stride 2 is written unevenly. Does a map of ones come out uneven?",
        ("Yes: uneven writes always show", "No: its weights make up for it", "Only at even sizes"),
        1,
        "Where one stamp falls its weight is 1, where two meet they are ½ and ½. Writes say where a checkerboard "
        "threatens; the sums of the weights that meet say whether it comes.",
    ),
    Question(
        "Stride 2 divides kernel 4, and the weights are random. Can a checkerboard appear?",
        ("No, the overlap is even", "Yes, the weights that meet need not sum to the same"),
        1,
        "Each of the 2×2 phases sums four different weights. Even overlap only makes it easy to learn an even answer. "
        "Choose Random above and read the ripple.",
    ),
)

UPSAMPLING = (
    Question(
        "A bilinear kernel for factor 8 has 16×16 weights. What do they sum to?",
        ("1", "8", "64", "256"),
        2,
        "Each input cell becomes 64 pixels, and an even map must keep its level: the 64 phases each sum to 1, so all "
        "the weights together to f² = 64.",
    ),
    Question(
        "Where do the bilinear transposed convolution and F.interpolate differ?",
        ("Everywhere a little", "Only within half a cell of the border", "Nowhere"),
        1,
        "Beyond the border the transposed convolution counts zeros, and its answer fades; F.interpolate and cv2 repeat "
        "the last cell. Choose “repeat the last cell” above: the difference is gone.",
    ),
)

FIT = (
    Question(
        "The fit starts from random weights and sees only pairs of small and interpolated maps. Where does it end?",
        ("At the bilinear kernel", "At ones everywhere", "Somewhere near its start: many kernels do"),
        0,
        "Every weight meets examples of its own, the error is quadratic in the weights, and bilinear makes it zero: "
        "there is one best kernel.",
    ),
    Question(
        "With real photos as the answers, the best kernel's middle weights are …",
        ("the same as bilinear ones", "larger than bilinear ones: it sharpens", "smaller: it blurs more"),
        1,
        "Shrinking by averaging took contrast away at edges; the best linear kernel gives some of it back. Choose "
        "Photos above and compare the least-squares optimum with bilinear.",
    ),
)
