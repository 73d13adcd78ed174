"""Fitting a published state dict to our network, and saying exactly where it does not fit.

Names are those of the paper's layers (conv1_1 … fc7, score_fr, score_pool4, upscore2 …). Three
things differ between files and are settled here: fc6 and fc7 may be stored as matrices (they were
fully connected before the surgery), Caffe pads old shapes with ones, and upsampling kernels that
are bilinear are computed by our network instead of stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from math import prod

import torch
from torch import Tensor, nn

from fcn_core.models.description import NetworkSpec
from fcn_core.models.fcn import FCN
from fcn_core.models.names import torchfcn_to_ours
from fcn_core.models.spec import PAPER_HEADS, FCNSpec, LearnedDeconvolutions, skips_of
from fcn_core.ops.bilinear import bilinear_weight

BILINEAR_TOLERANCE = 1e-3
FINAL_UPSAMPLINGS = ("upscore", *(f"upscore{head}" for head in PAPER_HEADS))
PAPER_SKIPS = skips_of(min(PAPER_HEADS))
INTERMEDIATE_UPSAMPLINGS = tuple(skip.enlarges for skip in PAPER_SKIPS)
SCALES = {f"scale_{skip.layer}.weight": skip.stride for skip in PAPER_SKIPS}
WIDE_LAYERS = {"vgg16": ("conv5_1.weight", 512, 64), "caffenet": ("conv3.weight", 384, 96)}  # name, channels, first's
TASK_SUFFIX = re.compile(r"^((?:up)?score\w*?)_(sem|geo)\.")
GEOMETRIC = "geometric"


@dataclass(frozen=True)
class WrongShape:
    """A parameter that is there with another shape than the network needs."""

    name: str
    found: tuple[int, ...]
    expected: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.name} is {'×'.join(map(str, self.found))}, expected {'×'.join(map(str, self.expected))}"


@dataclass(frozen=True)
class FitReport:
    """How a file's parameters fit a network. Names are the file's own."""

    fitted: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    wrong_shape: tuple[WrongShape, ...] = ()
    frozen: tuple[str, ...] = ()
    reshaped: tuple[str, ...] = ()
    not_finite: tuple[str, ...] = ()
    spec: NetworkSpec | None = None
    notes: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether every parameter of the network was found in its shape and nothing was left over."""
        return not (self.missing or self.extra or self.wrong_shape or self.not_finite)

    def sentences(self) -> tuple[str, ...]:
        """What does not fit, one sentence for each kind of trouble; empty if all fits."""
        troubles = (
            ("missing", self.missing),
            ("not part of the network", self.extra),
            ("of the wrong shape", tuple(str(wrong) for wrong in self.wrong_shape)),
            ("with values that are not finite numbers", self.not_finite),
        )
        return tuple(f"{len(names)} {what}: {_listed(names)}." for what, names in troubles if names)

    def require(self, filename: str) -> None:
        """ValueError with everything that does not fit, if anything does not."""
        if not self.ok:
            raise ValueError(f"{filename} does not fit the network: {' '.join(self.sentences())}")


def detect_spec(state: Mapping[str, Tensor], *, skip_scales: Mapping[int, float] | None = None) -> FCNSpec:
    """The FCNSpec that a state dict with the paper's layer names was made with, alignment `reference`.

    Trunk, width, input channels, classes, heads and learned upsamplings follow from names and
    shapes. The factors of the at-once network only show where a file stores them; give them as
    `skip_scales` otherwise. ValueError for anything that is no FCN with a VGG16 or CaffeNet trunk.
    """
    state, tasks = _split_tasks(state)
    first, backbone = _first_convolution(state)
    score, fc6 = state.get("score_fr.weight"), state.get("fc6.weight")
    if score is None or fc6 is None:
        absent = [name for name in ("fc6.weight", "score_fr.weight") if name not in state]
        raise ValueError(
            f"{' and '.join(absent)} {'are' if len(absent) > 1 else 'is'} not in the file: this looks like an image "
            "classifier or a part of a network, not like an FCN"
        )
    head = min((32, *(skip.stride for skip in PAPER_SKIPS if f"{skip.score}.weight" in state)))
    stored = {  # rounded, since float32 has 0.01 as 0.0099999998
        stride: float(f"{float(state[name].reshape(-1)[0]):.6g}") for name, stride in SCALES.items() if name in state
    }
    classes = _kernel_shape(score)[0]
    return FCNSpec(
        backbone=backbone,
        width=_width(state, first, backbone),
        fc_channels=_kernel_shape(fc6)[0],
        in_channels=first.shape[1],
        num_classes=classes,
        extra_tasks={name: _kernel_shape(task["score_fr.weight"])[0] for name, task in tasks.items()},
        heads=(head,),
        alignment="reference",
        skip_scales={16: 1.0, 8: 1.0, **(skip_scales or {}), **stored},
        learned_deconvs=_learned(state, classes),
    )


def fit_state(model: nn.Module, state: Mapping[str, Tensor]) -> tuple[FitReport, dict[str, Tensor]]:
    """Match a published state dict with our FCN: a report, and the tensors under our keys (those that fit)."""
    if not isinstance(model, FCN):
        raise ValueError(f"published layer names belong to an FCN; got a {type(model).__name__}")
    mapping = torchfcn_to_ours(model)
    state, tasks = _split_tasks(state)
    for name, task in tasks.items():
        state = {**state, **{f"{key}@{name}": value for key, value in task.items()}}
        heads = {theirs: ours for theirs, ours in mapping.items() if ours.startswith("head.")}
        if name in model.spec.extra_tasks:
            mapping |= {f"{theirs}@{name}": f"tasks.{name}.{ours[5:]}" for theirs, ours in heads.items()}
    own = model.state_dict()
    fitted: dict[str, Tensor] = {}
    report = FitReport(spec=model.spec)
    for theirs, ours in mapping.items():
        if theirs not in state:
            report = replace(report, missing=(*report.missing, theirs))
            continue
        expected = tuple(own[ours].shape)
        value = _in_shape(state[theirs], expected)
        if value is None:
            wrong = WrongShape(theirs, tuple(state[theirs].shape), expected)
            report = replace(report, wrong_shape=(*report.wrong_shape, wrong))
        elif not bool(torch.isfinite(value).all()):
            report = replace(report, not_finite=(*report.not_finite, theirs))
        else:
            fitted[ours] = value
            reshaped = (*report.reshaped, theirs) if value.shape != state[theirs].shape else report.reshaped
            report = replace(report, fitted=(*report.fitted, theirs), reshaped=reshaped)
    left = [name for name in state if name not in mapping]
    frozen = tuple(name for name in left if _is_computed(name, state[name], model.spec))
    report = replace(report, frozen=frozen, extra=tuple(name for name in left if name not in frozen))
    trunk_rest = {key: own[key] for key in own if key not in mapping.values()}
    unnamed = tuple(key for key in trunk_rest if not key.endswith("num_batches_tracked"))
    return replace(report, missing=(*report.missing, *unnamed)), fitted


def _split_tasks(state: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, dict[str, Tensor]]]:
    """SIFT Flow's files have two sets of score layers, `…_sem` and `…_geo`: the main set, and the further one."""
    main: dict[str, Tensor] = {}
    geometric: dict[str, Tensor] = {}
    for name, value in state.items():
        match = TASK_SUFFIX.match(name)
        plain = name.replace(f"_{match.group(2)}.", ".") if match else name
        (geometric if match and match.group(2) == "geo" else main)[plain] = value
    return main, {GEOMETRIC: geometric} if "score_fr.weight" in geometric else {}


def _first_convolution(state: Mapping[str, Tensor]) -> tuple[Tensor, str]:
    """First kernel, and the trunk that its name belongs to."""
    for name, backbone in (("conv1_1.weight", "vgg16"), ("conv1.weight", "caffenet")):
        if name in state and state[name].ndim == 4:
            return state[name], backbone
    known = ", ".join(list(state)[:4])
    if "features.0.weight" in state:
        raise ValueError(
            "this is an image classifier of torchvision, which labels no pixels; a training can start from it "
            "under its name in the catalogue (vgg16, vgg16_bn, alexnet)"
        )
    raise ValueError(
        f"expected a layer conv1_1 (VGG16) or conv1 (AlexNet) as in the published FCNs; the file begins with {known}"
    )


def _width(state: Mapping[str, Tensor], first: Tensor, backbone: str) -> float:
    """The width multiplier, from a wide layer where rounding to whole channels matters least."""
    layer, channels, first_channels = WIDE_LAYERS[backbone]
    wide = state.get(layer)
    return first.shape[0] / first_channels if wide is None else wide.shape[0] / channels


def _kernel_shape(weight: Tensor) -> tuple[int, ...]:
    """A weight's shape without the ones that Caffe's old format puts in front of a matrix."""
    shape = tuple(weight.shape)
    return shape[2:] if len(shape) == 4 and shape[:2] == (1, 1) else shape


def _in_shape(value: Tensor, expected: tuple[int, ...]) -> Tensor | None:
    """The tensor in the expected shape if only its layout differs, else None."""
    if tuple(value.shape) == expected:
        return value
    plain = _kernel_shape(value)
    same_outputs = plain[0] == expected[0] and len(plain) == 2 and prod(plain) == prod(expected)
    bias = len(expected) == 1 and value.numel() == expected[0] == max(value.shape)
    return value.reshape(expected) if same_outputs or bias else None


def _is_bilinear(weight: Tensor) -> bool:
    if weight.ndim != 4 or weight.shape[0] != weight.shape[1] or weight.shape[2] != weight.shape[3]:
        return False
    kernel = bilinear_weight(weight.shape[0], weight.shape[2])
    return float((weight - kernel).abs().max()) <= BILINEAR_TOLERANCE


def _learned(state: Mapping[str, Tensor], classes: int) -> LearnedDeconvolutions:
    """Which upsamplings of the file were learned: a stored kernel that is not the bilinear one."""

    def any_learned(layers: tuple[str, ...]) -> bool:
        kernels = (state[f"{layer}.weight"] for layer in layers if f"{layer}.weight" in state)
        return any(tuple(kernel.shape[:2]) == (classes, classes) and not _is_bilinear(kernel) for kernel in kernels)

    if any_learned(FINAL_UPSAMPLINGS):
        return "all"
    return "intermediate" if any_learned(INTERMEDIATE_UPSAMPLINGS) else "none"


def _is_computed(name: str, value: Tensor, spec: FCNSpec) -> bool:
    """Whether our network computes what a parameter stores: a bilinear kernel, or a skip's factor."""
    if name in SCALES:
        wanted = spec.skip_scales.get(SCALES[name], 1.0)
        return bool(torch.isclose(value.reshape(-1), torch.tensor(wanted), rtol=1e-4, atol=0).all())
    layer = name.partition("@")[0].removesuffix(".weight")
    return layer in (*FINAL_UPSAMPLINGS, *INTERMEDIATE_UPSAMPLINGS) and _is_bilinear(value)


def _listed(names: tuple[str, ...], most: int = 6) -> str:
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def compare_keys(model: nn.Module, state: Mapping[str, Tensor]) -> FitReport:
    """How a state dict under our own keys fits a model."""
    own = model.state_dict()
    shared = [key for key in state if key in own]
    wrong = [
        WrongShape(key, tuple(state[key].shape), tuple(own[key].shape))
        for key in shared
        if state[key].shape != own[key].shape
    ]
    return FitReport(
        fitted=tuple(shared),
        missing=tuple(key for key in own if key not in state),
        extra=tuple(key for key in state if key not in own),
        wrong_shape=tuple(wrong),
        not_finite=tuple(key for key in shared if not bool(torch.isfinite(state[key]).all())),
    )
