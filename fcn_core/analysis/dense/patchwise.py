"""Semantic segmentation patch by patch, and the same answers from one pass (CVPR 2015, sections 3.1 and 3.4).

For every `step`-th pixel a patch is cut out around it and classified; what the classifier says is that pixel's label.
Neighbouring patches overlap, and what they share is computed again and again. The convolutional form of the same
classifier computes it once. Beyond the photo's edge both see it mirrored.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from fcn_core.labels import CAMVID
from fcn_core.machine.home import assets_folder
from fcn_core.models.patch_classifier import PATCH_NETS, PatchNet, patch_classifier
from fcn_core.ops.convolutionalize import convolutionalize
from fcn_core.ops.shift_stitch import denser, layer_works
from fcn_core.progress import Progress

PATCH_FOLDER = assets_folder() / "patches"
BATCH = 512


@dataclass(frozen=True)
class PatchLabels:
    """scores: logits K×h×w float32. step: pixels between answers. seconds: that it took. patches: 0 for one pass."""

    scores: np.ndarray
    step: int
    seconds: float
    patches: int

    @property
    def labels(self) -> np.ndarray:
        """The winning class of every answer, h×w uint8."""
        return self.scores.argmax(0).astype(np.uint8)

    def label_map(self, height: int, width: int) -> np.ndarray:
        """Labels of every pixel, height×width: each answer fills the square of `step` pixels around its own."""
        return self.labels.repeat(self.step, 0).repeat(self.step, 1)[:height, :width]


def load_patch_classifier(side: int, folder: Path = PATCH_FOLDER) -> nn.Sequential:
    """The project's classifier of patches of this side, in CamVid's classes. ValueError where it is not there."""
    path = folder / f"patch-{side}.safetensors"
    classifier = patch_classifier(side, len(CAMVID))
    if not path.is_file():
        raise ValueError(
            f"{path.name} is not in {folder}; fetch the project again or run python -m benchmarks.patch_classifiers"
        )
    classifier.load_state_dict(load_file(path))
    return classifier.eval().requires_grad_(False)


def patch_facts(side: int, folder: Path = PATCH_FOLDER) -> dict[str, Any]:
    """What is known of that classifier: how it was trained, how well it does on scenes that it never saw."""
    facts: dict[str, Any] = json.loads((folder / f"patch-{side}.json").read_text(encoding="utf-8"))
    return facts


def normalised(image: np.ndarray) -> Tensor:
    """What patch classifiers read of an H×W×3 uint8 RGB photo: 3×H×W float32, about -2 to 2."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1))).float().div(63.75).sub(2)


def mirrored(image: np.ndarray, net: PatchNet, step: int) -> Tensor:
    """The photo as patches are cut from it, 1×3×h×w: patch (i, j) begins at row i·step and column j·step.

    Its middle is pixel (step // 2 + i·step, step // 2 + j·step) of the photo; at the edges the photo goes on mirrored.
    Every pixel's square of `step` pixels has an answer: h = (rows - 1)·step + side with rows = ceil(H / step).
    """
    height, width = image.shape[:2]
    rows, columns = (max(-(-n // step), 1) for n in (height, width))
    start = step // 2 - net.reach
    ends = ((rows - 1) * step + start + net.side - height, (columns - 1) * step + start + net.side - width)
    before, after = max(-start, 0), [max(end, 0) for end in ends]
    wide = cv2.copyMakeBorder(image, before, after[0], before, after[1], cv2.BORDER_REFLECT_101)
    top = before + start
    wide = wide[top : top + (rows - 1) * step + net.side, top : top + (columns - 1) * step + net.side]
    return normalised(wide)[None]


def sliding_window(
    classifier: nn.Sequential,
    image: np.ndarray,
    side: int,
    step: int,
    *,
    batch: int = BATCH,
    progress: Progress | None = None,
) -> PatchLabels:
    """Classify a patch around every `step`-th pixel, as segmentation was done before.

    image: H×W×3 uint8 RGB. batch: patches that go through the classifier together. progress(done, total): patches.
    """
    x = _checked(classifier, image, side, step).to(next(classifier.parameters()).device)
    began = time.perf_counter()
    windows = x[0].unfold(1, side, step).unfold(2, side, step)  # 3×rows×columns×side×side, a view
    rows, columns = windows.shape[1:3]
    total = rows * columns
    found: list[Tensor] = []
    with torch.inference_mode():
        for start in range(0, total, batch):
            index = torch.arange(start, min(start + batch, total), device=x.device)
            patches = windows[:, index // columns, index % columns].transpose(0, 1)  # n×3×side×side
            found.append(classifier(patches))
            if progress:
                progress(min(start + batch, total), total)
    scores = torch.cat(found).T.reshape(-1, rows, columns).float().cpu().numpy()
    return PatchLabels(scores, step, time.perf_counter() - began, total)


def one_pass(classifier: nn.Sequential, image: np.ndarray, side: int, step: int) -> PatchLabels:
    """The same answers from the whole photo (H×W×3 uint8 RGB) at once; arguments as for `sliding_window`."""
    x = _checked(classifier, image, side, step).to(next(classifier.parameters()).device)
    network, stride = dense_network(classifier, side, step)
    began = time.perf_counter()
    with torch.inference_mode():
        found = network(x)[0, :, :: step // stride, :: step // stride]
    return PatchLabels(found.float().cpu().numpy(), step, time.perf_counter() - began, 0)


def dense_network(classifier: nn.Sequential, side: int, step: int) -> tuple[nn.Module, int]:
    """The classifier's convolutional form with an answer every `step` pixels, and the stride that it has then.

    Where its own stride is larger, strides are taken out and kernels spread ("à trous"); a larger step leaves it as it
    is. ValueError where the step neither divides the stride nor is a multiple of it.
    """
    stride = PATCH_NETS[side].stride
    whole = convolutionalize(classifier, 3, (side, side))
    if step % stride == 0:
        return whole, stride
    if stride % step:
        raise ValueError(f"one pass answers every {stride} pixels, or a power of 2 of them; asked for every {step}")
    probe = torch.zeros(1, 3, 8 * stride, 8 * stride, device=next(classifier.parameters()).device)
    return denser(whole, layer_works(whole, probe), stride=step, edge="none"), step


def _checked(classifier: nn.Sequential, image: np.ndarray, side: int, step: int) -> Tensor:
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
        raise ValueError(f"expected an H×W×3 uint8 RGB photo, got {image.dtype} of shape {image.shape}")
    if side not in PATCH_NETS:
        raise ValueError(f"expected a patch of {', '.join(map(str, PATCH_NETS))} pixels, got {side}")
    if step < 1:
        raise ValueError(f"expected a step of at least 1 pixel, got {step}")
    return mirrored(image, PATCH_NETS[side], step)
