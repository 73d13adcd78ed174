"""Faults that show in labels, losses and logs: 255 as a class, a palette misread, a rate for the other form of loss."""

from __future__ import annotations

import math
import re

import numpy as np

from fcn_core.analysis.diagnosing.diagnosis import Diagnosis, percent
from fcn_core.analysis.diagnosing.symptoms import Symptoms
from fcn_core.data.lint.masks import grey_palette
from fcn_core.labels import LABEL_SETS, VOID, LabelSet

CAFFE_FLOOR = 87.3365  # -log of the smallest float32: Caffe's loss of a pixel whose probability is 0
VOID_WORDS = re.compile(r"\b(void|unlabell?ed|ignored?|ambiguous|border|boundary|255|no class)\b", re.I)
CHANNEL_LEVELS = {0, 32, 64, 96, 128, 160, 192, 224}
LARGE_LOSS, SUM_RATE, MEAN_RATE = 50.0, 1e-6, 1e-7


def void_as_class(symptoms: Symptoms) -> Diagnosis | None:
    """Index 255 marks pixels that nothing counts; here something counted them."""
    evidence, certain = [], False
    for line in symptoms.errors:
        if re.search(rf"(?:target|index|label|value)\s*:?\s*{VOID}\b", line, re.I):
            evidence.append(f"The log says: {line}")
            certain = True
    names = [name for name in symptoms.scores.iou if VOID_WORDS.search(name)]
    for name in names:
        evidence.append(f"The scores list “{name}” as a class of its own{_with_iou(symptoms.scores.iou[name])}.")
    for labels in LABEL_SETS.values():
        more = [name for name in symptoms.scores.iou if name not in labels.classes]
        if len(more) == 1 and len(symptoms.scores.iou) == len(labels) + 1:
            evidence.append(f"{len(labels) + 1} classes were scored; {labels.title} has {len(labels)}.")
            certain = certain or bool(names)
    if not evidence:
        return None
    return Diagnosis(
        "void",
        "255 (void) is taken as a class",
        certain,
        tuple(evidence),
        f"Give the loss ignore_index={VOID} and leave pixels whose truth is {VOID} out of the confusion matrix. The "
        "number of classes is that of the named ones, without void. Never map 255 to 0 before training: background "
        "would learn every object's outline.",
    )


def palette_misread(symptoms: Symptoms) -> Diagnosis | None:
    """A label map holds grey values or one channel of a palette's colours instead of indices."""
    values = set(symptoms.label_values) - {VOID}
    evidence, certain = [], False
    if len(values) > 1:
        for labels in LABEL_SETS.values():
            if max(values) >= len(labels) and grey_palette(np.array(sorted(values)), labels) == labels.name:
                named = labels.title.partition(",")[0]
                evidence.append(
                    f"The values {_listed(values)} are greys of the colours of {named}: {_greys(values, labels)}."
                )
                certain = True
                break
        else:
            if values <= CHANNEL_LEVELS and max(values) > 21 and len(values) > 2:
                evidence.append(
                    f"The values {_listed(values)} are multiples of 32: one colour channel of a PASCAL-like palette."
                )
    for line in symptoms.errors:
        hit = re.search(r"(?:Target|class index|index)\s*:?\s*(\d{1,3})\b", line, re.I)
        if hit and int(hit.group(1)) != VOID:
            evidence.append(f"The log names an index that no class has: {line}")
    if not evidence:
        return None
    return Diagnosis(
        "palette",
        "Label maps from a palette file are misread",
        certain,
        tuple(evidence),
        "Open palette PNGs with Pillow and take the pixels as they are: np.asarray(Image.open(path)), never "
        '.convert("L") or .convert("RGB"), and not cv2.imread, which turns indices into colours. Then np.unique must '
        "give 0 … K−1 and 255. The Data page checks a whole folder.",
    )


def summed_loss(symptoms: Symptoms) -> Diagnosis | None:
    """The learning rate belongs to the other form of the loss: a sum over pixels is 10^5 times their mean."""
    losses = symptoms.losses
    first = next((loss for loss in losses if math.isfinite(loss)), None)
    broke = any(not math.isfinite(loss) for loss in losses)
    floor = [loss for loss in losses if abs(loss - CAFFE_FLOOR) < 1e-3]
    is_sum = symptoms.loss_is_sum if symptoms.loss_is_sum is not None else (first or 0) > LARGE_LOSS and not floor
    rate, evidence = symptoms.lr, []
    if floor:
        evidence.append(f"The loss stands at {CAFFE_FLOOR}, Caffe's value for a probability of 0: the weights burst.")
    if is_sum and (broke or floor or (rate is not None and rate > SUM_RATE)):
        if first is not None and first > LARGE_LOSS:
            evidence.append(
                f"The loss begins at {first:,.0f}: a sum over pixels, since a mean begins near ln K, 2 to 4."
            )
        if broke:
            evidence.append("Later it is no number.")
        if rate is not None:
            pixels = symptoms.pixels or (first or 0) / math.log(21)
            evidence.append(_effective_rate(rate, pixels, symptoms.momentum))
        return _wrong_rate(evidence, broke or bool(floor))
    if floor:
        return _wrong_rate(evidence, False)
    if not is_sum and rate is not None and rate < MEAN_RATE and not _falls(losses):
        evidence.append(
            f"The loss is a mean over pixels and the learning rate {rate:g}, as the reference code has for its sum."
        )
        if len(losses) > 1:
            evidence.append(
                f"In {len(losses)} steps the loss went from {losses[0]:.3g} to {losses[-1]:.3g}: it stands."
            )
        return _wrong_rate(evidence, len(losses) > 1)
    return None


def _wrong_rate(evidence: list[str], certain: bool) -> Diagnosis:
    return Diagnosis(
        "summed",
        "Learning rate and form of the loss do not go together",
        certain,
        tuple(evidence),
        "Rates near 1e-10 belong to the reference code's sum over all pixels, with momentum 0.99; rates of 1e-4 to "
        "1e-2 belong to a mean. On a 500×375 photo 1e-10 on the sum is 1.9e-5 on the mean. Keep the mean "
        "(loss.reduction: mean) and choose the rate for it.",
    )


def _effective_rate(rate: float, pixels: float, momentum: float | None) -> str:
    text = f"Learning rate {rate:g} on a sum over {pixels:,.0f} pixels is {rate * pixels:.2g} on their mean"
    if momentum is not None and momentum < 1:
        text += f", and {rate * pixels / (1 - momentum):.2g} in the long run with momentum {momentum:g}"
    return f"{text}. The paper's is 1.9e-5 and 1.9e-3."


def _falls(losses: tuple[float, ...]) -> bool:
    """Whether the later half of the losses is clearly below the first half."""
    usable = [loss for loss in losses if math.isfinite(loss)]
    if len(usable) < 4:
        return False
    half = len(usable) // 2
    return sum(usable[half:]) / (len(usable) - half) < 0.95 * sum(usable[:half]) / half


def _with_iou(value: float | None) -> str:
    return "" if value is None else f", with IoU {percent(value)}"


def _listed(values: set[int]) -> str:
    some = sorted(values)
    return ", ".join(map(str, some[:10])) + (", …" if len(some) > 10 else "")


def _greys(values: set[int], labels: LabelSet) -> str:
    """Some of the values with the classes whose colours have that grey."""
    known = []
    for name, (red, green, blue) in zip(labels.classes, labels.palette, strict=True):
        grey = round(0.299 * red + 0.587 * green + 0.114 * blue)
        if grey in values and grey:
            known.append(f"{grey} is {name}")
    return "; ".join(known[:4]) or "the same brightness"
