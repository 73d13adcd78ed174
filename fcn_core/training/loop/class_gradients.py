"""Which class the gradient of the training loss comes from, measured by autograd."""

from __future__ import annotations

import torch
from torch import Tensor

from fcn_core.labels import VOID
from fcn_core.training.loop.losses import pixel_loss


def measured_gradient_shares(logits: Tensor, truth: Tensor, weights: Tensor | None = None) -> Tensor:
    """Share of the gradient with respect to the logits that pixels of each class send: K float64, sum 1.

    logits: K×H×W. truth: H×W int64, 255 void. weights: K class weights or None. The loss is the one that runs are
    trained with; of its gradient the absolute values are added up by the true class of the pixel. All 0 when the
    gradient is.
    """
    leaf = logits.detach().double()[None].requires_grad_()
    # pixel_loss computes in float32, as training does; the sum over 10^5 pixels is taken in float64.
    (gradient,) = torch.autograd.grad(pixel_loss(leaf, truth[None], weights=weights), leaf)
    size = gradient[0].abs().sum(0)
    counted = truth != VOID
    sent = torch.bincount(truth[counted], weights=size[counted], minlength=len(logits))
    return sent / sent.sum() if sent.sum() > 0 else sent
