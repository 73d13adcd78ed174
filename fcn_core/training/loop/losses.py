"""The loss of a pixel labelling network: softmax cross-entropy over all pixels that are not void.

Mean over the pixels that count by default; the reference code sums them instead (and its learning rates near 1e-10
belong to that sum). Class weights: median frequency (Eigen and Fergus 2015; as in SegNet), where a class is counted in
the pictures that show it, and ENet's 1 / ln(1.02 + p) (Paszke et al. 2016), where p is its share of all labelled
pixels; the square root of ENet's is gentler.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from fcn_core.labels import VOID

ENET_C = 1.02


def class_weights(counts: np.ndarray, kind: str, *, shown_in: np.ndarray | None = None) -> Tensor | None:
    """Weight of each class as float32, shape K, or None for equal weights.

    counts: pixels of each class in the training data, shape K. kind: "none", "median_frequency", "enet" or
    "sqrt_enet". shown_in: all pixels of the pictures that show each class, shape K, in the unit of counts; only median
    frequency asks for it, and None says that every picture shows every class. A class without pixels gets the weight 1
    (median frequency) or that of p = 0 (ENet). ValueError where there are no pixels at all or the kind is unknown.
    """
    if kind == "none":
        return None
    total = counts.sum()
    if total == 0:
        raise ValueError("the training data has no labelled pixels, so classes cannot be weighted by frequency")
    share = counts / total
    if kind == "median_frequency":
        weights = np.ones(len(counts))
        present = share > 0
        frequency = counts[present] / (total if shown_in is None else shown_in[present])
        weights[present] = np.median(frequency) / frequency
    elif kind == "enet":
        weights = 1 / np.log(ENET_C + share)
    elif kind == "sqrt_enet":
        weights = np.sqrt(1 / np.log(ENET_C + share))
    else:
        raise ValueError(f"unknown class weights {kind!r}; expected none, median_frequency, enet or sqrt_enet")
    return torch.tensor(weights, dtype=torch.float32)


def faded_weights(weights: Tensor | None, *, fraction: float, start: float) -> Tensor | None:
    """Class weights (K) at `fraction` (0-1) of a run: as given until `start` (0-1), then falling evenly to equal ones.

    Weights help a network to find rare classes and make it see too much of them; fading keeps the one and
    sheds the other. The exponent falls from 1 to 0, so the order of the classes never changes.
    """
    if weights is None or fraction <= start:
        return weights
    return weights ** (1 - (fraction - start) / (1 - start))


def pixel_loss(
    logits: Tensor, target: Tensor, *, weights: Tensor | None = None, reduction: str = "mean", smoothing: float = 0.0
) -> Tensor:
    """Cross-entropy of one head, a scalar. logits: N×K×H×W; target: N×H×W int64 with 255 where nothing counts;
    weights: K float32, None counts all classes alike; smoothing: of the labels, 0-1. reduction: mean or sum.

    "mean" divides by the (weighted) number of pixels that count, and is 0, not nan, when all are void.
    """
    return heads_loss(
        {0: logits}, target, head_weights={0: 1.0}, weights=weights, reduction=reduction, smoothing=smoothing
    )


def heads_loss(
    logits: Mapping[int, Tensor],
    target: Tensor,
    *,
    head_weights: Mapping[int, float],
    weights: Tensor | None = None,
    reduction: str = "mean",
    smoothing: float = 0.0,
) -> Tensor:
    """Weighted sum of the heads' losses (deep supervision). logits: head -> N×K×H×W; the rest as `pixel_loss`."""
    total = summed_loss(logits, target, head_weights=head_weights, weights=weights, smoothing=smoothing)
    return total if reduction == "sum" else total / counted_weight(target, weights).clamp(min=1e-6)


def summed_loss(
    logits: Mapping[int, Tensor],
    target: Tensor,
    *,
    head_weights: Mapping[int, float],
    weights: Tensor | None = None,
    smoothing: float = 0.0,
) -> Tensor:
    """Cross-entropy added up over all pixels that count and over the heads, each times its weight: a scalar, float32.

    logits: head -> N×K×H×W; target: N×H×W int64; weights: K float32 or None. Heads of weight 0 need no logits.
    """
    return torch.stack(
        [
            share
            * F.cross_entropy(
                logits[head].float(),
                target,
                weight=weights,
                ignore_index=VOID,
                reduction="sum",
                label_smoothing=smoothing,
            )
            for head, share in head_weights.items()
            if share > 0
        ]
    ).sum()


def counted_weight(target: Tensor, weights: Tensor | None = None) -> Tensor:
    """What a mean loss divides by, a scalar: the pixels that are not void, each times its class weight.

    target: integers of any shape; weights: K float32 or None. One count of the classes serves all heads.
    """
    pixels = torch.bincount(target.flatten(), minlength=VOID + 1)[:VOID].float()
    return pixels.sum() if weights is None else (pixels[: len(weights)] * weights).sum()
