"""Known ways in which a training or a measurement of segmentation goes wrong: their signs, and what cures them.

Each signature is a function from `Symptoms` to a `Diagnosis` or None. It speaks only on evidence: relations that hold
for this fault and practically never otherwise, with the numbers that showed it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fcn_core.analysis.diagnosing.diagnosis import Diagnosis
from fcn_core.analysis.diagnosing.signs_in_scores import averaged_over_batches, channels_swapped, one_class_only
from fcn_core.analysis.diagnosing.signs_in_training import palette_misread, summed_loss, void_as_class
from fcn_core.analysis.diagnosing.symptoms import Symptoms

SIGNATURES: Mapping[str, Callable[[Symptoms], Diagnosis | None]] = {
    "background": one_class_only,
    "void": void_as_class,
    "bgr": channels_swapped,
    "palette": palette_misread,
    "summed": summed_loss,
    "per-batch": averaged_over_batches,
}


def diagnose(symptoms: Symptoms) -> list[Diagnosis]:
    """Every signature that is found, certain ones first; empty when none of them is."""
    found = [diagnosis for signature in SIGNATURES.values() if (diagnosis := signature(symptoms)) is not None]
    return sorted(found, key=lambda diagnosis: not diagnosis.certain)
