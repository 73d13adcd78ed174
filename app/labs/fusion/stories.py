"""What happens at each step of a fusion, in a sentence or two."""

from __future__ import annotations

from collections.abc import Sequence

from app.parts.words import percent
from fcn_core.analysis.fusing.steps import FusingStep
from fcn_core.models.spec import STREAMS, score_of

MOST_CHANGES = 4
ORIGIN = {score_of(stream): stream for stream in STREAMS}


def title(step: FusingStep) -> str:
    """The heading of a step."""
    if step.kind == "score":
        return "score_fr: fc7 speaks first"
    if step.kind == "skip":
        return f"+ {step.name}: what {ORIGIN[step.name]} would add"
    if step.kind == "enlarge":
        return f"{step.name}: {step.sources[0]}, twice as large"
    if step.kind == "add":
        return f"{step.name} = {step.sources[0]} + {step.sources[1]}"
    return f"{step.name}: {step.sources[0]} at the size of the photo"


def story(step: FusingStep, classes: Sequence[str]) -> str:
    """What the step does, with its numbers."""
    if step.kind == "score":
        return (
            f"A 1×1 convolution turns fc7 into {step.classes} class scores for each of {step.width}×{step.height} "
            f"cells: one answer for {step.stride}×{step.stride} pixels. It knows what, not where."
        )
    if step.kind == "enlarge":
        return (
            f"A transposed convolution of stride 2 makes {step.width}×{step.height} cells of it. Nothing new is known: "
            "0 % of the labels change, since the same enlarging would follow anyway."
        )
    if step.kind == "skip":
        return (
            f"Another 1×1 convolution scores {ORIGIN[step.name]}, which is finer and has seen less around each cell. "
            "So far these scores are in nothing; alone they would make a noisy label map."
        )
    if step.kind == "add":
        return f"Added cell by cell, class by class. {changes(step, classes)}"
    return (
        f"Enlarged to {step.width}×{step.height} pixels, and the largest of {step.classes} logits taken at every "
        "pixel: the label map."
    )


def changes(step: FusingStep, classes: Sequence[str]) -> str:
    """How much of the label map changed, and from which class to which."""
    if not step.changed:
        return "Not one pixel changed its label."
    most = step.changes[:MOST_CHANGES]
    listed = ", ".join(f"{classes[c.before]} → {classes[c.after]} {percent(c.share)}" for c in most)
    more = f", and {len(step.changes) - len(most)} more kinds" if len(step.changes) > len(most) else ""
    return f"{percent(step.changed)} of the pixels changed their label: {listed}{more}."
