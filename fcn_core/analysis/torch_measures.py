"""The measures of two label maps once more, in PyTorch, class by class from pixel sets; for checks.

`fcn_core.metrics` reads them off a confusion matrix; nothing is shared with it but the formulas of the paper (Long et
al., CVPR 2015, section 5).
"""

from __future__ import annotations

import numpy as np
import torch

from fcn_core.labels import VOID


def torch_measures(truth: np.ndarray, prediction: np.ndarray, num_classes: int) -> dict[str, float]:
    """pa, mpa, miou and fwiou, 0-1. truth, prediction: label maps of one shape; void truth is left out."""
    counted = torch.tensor(truth) != VOID
    true, said = torch.tensor(truth)[counted], torch.tensor(prediction)[counted]
    if not len(true):
        return dict.fromkeys(("pa", "mpa", "miou", "fwiou"), float("nan"))
    accuracy, iou, weighted = [], [], 0.0
    for i in range(num_classes):
        is_true, is_said = true == i, said == i
        pixels, hit, either = int(is_true.sum()), int((is_true & is_said).sum()), int((is_true | is_said).sum())
        if pixels:
            accuracy.append(hit / pixels)
        if either:
            iou.append(hit / either)
            weighted += pixels * hit / either
    return {
        "pa": float((true == said).double().mean()),
        "mpa": sum(accuracy) / len(accuracy),
        "miou": sum(iou) / len(iou),
        "fwiou": weighted / len(true),
    }


def largest_difference(found: dict[str, float], wanted: dict[str, float]) -> float:
    """Largest absolute difference over the measures of `wanted`; nan beside nan is none, nan beside a number is nan."""
    pairs = [(found[name], value) for name, value in wanted.items()]
    gaps = [0.0 if a != a and b != b else abs(a - b) for a, b in pairs]
    return float("nan") if any(gap != gap for gap in gaps) else max(gaps, default=0.0)
