"""The words of the evidence view: score against attribution, the checks, the questions."""

from __future__ import annotations

import streamlit as st

from app.bench.case import Case
from app.labs.heatmaps.evidence_answer import Evidence
from app.labs.shared import lab
from app.labs.shared.question_panel import Question
from app.parts.words import number

DIFFERENCE = """
Two things are called a heatmap. A **score** has a place in the *output*: how likely is this class *here*? An
**attribution** has a place in the *input*: which pixels of the photo made one chosen score as high as it is? A score is
what the network says; an attribution is a way to ask why, and other ways may answer otherwise.
"""


def evidence_checks(answer: Evidence) -> None:
    """What holds these values up."""
    if answer.occlusion_check is not None:
        lab.check(
            "occlusion by Captum, and the definition computed window by window at two pixels, relative to the score",
            answer.occlusion_check,
            1e-3,
        )
        return
    if answer.slope is not None:
        precision = "float64" if answer.double else "float32"
        lab.check(
            f"autograd and finite differences, (f(x + h) − f(x − h)) / 2h in {precision}, at three steep values, "
            "relative to the steepest",
            answer.slope,
            1e-3 if answer.double else 0.05,
        )
    change = answer.score - answer.baseline
    added = f"All values add up to {number(answer.total)}"
    if answer.incompleteness is not None:
        lab.check(
            f"completeness of integrated gradients: they add up to {number(answer.total)}, and the score changes by "
            f"{number(change)} from the mean colour to the picture, relative to that",
            answer.incompleteness,
            0.05,
        )
    elif answer.method == "input":
        st.caption(
            f"{added}; the score changes by {number(change)} from the mean colour to the picture. Input × gradient "
            "need not add up to that: only integrated gradients do."
        )


def evidence_questions(case: Case, answer: Evidence | None) -> list[Question]:
    """Questions about what was explained."""
    asked = [
        Question(
            "The attribution is strongly red on a pixel. What does that say about that pixel's class?",
            (
                f"The network sees {case.cls} there",
                f"Nothing: it says that this pixel spoke for {case.cls} at the marked place",
                f"{case.cls} is likely there, but not certain",
            ),
            1,
            "An attribution belongs to the score of the marked place. The evidence may lie somewhere else: the road "
            "below a car speaks for the car.",
        ),
        Question(
            "You explain one pixel's logit. How far from it can the attribution be other than zero?",
            (
                "At that pixel only",
                "As far as the receptive field reaches",
                "Everywhere, however large the photo",
            ),
            1,
            "Beyond the receptive field of the cells that the pixel is interpolated from no change of the input "
            "can reach it: gradient and occlusion are exactly zero there.",
        ),
    ]
    if answer is not None and answer.method != "occlusion":
        asked.append(
            Question(
                "Which of the three gradients adds up to the score's change from the mean colour to the picture?",
                ("The gradient", "Input × gradient", "Integrated gradients"),
                2,
                f"For this target the score changes by {number(answer.score - answer.baseline)}. Integrated gradients "
                "follow the whole way from one to the other; the others look at the picture's end only.",
            )
        )
    return asked
