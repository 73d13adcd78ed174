"""The kinds of class weights on this page, by name."""

from __future__ import annotations

import numpy as np

from fcn_core.training.loop.losses import class_weights

KINDS = {
    "none": "none",
    "median_frequency": "median frequency",
    "enet": "ENet",
    "sqrt_enet": "√ENet",
}
FORMULAS = {
    "none": "every class weighs 1",
    "median_frequency": "median frequency / own frequency",
    "enet": "1 / ln(1.02 + share)",
    "sqrt_enet": "the square root of ENet's",
}


def weights_of(shares: np.ndarray, kind: str, shown_in: np.ndarray | None = None) -> np.ndarray | None:
    """The weights that training would take for classes of these shares; None for equal ones.

    shares: of the labelled pixels, K. shown_in: the pictures that show each class, as a share of them, K; None: all do.
    """
    weights = class_weights(np.asarray(shares, np.float64), kind, shown_in=shown_in)
    return None if weights is None else weights.numpy().astype(np.float64)
