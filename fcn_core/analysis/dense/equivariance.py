"""What happens to the output when the photo moves (CVPR 2015, section 3: nets of translation invariant layers).

A network of stride S is equivariant to shifts by multiples of S: the output moves along exactly. Between them it is
not: every cell then looks at other pixels than any cell did before. Two ways to treat the borders. "wrap": each
border joins the opposite one, in every layer and in the upsampling, and the photo is rolled; nothing is lost, so the
claim holds at every pixel. "zero": the network as it is; a window moves over the photo, and near its borders the
layers see their zeros move along with it, so that only the inside is compared.

A classifier (the scores of fc7 averaged over the picture) is invariant instead: its answer stays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from fcn_core.models.fcn import FCN
from fcn_core.models.network import NetworkOutput
from fcn_core.models.spec import SKIPS
from fcn_core.models.upscore import IMAGE_GRID, Upscore
from fcn_core.ops.bilinear import upsample_bilinear
from fcn_core.ops.conv_arithmetic import place_upsampling
from fcn_core.ops.shift_stitch import with_borders
from fcn_core.progress import Progress
from fcn_core.segmenting.folding import folded_copy

Edge = Literal["wrap", "zero"]
SHIFTS = tuple(range(0, 65, 4))
MOST_SHIFT = 64
LEAST_COMPARED = 32  # columns that are compared after the largest shift
STREAMS = {skip.layer: (skip.score, skip.stride) for skip in SKIPS}


@dataclass(frozen=True)
class Moved:
    """One output after a shift against the output before it.

    along, still    root mean square difference, in units of the scores' own spread: with the output moved back by
                    the shift, and without
    labels          share of the pixels whose label differs, moved back
    largest         largest difference of two scores, moved back, in the same units
    """

    along: float
    still: float
    labels: float
    largest: float


@dataclass(frozen=True, eq=False)
class OneShift:
    """Every output after one shift: name of the output ("32s", …, "pool3") -> Moved, and -> its label map, moved back.

    classifier          the classifier's probabilities, K
    classifier_change   root mean square change of the averaged scores, in the spread of the coarsest output
    """

    outputs: dict[str, Moved]
    labels: dict[str, np.ndarray]
    classifier: np.ndarray
    classifier_change: float


@dataclass(frozen=True, eq=False)
class ShiftStudy:
    """Some shifts of one picture. strides: output -> pixels of a shift that it follows exactly.

    before: scores without a shift, outputs×K×H×W float32, in the order of `strides`
    """

    edge: Edge
    margin: int
    strides: dict[str, int]
    before: np.ndarray
    shifts: dict[int, OneShift]


class WrappedUpscore(Upscore):
    """An upsampling whose map goes on at the opposite border."""

    def __init__(self, upscore: Upscore) -> None:
        nn.Module.__init__(self)
        self.upscore, self.placement, self.weight = upscore, upscore.placement, upscore.weight

    def full_size(self, n: int) -> int:
        return self.upscore.full_size(n + 2 * MARGIN) - MARGIN * self.placement.factor

    def forward(self, x: Tensor, *, start: int, size: tuple[int, int]) -> Tensor:
        joined = _joined(x, MARGIN)
        return self.upscore(joined, start=start + MARGIN * self.placement.factor, size=size)


MARGIN = 4  # cells taken over from the opposite border before an upsampling


class ShiftedNetwork:
    """A network whose output can be compared before and after a shift. Runs on a private copy."""

    def __init__(self, model: nn.Module, edge: Edge) -> None:
        """model: an FCN; ValueError for others. `edge` as in the module's text."""
        if not isinstance(model, FCN):
            raise ValueError(f"{type(model).__name__} is not a plain FCN; choose weights of this project or of VGG16")
        self.edge = edge
        self.device = next(model.parameters()).device
        centred = model if model.spec.alignment == "centered" else _centred(model)
        self.model = folded_copy(model) if edge == "zero" else _wrapped(centred)
        # Cropped maps of the published alignment lie elsewhere: there only the heads are compared.
        shown = STREAMS.items() if edge == "wrap" or model is centred else ()
        grids = centred.trunk.coordinates
        self._streams = {
            name: (key, place_upsampling(grids[stride], IMAGE_GRID))
            for name, (key, stride) in shown
            if stride >= min(model.heads)
        }
        self.heads = model.heads
        self.classes = model.spec.num_classes

    @property
    def outputs(self) -> dict[str, int]:
        """Names of outputs -> pixels by which the photo must move for the output to move along exactly."""
        streams = {name: placed.factor for name, (_, placed) in self._streams.items()}
        return {**{f"{head}s": 32 for head in sorted(self.heads, reverse=True)}, **streams}

    def __call__(self, x: Tensor, shift: int) -> dict[str, Tensor]:
        """Scores of every output, K×H×W, of the picture moved left by `shift` pixels. x: 1×C×H×W, preprocessed."""
        width = x.shape[-1]
        if self.edge == "wrap":
            moved = x.roll(-shift, -1)
        else:
            moved = x[..., shift : width - MOST_SHIFT + shift]
        with torch.inference_mode():
            return self._enlarged(self.model(moved.to(self.device)), (moved.shape[-2], moved.shape[-1]))

    def moved_back(self, scores: Tensor, shift: int) -> Tensor:
        """Scores after a shift, K×H×W, on the pixels of the photo where they belong; the last `shift` columns mean
        nothing with "zero" borders."""
        return scores.roll(shift, -1)

    def inside(self, shape: tuple[int, int], shift: int, margin: int) -> Tensor:
        """Pixels that are compared, H×W bool: all, or those at least `margin` columns from both windows' borders."""
        height, width = shape
        columns = torch.arange(width)
        kept = columns >= 0
        if self.edge == "zero":
            kept = (columns >= shift + margin) & (columns < width - margin)
        return kept.expand(height, width)

    def _enlarged(self, output: NetworkOutput, size: tuple[int, int]) -> dict[str, Tensor]:
        found = {f"{head}s": logits[0].float().cpu() for head, logits in output.logits.items()}
        margin = MARGIN if self.edge == "wrap" else 0
        for name, (key, placed) in self._streams.items():
            start = margin * placed.factor - placed.shift
            scores = _joined(output.maps[key], margin)
            large = upsample_bilinear(
                scores, factor=placed.factor, kernel=placed.kernel, start=(start, start), size=size
            )
            found[name] = large[0].float().cpu()
        return found


def most_margin(width: int) -> int:
    """Columns that can be left out at both sides of a picture this wide with "zero" borders; negative: too narrow."""
    return (width - 2 * MOST_SHIFT - LEAST_COMPARED) // 2


def shift_study(
    network: ShiftedNetwork,
    x: Tensor,
    *,
    margin: int = 0,
    shifts: Sequence[int] = SHIFTS,
    progress: Progress | None = None,
) -> ShiftStudy:
    """How every output moves with the picture. x: 1×C×H×W, preprocessed, sides multiples of 32.

    margin: columns left out at both sides with "zero" borders. One pass a shift; progress(done, total) counts them.
    """
    _check(network, x, margin)
    first = network(x, 0)
    study = ShiftStudy(
        network.edge, margin, network.outputs, torch.stack([first[n] for n in network.outputs]).numpy(), {}
    )
    for number, shift in enumerate(shifts, 1):
        study.shifts[shift] = one_shift(network, x, study, shift, after=None if shift else first)
        if progress:
            progress(number, len(shifts))
    return study


def one_shift(
    network: ShiftedNetwork, x: Tensor, study: ShiftStudy, shift: int, *, after: dict[str, Tensor] | None = None
) -> OneShift:
    """One more shift of the same picture, against the scores that `study` holds.

    x: 1×C×H×W, preprocessed. after: its scores by output, K×H×W each, if known.
    """
    if not 0 <= shift <= MOST_SHIFT:
        raise ValueError(f"expected a shift from 0 to {MOST_SHIFT} pixels, got {shift}")
    after = network(x, shift) if after is None else after
    before = dict(zip(study.strides, torch.from_numpy(study.before), strict=True))
    coarsest = next(iter(before))
    pooled, first = (scores[coarsest].mean((-2, -1)) for scores in (after, before))
    return OneShift(
        {name: _moved(network, before[name], after[name], shift, study.margin) for name in before},
        {name: network.moved_back(after[name], shift).argmax(0).to(torch.uint8).numpy() for name in before},
        pooled.softmax(0).numpy(),
        float((pooled - first).square().mean().sqrt() / _spread(before[coarsest])),
    )


def _moved(network: ShiftedNetwork, before: Tensor, after: Tensor, shift: int, margin: int) -> Moved:
    inside = network.inside((before.shape[-2], before.shape[-1]), shift, margin)
    back = network.moved_back(after, shift)
    spread = _spread(before[:, inside])
    gap, still = ((m[:, inside] - before[:, inside]) / spread for m in (back, after))
    labels = back.argmax(0)[inside] != before.argmax(0)[inside]
    return Moved(_rms(gap), _rms(still), float(labels.float().mean()), float(gap.abs().max()))


def _spread(scores: Tensor) -> float:
    """Standard deviation of a class's scores over the pixels (K×H×W or K×pixels), all classes together."""
    flat = scores.flatten(1)
    return max(_rms(flat - flat.mean(1, keepdim=True)), 1e-12)


def _rms(values: Tensor) -> float:
    return float(values.square().mean().sqrt())


def _check(network: ShiftedNetwork, x: Tensor, margin: int) -> None:
    height, width = x.shape[-2:]
    if height % 32 or width % 32:
        raise ValueError(f"expected sides that are multiples of 32 pixels, got {width}×{height}; cut the picture")
    if network.edge == "zero" and margin > most_margin(width):
        least = 2 * (MOST_SHIFT + margin) + LEAST_COMPARED
        raise ValueError(
            f"a window that moves by up to {MOST_SHIFT} pixels and leaves out {margin} at each side needs a picture at "
            f"least {least} pixels wide; this one has {width}. Leave out less, or choose a wider picture"
        )


def _centred(model: FCN) -> FCN:
    """The same weights without the published padding of 100 and its crops."""
    with torch.device("meta"):
        twin = FCN(replace(model.spec, alignment="centered"))
    twin.load_state_dict(model.state_dict(), assign=True)
    return twin.eval()


def _wrapped(twin: FCN) -> nn.Module:
    """A copy without borders, parameters shared."""
    private = with_borders(folded_copy(twin), "wrap")
    for name, module in list(private.named_modules()):
        if isinstance(module, Upscore):
            parent, _, child = name.rpartition(".")
            setattr(private.get_submodule(parent), child, WrappedUpscore(module))
    return private


def _joined(x: Tensor, cells: int) -> Tensor:
    """The map with `cells` of the opposite border on every side; more than the map has, if need be."""
    if not cells:
        return x
    for axis in (-2, -1):
        n = x.shape[axis]
        x = x.index_select(axis, torch.arange(-cells, n + cells, device=x.device) % n)
    return x
