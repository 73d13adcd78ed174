"""The questions of the Metrics lab; two are about the numbers in hand."""

from __future__ import annotations

import numpy as np

from app.labs.metrics.background_panel import constant_scores
from app.labs.metrics.bench import Measured
from app.labs.shared.question_panel import Question
from app.parts.words import percent
from fcn_core.analysis.measuring.disturb import shift, without_void
from fcn_core.labels import VOID
from fcn_core.metrics import ConfusionMatrix

GLOBAL = Question(
    "A set has one photo with a bicycle of 10 pixels, all missed, and one with a bicycle of 10,000 pixels, all hit. "
    "What is the bicycle's IoU over the set?",
    ("99.9 %: one confusion matrix holds all pixels", "50 %: the mean of 0 and 100 %", "0 %: the worst photo counts"),
    0,
    "The paper's measure is global: 10,000 / 10,010. The mean over photos would be 50 %, and weighs ten pixels like "
    "ten thousand. See Three averages.",
)


def asked(found: Measured) -> list[Question]:
    """Questions about the truth in hand, and one about averaging."""
    names = found.labels.classes
    sizes = np.bincount(found.truth[found.truth != VOID], minlength=len(names))
    floor = found.floor
    scores = constant_scores(sizes, floor)
    score = scores["miou"]
    bins = ((0.0, 0.02), (0.02, 0.05), (0.05, 0.15), (0.15, 0.4), (0.4, 1.1))
    texts = ("under 2 %", "2 to 5 %", "5 to 15 %", "15 to 40 %", "over 40 %")
    kinds = int((sizes > 0).sum())
    held = f"{kinds} class{'es' if kinds > 1 else ''}"
    lazy = Question(
        f"{names[floor]} covers {percent(sizes[floor] / sizes.sum())} of this truth, which has "
        f"{held}. What is the mean IoU of a model that predicts {names[floor]} everywhere?",
        texts, next(i for i, (low, high) in enumerate(bins) if low <= score < high),
        f"{percent(score)}: p / K. Its pixel accuracy is {percent(scores['pa'])}.",
    )  # fmt: skip
    return [question for question in (lazy, _shifted(found, sizes), GLOBAL) if question is not None]


def _shifted(found: Measured, sizes: np.ndarray) -> Question | None:
    """Which class suffers most from a shift; None where the truth has too few classes, or several lose as much."""
    matrix = ConfusionMatrix(len(found.labels))
    matrix.update(found.truth, shift(without_void(found.truth), 4, 0))
    iou = np.array(matrix.scores().iou)
    there = [i for i in np.argsort(-sizes) if sizes[i] > 0]
    if len(there) < 3:
        return None
    worst = min(there, key=lambda i: iou[i])
    offered = list(dict.fromkeys([int(there[0]), int(there[len(there) // 2]), int(worst)]))
    if len(offered) < 2 or sum(iou[i] == iou[worst] for i in offered) > 1:
        return None
    offered.sort(key=lambda i: found.labels.classes[i])
    told = ", ".join(f"{found.labels.classes[i]} {percent(iou[i])}" for i in offered)
    return Question(
        "The exact label map is shifted by 4 pixels to the right. Which of these classes loses the most IoU?",
        tuple(found.labels.classes[i] for i in offered), offered.index(int(worst)),
        f"After the shift: {told}. What a shift costs grows with the length of a region's outline against its area: "
        "thin things lose most. Pixel accuracy hardly notices.",
    )  # fmt: skip
