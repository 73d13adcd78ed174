"""Trains the patch classifiers of the Convolutionalize lab: `python -m benchmarks.patch_classifiers`.

They learn from drawn street scenes and are written to assets/patches/, each with its accuracy on scenes that training
never saw. The convolutional form is what is trained: one pass over a crop is a batch of many patches.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn import functional as F

from fcn_core.analysis.dense.patchwise import PATCH_FOLDER, normalised
from fcn_core.data.streets.scenes import Streets
from fcn_core.labels import CAMVID, VOID
from fcn_core.metrics import ConfusionMatrix
from fcn_core.models.patch_classifier import PATCH_NETS, PatchNet, patch_classifier
from fcn_core.ops.convolutionalize import convolutionalize

CROP = (200, 264)


def train(side: int, scenes: list, *, steps: int, batch: int, seed: int = 0) -> nn.Sequential:
    """One classifier, trained with AdamW on crops; the rate rises to 3e-3 in a tenth of the steps, then falls."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    net, classifier = PATCH_NETS[side], patch_classifier(side, len(CAMVID))
    for layer in classifier:
        if isinstance(layer, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
    whole = convolutionalize(classifier, 3, (side, side)).requires_grad_()
    optimiser = torch.optim.AdamW(whole.parameters(), lr=3e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 3e-3, total_steps=steps, pct_start=0.1)
    began = time.monotonic()
    for step in range(1, steps + 1):
        x, truth = _crops(net, scenes, batch, rng)
        loss = F.cross_entropy(whole(x), truth, ignore_index=VOID)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
        if step % 50 == 0:
            print(f"{side}: step {step}, loss {loss.item():.3f}, {time.monotonic() - began:.0f} s", flush=True)
    return classifier.eval().requires_grad_(False)


def accuracy(classifier: nn.Sequential, side: int, scenes: list) -> ConfusionMatrix:
    """One answer every `stride` pixels of whole scenes."""
    whole, net = convolutionalize(classifier, 3, (side, side)), PATCH_NETS[side]
    matrix = ConfusionMatrix(len(CAMVID))
    for sample in scenes:
        with torch.inference_mode():
            found = whole(normalised(sample.image)[None])[0].argmax(0).numpy()
        matrix.update(_middles(sample.mask, net, found.shape), found.astype(np.uint8))
    return matrix


def _crops(net: PatchNet, scenes: list, batch: int, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Crops and the truth at the middle pixel of every patch in them, mirrored by chance."""
    inputs, truths = [], []
    for index in rng.integers(len(scenes), size=batch):
        sample = scenes[index]
        height, width = sample.mask.shape
        top, left = rng.integers(height - CROP[0] + 1), rng.integers(width - CROP[1] + 1)
        image, mask = (plane[top : top + CROP[0], left : left + CROP[1]] for plane in (sample.image, sample.mask))
        if rng.random() < 0.5:
            image, mask = image[:, ::-1], mask[:, ::-1]
        cells = tuple((n - net.side) // net.stride + 1 for n in CROP)
        inputs.append(normalised(np.ascontiguousarray(image)))
        truths.append(torch.from_numpy(_middles(mask, net, cells).astype(np.int64)))
    return torch.stack(inputs), torch.stack(truths)


def _middles(mask: np.ndarray, net: PatchNet, cells: tuple[int, ...]) -> np.ndarray:
    rows, columns = (net.reach + net.stride * np.arange(n) for n in cells)
    return np.ascontiguousarray(mask[np.ix_(rows, columns)])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sides", type=int, nargs="+", default=list(PATCH_NETS))
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--batch", type=int, default=4)
    parser.add_argument("--scenes", type=int, default=120)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--to", type=Path, default=PATCH_FOLDER)
    wish = parser.parse_args()
    torch.set_num_threads(wish.threads)
    began = time.monotonic()
    scenes = [Streets(wish.scenes, seed=0)[index] for index in range(wish.scenes)]
    unseen = [Streets(24, seed=1)[index] for index in range(24)]
    print(f"{wish.scenes + 24} scenes drawn in {time.monotonic() - began:.0f} s", flush=True)
    wish.to.mkdir(parents=True, exist_ok=True)
    for side in wish.sides:
        classifier = train(side, scenes, steps=wish.steps, batch=wish.batch)
        matrix = accuracy(classifier, side, unseen)
        facts = {
            "side": side, "classes": list(CAMVID.classes), "trained on": f"{wish.scenes} drawn street scenes",
            "steps": wish.steps, "pixel accuracy": round(100 * matrix.scores().pa, 1),
            "mean IoU": round(100 * matrix.scores().miou, 1), "measured on": "24 drawn street scenes of another seed",
        }  # fmt: skip
        save_file(dict(classifier.state_dict()), wish.to / f"patch-{side}.safetensors")
        (wish.to / f"patch-{side}.json").write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
        print(facts, flush=True)


if __name__ == "__main__":
    main()
