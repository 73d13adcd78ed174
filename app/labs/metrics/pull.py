"""Which classes pull at the network: shares of the gradient, in closed form and held against autograd."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from fcn_core.analysis.measuring.imbalance import gradient_shares, starting_shares
from fcn_core.labels import VOID
from fcn_core.training.loop.class_gradients import measured_gradient_shares


@dataclass(frozen=True)
class Pull:
    """Shares of each class, K: of the pixels, of the gradient before training and now; the weights; how far autograd
    was from the closed form at both moments."""

    pixels: np.ndarray
    start: np.ndarray
    now: np.ndarray
    weights: np.ndarray | None
    differences: tuple[float, float]


def pixel_shares(truth: np.ndarray, classes: int) -> np.ndarray:
    """Share of the pixels of each class, void left out: K float64."""
    counts = np.bincount(truth[truth != VOID].ravel(), minlength=classes)[:classes]
    return counts / max(1, counts.sum())


def measure(logits: np.ndarray, truth: np.ndarray, weights: np.ndarray | None) -> Pull:
    """Both shares in closed form, each held against autograd. logits: K×H×W; truth: H×W, 255 void."""
    pixels = pixel_shares(truth, len(logits))
    start, now = starting_shares(pixels, weights), gradient_shares(logits, truth, weights)
    target = torch.from_numpy(truth.astype(np.int64))
    given = None if weights is None else torch.tensor(weights, dtype=torch.float32)
    scores = torch.from_numpy(np.asarray(logits, np.float32))
    differences = tuple(
        float(np.abs(measured_gradient_shares(at, target, given).numpy() - expected).max())
        for at, expected in ((torch.zeros_like(scores), start), (scores, now))
    )
    return Pull(pixels, start, now, weights, (differences[0], differences[1]))
