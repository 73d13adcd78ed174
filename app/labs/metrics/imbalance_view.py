"""Rare classes: what scores hide, who pulls at the network, and what class weights did to three trainings."""

from __future__ import annotations

from app.bench.strip import Strip
from app.labs.metrics.dogs_panel import dogs_panel
from app.labs.metrics.gradient_panel import gradient_panel
from app.labs.metrics.runs_panel import SETS, runs_panel
from app.labs.metrics.stored_runs import runs_on
from app.labs.shared import lab
from app.labs.shared.question_panel import Question
from app.parts.words import percent
from app.visitor import session
from fcn_core.analysis.measuring.imbalance import gradient_shares, starting_shares
from fcn_core.training.loop.class_gradients import measured_gradient_shares
from fcn_core.training.loop.losses import class_weights


def show(strip: Strip) -> None:
    """The panels, from two classes to a real training."""
    dogs_panel()
    gradient_panel(lab.case(strip))
    runs_panel()
    lab.questions("metrics-imbalance", asked())
    lab.show_code(class_weights, starting_shares, gradient_shares, measured_gradient_shares)


def asked() -> list[Question]:
    """Questions; the first is about the slider's present number, the last about the stored runs."""
    cats = session.setting("m_cats")
    pa, miou = 100 - cats, (100 - cats) / 2
    weighted = pa * pa / 100
    offered = dict.fromkeys((f"{pa:.1f} %", f"{miou:.1f} %", "50.0 %", f"{weighted:.1f} %"))
    shares = dict.fromkeys((f"{cats} %", "50 %", f"{pa} %", "100 %"))
    questions = [
        Question(
            f"{100 - cats} of a hundred pixels are dog, {cats} cat, and a network says dog everywhere. Its mean IoU?",
            tuple(offered),
            list(offered).index(f"{miou:.1f} %"),
            f"IoU of dog is {100 - cats}/100, of cat 0, and their mean {miou:.1f} %. {pa} % is pixel accuracy, 50 % "
            f"mean accuracy, {weighted:.1f} % the frequency-weighted IoU.",
        ),
        Question(
            "Weights by median frequency for these two classes: what share of the gradient do the cats send at the "
            "start?",
            tuple(shares),
            list(shares).index("50 %"),
            "A class pulls with its pixels times its weight, and the weight is the median divided by the class's own "
            "share: the product is the same for every class, however rare.",
        ),
    ]
    data = session.setting("m_set")
    runs = runs_on(data)
    if {"none", "median_frequency"} <= set(runs):
        before, after = (runs[kind].scores for kind in ("none", "median_frequency"))
        rises = after.mpa > before.mpa, after.pa > before.pa
        answers = (
            "both rise",
            "mean accuracy rises, pixel accuracy falls",
            "mean accuracy falls, pixel accuracy rises",
            "both fall",
        )
        questions.append(
            Question(
                f"The stored runs ({SETS[data]}): with median frequency instead of no weights, what do mean and pixel "
                "accuracy do?",
                answers,
                {(True, True): 0, (True, False): 1, (False, True): 2, (False, False): 3}[rises],
                f"Mean accuracy {100 * before.mpa:.1f} → {percent(after.mpa)}, pixel accuracy {100 * before.pa:.1f} "
                f"→ {percent(after.pa)}. Weights make a network say rare classes sooner, at the cost of pixels "
                "of frequent ones.",
            )
        )
    return questions
