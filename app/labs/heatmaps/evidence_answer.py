"""An attribution as the page asks for it, with its checks; computed in a thread of its own and kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Hashable
from dataclasses import dataclass

import numpy as np

from app.labs.shared.seen import Seen
from fcn_core.analysis.evidence.gradients import check_gradient, gradient_map
from fcn_core.analysis.evidence.occlusion import occlusion_map
from fcn_core.analysis.evidence.target import Target
from fcn_core.progress import Progress
from fcn_core.segmenting.folding import folded_copy

_one_at_a_time = threading.Lock()  # two attributions at once only take each other's cores


@dataclass(frozen=True)
class Request:
    """Method, what to explain, and window and stride of occlusion (0 elsewhere)."""

    method: str
    target: Target
    window: int
    step: int

    @property
    def key(self) -> tuple[Hashable, ...]:
        mask = hashlib.blake2b(np.packbits(self.target.mask).tobytes(), digest_size=12).hexdigest()
        return "evidence", self.method, self.target.head, self.target.index, mask, self.window, self.step


@dataclass(frozen=True)
class Evidence:
    """values: H×W, signed. slope: relative difference of autograd and finite differences (gradients only).

    incompleteness: how far integrated gradients are from adding up, as a share. occlusion_check: Captum's values
    against the definition. baseline: the target on the mean colour; nan for occlusion.
    """

    method: str
    values: np.ndarray
    score: float
    baseline: float
    total: float
    pixels: int
    slope: float | None = None
    double: bool = True
    incompleteness: float | None = None
    occlusion_check: float | None = None


def compute(look: Seen, request: Request, progress: Progress) -> Evidence:
    """Run the method on the small picture. The network is a private copy with its normalisations folded in."""
    target = request.target
    with _one_at_a_time:
        model, x = folded_copy(look.model), look.network_input()
        if request.method == "occlusion":
            found = occlusion_map(model, x, target, window=request.window, stride=request.step, progress=progress)
            total = float(found.values.sum(dtype=np.float64))
            return Evidence(
                "occlusion", found.values, found.score, float("nan"), total, target.pixels,
                occlusion_check=found.check / max(abs(found.score), float(np.abs(found.values).max()), 1.0),
            )  # fmt: skip
        slopes = gradient_map(model, x, target, request.method, progress=progress)
        check = check_gradient(model, x, target)
    return Evidence(
        request.method,
        slopes.values,
        slopes.score,
        slopes.baseline,
        slopes.total,
        target.pixels,
        slope=check.difference,
        double=check.double,
        incompleteness=slopes.incompleteness if request.method == "integrated" else None,
    )
