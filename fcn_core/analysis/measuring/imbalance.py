"""What rare classes do to the scores and to the gradient, in closed form.

Softmax cross-entropy with class weights w (mean form): L = sum_i w[y_i] · (-log p_i[y_i]) / sum_i w[y_i]. Its gradient
with respect to the logits of pixel i is w[y_i] · (p_i - onehot(y_i)) / sum_j w[y_j], whose absolute values add up to
2 · w[y_i] · (1 - p_i[y_i]) / sum_j w[y_j]. The share of the gradient that pixels of one class send follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fcn_core.labels import VOID
from fcn_core.metrics import ConfusionMatrix

SIDE = 100  # pixels of the two-class picture, each way
DOG, CAT = 0, 1


@dataclass(frozen=True)
class DogsAndCats:
    """A picture of SIDE×SIDE pixels: H×W uint8 maps of truth and prediction (0 dog, 1 cat), and their counts."""

    truth: np.ndarray
    prediction: np.ndarray
    matrix: ConfusionMatrix


def dogs_and_cats(cats: int, *, found: int, false: int) -> DogsAndCats:
    """The cat is a disc in a picture of dogs, the prediction a smaller disc in it and a ring of dogs around it.

    cats: percent of the pixels that are cat, 1 to 99. found: percent of the cat's pixels that are called cat. false:
    percent of the dogs' pixels that are called cat. ValueError outside of these.
    """
    if not 1 <= cats <= 99:
        raise ValueError(f"cats is the percent of cat pixels, 1 to 99, got {cats}")
    for name, value in (("found", found), ("false", false)):
        if not 0 <= value <= 100:
            raise ValueError(f"{name} is a percent, 0 to 100, got {value}")
    along = np.arange(SIDE) - (SIDE - 1) / 2
    # Pixels from the centre outwards; a stable order makes every disc hold exactly as many pixels as asked for.
    order = np.argsort((along[:, None] ** 2 + along**2).ravel(), kind="stable")
    cat = cats * SIDE * SIDE // 100
    kept, added = round(cat * found / 100), round((SIDE * SIDE - cat) * false / 100)
    truth, prediction = np.zeros(SIDE * SIDE, np.uint8), np.zeros(SIDE * SIDE, np.uint8)
    truth[order[:cat]] = CAT
    prediction[order[:kept]] = CAT
    prediction[order[cat : cat + added]] = CAT
    matrix = ConfusionMatrix(2)
    matrix.update(truth, prediction)
    return DogsAndCats(truth.reshape(SIDE, SIDE), prediction.reshape(SIDE, SIDE), matrix)


def starting_shares(frequencies: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Share of the gradient that each class sends before anything is learned, K float64, sum 1.

    frequencies: shares of the pixels of each class, K. weights: K, None for equal ones. Score layers start at zero
    (CVPR 2015, section 4.3), so every class has p = 1/K everywhere and 1 - p cancels: w_c f_c / sum_k w_k f_k. The
    same numbers are the answer of the best network that sees nothing of the picture (its constant softmax).
    """
    frequencies = np.asarray(frequencies, np.float64)
    sent = frequencies if weights is None else frequencies * np.asarray(weights, np.float64)
    total = sent.sum()
    if not total > 0:
        raise ValueError("expected at least one class with pixels and a weight above 0; these frequencies add up to 0")
    return sent / total


def gradient_shares(logits: np.ndarray, truth: np.ndarray, weights: np.ndarray | None = None) -> np.ndarray:
    """Share of the gradient that pixels of each class send at these logits, K float64, sum 1 (0 where all is right).

    logits: K×H×W. truth: H×W class indices, 255 void. weights: K, None for equal ones.
    """
    classes = len(logits)
    counted = truth != VOID
    own = np.asarray(truth[counted], np.int64)
    scores = logits[:, counted].astype(np.float64)
    scores -= scores.max(0)
    partition = np.exp(scores).sum(0)
    missing = 1 - np.exp(scores[own, np.arange(own.size)]) / partition
    sent = np.bincount(own, weights=missing, minlength=classes)
    if weights is not None:
        sent = sent * np.asarray(weights, np.float64)
    total = sent.sum()
    return sent / total if total > 0 else sent


def rare_threshold(weights: np.ndarray | None, *, rare: int = CAT, common: int = DOG) -> float:
    """Probability of the rare class above which a network trained with these weights says it, of two classes.

    The weighted loss is smallest when the softmax is w_c P(c|x) / sum, so it says `rare` when w_rare P(rare|x) is the
    larger: P(rare|x) > w_common / (w_common + w_rare); one half without weights.
    weights: length K; rare, common: class indices.
    """
    if weights is None:
        return 0.5
    return float(weights[common] / (weights[common] + weights[rare]))
