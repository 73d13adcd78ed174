"""Patchwise training is loss sampling (CVPR 2015, sections 3.4 and 4.3).

A whole picture is a batch of patches: every cell of the last layer with all that it sees. Keeping each cell's loss with
chance p, and dividing by p, is drawing patches; its expected gradient is the whole picture's. What it adds is
variance: (1 - p)/p times the sum over patches of |g|², g being a patch's share of the gradient. As the paper does, the
batch can hold 1/p pictures instead of one, so that as many patches count as before.

Gradients are with respect to the score layers; the trunk below is run once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from fcn_core.keys import fresh_key
from fcn_core.labels import VOID
from fcn_core.models.fcn import FCN
from fcn_core.models.spec import score_of, streams_of
from fcn_core.progress import Progress

PATCH = 32  # pixels along a side of the patch that one cell of the last layer answers for


@dataclass(frozen=True, eq=False)
class PatchGradients:
    """Gradients of every patch's share of a picture's mean loss, P×parameters float32; they add up to `whole`.

    grid        rows and columns of patches
    losses      P: each patch's share of the mean loss
    whole       gradient of the mean loss, found by PyTorch in one go
    difference  largest difference between a random half of the patches, added up, and PyTorch's gradient of the loss
                masked to that half; and the same for all patches; relative to the largest value of `whole`
    key         names this very measurement
    """

    grid: tuple[int, int]
    losses: np.ndarray
    gradients: np.ndarray
    whole: np.ndarray
    difference: float
    key: str = field(default_factory=fresh_key)

    @property
    def sizes(self) -> np.ndarray:
        """Length of every patch's gradient, rows×columns."""
        return np.linalg.norm(self.gradients, axis=1).reshape(self.grid)


@dataclass(frozen=True, eq=False)
class SampledGradients:
    """Gradients of sampled batches around the expected one; all in units of the expected gradient's length.

    variance    mean squared distance of one batch's gradient from the expected one, measured over the draws
    predicted   the same by formula
    mean_error  after 1, 2, …, draws: distance of the mean of the batches so far from the expected gradient
    cosine      mean cosine of the angle between a batch's gradient and the expected one
    """

    keep: float
    pictures: int
    variance: float
    predicted: float
    mean_error: np.ndarray
    cosine: float


def patch_gradients(
    model: nn.Module,
    x: Tensor,
    target: Tensor,
    head: int,
    *,
    progress: Progress | None = None,
) -> PatchGradients:
    """One pass of the trunk and one backward pass through the score layers for every patch of 32×32 pixels.

    x: 1×C×H×W, preprocessed. target: H×W integer labels, 255 where nothing counts. The model is not changed.
    ValueError for other networks than FCN, and where every pixel is void.
    """
    if not isinstance(model, FCN):
        raise ValueError(f"{type(model).__name__} has no score layers that are known here; choose weights of an FCN")
    device = next(model.parameters()).device
    size = (x.shape[-2], x.shape[-1])
    goal = target.to(device=device, dtype=torch.int64)
    counted = int((goal != VOID).sum())
    if not counted:
        raise ValueError("the ground truth is void everywhere, so there is no loss; choose another picture")
    with torch.no_grad():
        features = model.trunk(x.to(device))
    with torch.inference_mode(False), torch.enable_grad():
        features = {stride: maps.detach().clone() for stride, maps in features.items()}
        names = _score_layers(head)
        parameters = {k: v.detach().clone() for k, v in model.head.state_dict(keep_vars=True).items()}
        wanted = [parameters[k].requires_grad_() for k in parameters if k.split(".")[0] in names]
        logits = functional_call(model.head, parameters, (features, size, (head,))).logits[head]
        losses = F.cross_entropy(logits.float(), goal[None], ignore_index=VOID, reduction="none")[0] / counted

        def gradient(loss: Tensor) -> np.ndarray:
            parts = torch.autograd.grad(loss, wanted, retain_graph=True)
            return torch.cat([part.flatten() for part in parts]).float().cpu().numpy()

        whole = gradient(losses.sum())
        tops, lefts = (range(0, n, PATCH) for n in size)
        own, found = [], []
        total = len(tops) * len(lefts)
        for top in tops:
            for left in lefts:
                loss = losses[top : top + PATCH, left : left + PATCH].sum()
                own.append(float(loss.detach()))
                found.append(gradient(loss))
                if progress:
                    progress(len(found), total)
        gradients = np.stack(found)
        kept = np.random.default_rng(0).random(total) < 0.5
        mask = torch.from_numpy(kept.reshape(len(tops), len(lefts))).to(device)
        pixels = mask.repeat_interleave(PATCH, 0).repeat_interleave(PATCH, 1)[: size[0], : size[1]]
        masked = gradient((losses * pixels).sum())
    scale = max(float(np.abs(whole).max()), 1e-12)
    gaps = (gradients.sum(0) - whole, gradients[kept].sum(0) - masked)
    difference = max(float(np.abs(gap).max()) for gap in gaps) / scale
    return PatchGradients((len(tops), len(lefts)), np.array(own), gradients, whole, difference)


def sample_patches(picture: PatchGradients, keep: float, *, draws: int = 1000, seed: int = 0) -> SampledGradients:
    """Keep each patch of one picture with chance `keep`, many times. The expected gradient is the whole picture's."""
    _check(keep)
    gram = _gram(picture.gradients)
    length = max(float(gram.sum()), 1e-30)
    kept = np.random.default_rng(seed).random((draws, len(gram))) < keep
    away = kept / keep - 1
    predicted = (1 - keep) / keep * float(np.trace(gram)) / length
    return _measured(gram, away, np.ones(len(gram)), keep, 1, predicted)


def sample_pictures(
    pictures: Sequence[PatchGradients], keep: float, *, draws: int = 1000, seed: int = 0
) -> SampledGradients:
    """Batches of 1/keep pictures, drawn with replacement, of which each patch is kept with chance `keep`.

    The expected gradient is the mean over the pictures. keep must be 1 over a whole number.
    """
    _check(keep)
    batch = round(1 / keep)
    if abs(batch * keep - 1) > 1e-9:
        raise ValueError(f"a batch of 1/keep pictures needs a whole number of them; keep is {keep}")
    gram = _gram(np.concatenate([picture.gradients for picture in pictures]))
    owner = np.repeat(np.arange(len(pictures)), [len(picture.gradients) for picture in pictures])
    expected = np.full(len(gram), 1 / len(pictures))
    length = max(float(expected @ gram @ expected), 1e-30)
    rng = np.random.default_rng(seed)
    weights = np.zeros((draws, len(gram)))
    for _ in range(batch):
        chosen = rng.integers(0, len(pictures), draws)
        weights += (owner[None] == chosen[:, None]) & (rng.random(weights.shape) < keep)
    # The batch's sum is divided by keep · batch = 1: as many patches count as in one whole picture.
    own = [gram[np.ix_(owner == i, owner == i)] for i in range(len(pictures))]
    inner = float(np.mean([np.trace(block) for block in own])) / length
    between = float(np.mean([block.sum() for block in own])) / length - 1
    predicted = (1 - keep) * inner + keep * between
    return _measured(gram, weights - expected, expected, keep, batch, predicted)


def _measured(
    gram: np.ndarray, away: np.ndarray, expected: np.ndarray, keep: float, pictures: int, predicted: float
) -> SampledGradients:
    """away: draws×P, each batch's weights minus the expected ones. Lengths follow from the patches' inner products."""
    length = max(float(expected @ gram @ expected), 1e-30)
    squared = np.einsum("dp,dp->d", away @ gram, away) / length
    along = 1 + away @ (gram @ expected) / length
    total = np.sqrt(np.maximum(squared + 2 * (along - 1) + 1, 1e-30))
    means = np.cumsum(away, 0) / np.arange(1, len(away) + 1)[:, None]
    error = np.sqrt(np.maximum(np.einsum("dp,dp->d", means @ gram, means) / length, 0))
    return SampledGradients(keep, pictures, float(squared.mean()), predicted, error, float((along / total).mean()))


def _gram(gradients: np.ndarray) -> np.ndarray:
    return gradients.astype(np.float64) @ gradients.T.astype(np.float64)


def _score_layers(head: int) -> set[str]:
    return {score_of(stream) for stream in streams_of(head)}


def _check(keep: float) -> None:
    if not 0 < keep <= 1:
        raise ValueError(f"patches are kept with a chance above 0 and at most 1, got {keep}")
