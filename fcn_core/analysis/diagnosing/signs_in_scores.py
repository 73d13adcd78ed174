"""Faults that show in scores: one class everywhere, channels swapped, averages over batches."""

from __future__ import annotations

from fcn_core.analysis.diagnosing.diagnosis import Diagnosis, percent
from fcn_core.analysis.diagnosing.symptoms import MetricLine, Symptoms

ROUNDING = 0.006  # scores are often given with two or three digits


def one_class_only(symptoms: Symptoms) -> Diagnosis | None:
    """Everything is predicted as one class: PA = p, MPA = 1/K, mIoU = p/K, FWIoU = p² with p its share of the truth."""
    line, evidence = symptoms.scores, []
    counted = {name: value for name, value in line.iou.items() if value is not None}
    scoring = [name for name, value in counted.items() if value > 1e-4]
    by_class = len(counted) >= 3 and len(scoring) == 1
    if by_class:
        evidence.append(
            f"Of {len(counted)} classes only {scoring[0]} has an IoU above 0: {percent(counted[scoring[0]])}."
        )
    holds, broken = _one_column(line)
    evidence += holds
    if broken or not (by_class or len(holds) >= 2):
        return None
    return Diagnosis(
        "background",
        "Everything is predicted as one class",
        by_class or len(holds) == 3,
        tuple(evidence),
        "Look at the loss first: if it never fell, the learning rate is too small or the score layers get no gradient; "
        "if it jumped, too large. Then at the labels: a palette misread, or masks that are nearly all 0. Give it more "
        "steps, start from trained weights, and weight rare classes only after that.",
    )


def channels_swapped(symptoms: Symptoms) -> Diagnosis | None:
    """RGB for BGR: the same weights measure better with the channels in the other order."""
    given, swapped = symptoms.scores.miou, symptoms.swapped.miou
    if given is None or swapped is None or swapped - given < 0.02:
        return None
    evidence = [f"mIoU {percent(given)} as it was fed, {percent(swapped)} with red and blue exchanged."]
    both = [(name, value, symptoms.swapped.iou.get(name)) for name, value in symptoms.scores.iou.items()]
    gains = sorted(((o - v, n, v, o) for n, v, o in both if v is not None and o is not None), reverse=True)
    if gains and gains[0][0] > 0:
        _, name, before, after = gains[0]
        evidence.append(f"The most is gained by {name}: IoU {percent(before)} → {percent(after)}.")
    return Diagnosis(
        "bgr",
        "RGB is fed where BGR is expected, or the reverse",
        swapped - given > 0.05,
        tuple(evidence),
        "Weights from Caffe expect BGR, 0–255, minus (104.007, 116.669, 122.679); torchvision's expect RGB, 0–1, "
        "normalised. OpenCV reads BGR, Pillow RGB. Take the preprocessing from the weights' card, once, at one place.",
    )


def averaged_over_batches(symptoms: Symptoms) -> Diagnosis | None:
    """mIoU was computed for each batch or picture and averaged, instead of from one confusion matrix."""
    line, evidence, certain = symptoms.scores, [], False
    counted = [value for value in line.iou.values() if value is not None]
    if line.miou is not None and len(counted) > 2:
        own = sum(counted) / len(counted)
        if abs(own - line.miou) > ROUNDING:
            evidence.append(
                f"mIoU is given as {percent(line.miou)}, the mean of the listed IoUs is {percent(own)}: it was not "
                "made from these, or some classes are not listed."
            )
    for low, high, names in ((line.miou, line.mpa, "mIoU above MPA"), (line.fwiou, line.pa, "FWIoU above PA")):
        if low is not None and high is not None and low - high > ROUNDING:
            evidence.append(
                f"{names}: {percent(low)} against {percent(high)}. One confusion matrix cannot give that, since the "
                "IoU of a class is never above its accuracy."
            )
            certain = True
    if len(symptoms.batch_mious) > 1:
        several = symptoms.batch_mious
        own = sum(several) / len(several)
        evidence.append(
            f"There are {len(several)} values of mIoU, {percent(min(several))} to {percent(max(several))}, "
            f"one a batch or picture; their mean is {percent(own)}."
        )
        if line.miou is not None:
            certain = certain or abs(own - line.miou) < 5e-4
    if not evidence:
        return None
    return Diagnosis(
        "per-batch",
        "mIoU is averaged over batches or pictures",
        certain,
        tuple(evidence),
        "Add up one confusion matrix over the whole set and compute the scores once, at the end (the paper's section "
        "5; fcn_core.metrics.ConfusionMatrix.update and .scores). Averages change with the batch size and the order. "
        "The view “Three averages” shows how far they lie apart.",
    )


def _one_column(line: MetricLine) -> tuple[list[str], bool]:
    """Which of the three relations of a matrix with one filled column hold, in words, and whether one is broken."""
    holds: list[str] = []
    if line.mpa is None or not 0 < line.mpa <= 0.51:
        return holds, False
    classes = round(1 / line.mpa)
    if abs(line.mpa * classes - 1) > min(0.3, ROUNDING * classes):
        return holds, True
    holds.append(f"MPA {percent(line.mpa)} is 1/{classes}: one class of {classes} has accuracy 1, the others 0.")
    if line.pa is not None and line.miou is not None:
        if abs(line.miou - line.pa / classes) > ROUNDING:
            return holds, True
        holds.append(f"mIoU {percent(line.miou)} is PA / {classes} = {percent(line.pa / classes)}.")
    if line.pa is not None and line.fwiou is not None:
        if abs(line.fwiou - line.pa**2) > 2 * ROUNDING:
            return holds, True
        holds.append(f"FWIoU {percent(line.fwiou)} is PA² = {percent(line.pa**2)}.")
    return holds, False
