"""The measures of two label maps once more, in PyTorch, from three histograms; for checks.

The histograms are of the true labels, of the predicted ones, and of those that agree. `fcn_core.metrics` reads the
measures off a confusion matrix; nothing is shared with it but the formulas of the paper (Long et al., CVPR 2015,
section 5).
"""

from __future__ import annotations

import numpy as np
import torch

from fcn_core.labels import VOID


def torch_measures(truth: np.ndarray, prediction: np.ndarray, num_classes: int) -> dict[str, float]:
    """pa, mpa, miou and fwiou, 0-1. truth, prediction: label maps of one shape; void truth is left out."""
    counted = torch.tensor(truth) != VOID
    true, said = (torch.tensor(labels)[counted].long() for labels in (truth, prediction))
    if not len(true):
        return dict.fromkeys(("pa", "mpa", "miou", "fwiou"), float("nan"))
    sizes, areas, hits = (
        torch.bincount(labels, minlength=num_classes).double() for labels in (true, said, true[true == said])
    )
    either = sizes + areas - hits
    accuracy, iou = (hits / sizes)[sizes > 0], (hits / either)[either > 0]
    return {
        "pa": float((true == said).double().mean()),
        "mpa": float(accuracy.mean()),
        "miou": float(iou.mean()),
        "fwiou": float((sizes * hits / either.clamp(min=1)).sum() / len(true)),
    }


def largest_difference(found: dict[str, float], wanted: dict[str, float]) -> float:
    """Largest absolute difference over the measures of `wanted`; nan beside nan is none, nan beside a number is nan."""
    pairs = [(found[name], value) for name, value in wanted.items()]
    gaps = [0.0 if a != a and b != b else abs(a - b) for a, b in pairs]
    return float("nan") if any(gap != gap for gap in gaps) else max(gaps, default=0.0)
