"""Make the cases of the doctor: each fault is committed on purpose, and what it leaves behind is kept.

    python -m benchmarks.doctor_cases          writes assets/imbalance/cases.json, a few minutes on two cores

Runs are short and small (synthetic streets); measurements are of the bundled streets weights on validation scenes.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from PIL import Image
from torch.nn import functional as F

from fcn_core.data.lint.masks import grey_palette
from fcn_core.data.streets.scenes import Streets
from fcn_core.labels import CAMVID, VOC, VOID
from fcn_core.metrics import ConfusionMatrix
from fcn_core.training.loop.engine import train
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig
from fcn_core.weights import load

STORED = Path(__file__).resolve().parents[1] / "assets" / "imbalance" / "cases.json"
SIZE, SCENES = (180, 240), 12
SMALL: dict[str, Any] = {
    "model": {"width": 0.125, "fc_channels": 64, "fc_norm": True, "dropout": 0.0},
    "train": [{"kind": "streets", "count": 24, "seed": 0, "size": (120, 160)}],
    "val": {"kind": "streets", "count": 8, "seed": 1, "size": (120, 160)},
    "augment": {"crop": (96, 128), "scale": (0.7, 1.2)},
    "loss": {"head_weights": {8: 1.0}},
    "batch_size": 4,
    "evaluate_every": 1000,
    "previews": 0,
    "workers": 0,
}
KEPT = ("kind", "step", "loss", "loss_mean", "loss_sum", "lr", "heads")
SGD = {"kind": "sgd", "momentum": 0.99, "weight_decay": 5e-4}


def run(**changes: Any) -> dict[str, Any]:
    """A short real run: its records, loss and optimiser settings, and the end of its log, failed or not."""
    config = TrainConfig.from_dict({"name": "case", "threads": torch.get_num_threads(), **SMALL, **changes})
    with tempfile.TemporaryDirectory() as parent:
        folder = RunFolder(Path(parent) / "run")
        try:
            train(config, folder.path)
        except ValueError as problem:  # that is what some cases are made for
            print(f"  ended: {problem}")
        records = [{key: record[key] for key in KEPT if key in record} for record in folder.metrics()]
        log = "\n".join(line.split("  ", 1)[-1] for line in folder.log_tail(4).splitlines() if parent not in line)
    for record in records:
        if "lr" in record:
            record["lr"] = max(record["lr"].values())
        if "heads" in record:
            record["heads"] = {"8s": record["heads"]["8s"]}
    values = config.model_dump(mode="json")
    settings = {
        "loss": {"reduction": values["loss"]["reduction"]},
        "optim": {key: values["optim"][key] for key in ("kind", "lr", "momentum")},
    }
    return {"records": records, "config": settings, "log": log}


def pictures() -> Streets:
    return Streets(SCENES, seed=1, size=SIZE)


def predict(images: list[np.ndarray], *, swap: bool = False) -> list[np.ndarray]:
    """Label maps of head 8s of the bundled streets weights; swap exchanges red and blue first."""
    loaded = load("streets")
    found = []
    for image in images:
        given = np.ascontiguousarray(image[..., ::-1]) if swap else image
        with torch.inference_mode():
            logits = loaded.model(loaded.record.preprocessing.apply(given)[None], (8,)).logits[8]
        found.append(logits[0].argmax(0).to(torch.uint8).numpy())
    return found


def scores(truths: list[np.ndarray], maps: list[np.ndarray], classes: tuple[str, ...]) -> dict[str, Any]:
    matrix = ConfusionMatrix(len(classes))
    for truth, labels in zip(truths, maps, strict=True):
        matrix.update(truth, labels)
    return matrix.scores().as_dict(classes)


def healthy() -> dict[str, Any]:
    start = {"backbone": "vgg16_bn", "width": 0.25, "fc_channels": 640, "fc_norm": True, "dropout": 0.1}
    return run(model=start, start="streets", start_parts="trunk", optim={"lr": 1e-3}, steps=40)


def background() -> dict[str, Any]:
    """Small things on much background, from nothing, a few steps: background is right nearly everywhere."""
    things = ("pole", "sign", "pedestrian", "bicyclist")
    with tempfile.TemporaryDirectory() as parent:
        root = Path(parent)
        (root / "classes.txt").write_text("\n".join(("background", *things)) + "\n")
        for split, seed, count in (("train", 0, 24), ("val", 1, 8)):
            scenes = Streets(count, seed=seed, size=(120, 160))
            for kind in ("images", "masks"):
                (root / kind / split).mkdir(parents=True)
            for number in range(count):
                sample = scenes[number]
                mask = np.zeros_like(sample.mask)
                for index, name in enumerate(things, start=1):
                    mask[sample.mask == CAMVID.index(name)] = index
                Image.fromarray(sample.image).save(root / "images" / split / f"{number}.png")
                Image.fromarray(mask).save(root / "masks" / split / f"{number}.png")
        data = {"kind": "folder", "root": parent}
        return run(train=[{**data, "split": "train"}], val={**data, "split": "val"}, optim={"lr": 1e-3}, steps=30)


def summed() -> dict[str, Any]:
    """The usual rate of a mean loss on the sum."""
    return run(loss={"head_weights": {8: 1.0}, "reduction": "sum"}, optim={**SGD, "lr": 1e-3}, steps=40)


def tiny_rate() -> dict[str, Any]:
    """The reference code's rate on the mean."""
    return run(optim={**SGD, "lr": 1e-10}, steps=16)


def void_class() -> dict[str, Any]:
    """Object borders are void in the truth; the measurement counts them as a twelfth class."""
    samples = [pictures()[index] for index in range(SCENES)]
    maps = predict([sample.image for sample in samples])
    truths = [np.where(with_borders(s.mask) == VOID, len(CAMVID), s.mask).astype(np.uint8) for s in samples]
    line = scores(truths, maps, (*CAMVID.classes, "void"))
    try:  # and training without ignore_index
        F.cross_entropy(torch.zeros(1, len(CAMVID), 1, 1), torch.full((1, 1, 1), VOID))
        raise SystemExit("torch took 255 for a class; this case needs another look")
    except (IndexError, RuntimeError) as problem:
        error = f"{type(problem).__name__}: {problem}".splitlines()[0]
    return {"records": [{"kind": "eval", **line}, {"error": error}]}


def palette() -> dict[str, Any]:
    """A PASCAL palette file, opened as grey."""
    labels = np.kron(np.arange(21, dtype=np.uint8).reshape(3, 7), np.ones((8, 8), np.uint8))
    picture = Image.fromarray(labels, mode="P")
    picture.putpalette([channel for colour in VOC.palette for channel in colour])
    grey = np.asarray(picture.convert("L"))
    values = np.unique(grey)
    assert grey_palette(values, VOC) is not None
    try:
        ConfusionMatrix(len(VOC)).update(grey, labels)
    except ValueError as problem:
        return {"records": [{"label_values": values.tolist(), "error": str(problem)}]}
    raise SystemExit("grey values passed for class indices; this case needs another look")


def bgr() -> dict[str, Any]:
    """The weights expect RGB and are fed BGR; then the same with the channels exchanged once more."""
    samples = [pictures()[index] for index in range(SCENES)]
    truths, images = [s.mask for s in samples], [s.image for s in samples]
    wrong, right = (scores(truths, predict(images, swap=swap), CAMVID.classes) for swap in (True, False))
    return {"records": [{"kind": "eval", **wrong, "swapped": right}]}


def per_batch() -> dict[str, Any]:
    """mIoU of each picture, averaged; the other scores are of one matrix."""
    samples = [pictures()[index] for index in range(SCENES)]
    truths, maps = [s.mask for s in samples], predict([s.image for s in samples])
    line = scores(truths, maps, CAMVID.classes)
    each = [scores([t], [m], CAMVID.classes)["miou"] for t, m in zip(truths, maps, strict=True)]
    batches = [{"kind": "batch", "miou": value} for value in each]
    return {"records": [*batches, {"kind": "eval", **line, "miou": float(np.mean(each))}]}


def with_borders(mask: np.ndarray, width: int = 3) -> np.ndarray:
    """The label map with a band of void along every boundary, as PASCAL's has."""
    kernel = np.ones((width, width), np.uint8)
    changes = cv2.dilate(mask, kernel) != cv2.erode(mask, kernel)
    return np.where(changes, np.uint8(VOID), mask)


CASES: dict[str, Callable[[], dict[str, Any]]] = {
    "healthy": healthy,
    "background": background,
    "summed": summed,
    "tiny-rate": tiny_rate,
    "void-class": void_class,
    "palette": palette,
    "bgr": bgr,
    "per-batch": per_batch,
}


def shortened(value: Any) -> Any:
    """Numbers with five digits; nan and infinity as null, which JSON has no other word for."""
    if isinstance(value, float):
        return float(f"{value:.5g}") if np.isfinite(value) else None
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    return [shortened(item) for item in value] if isinstance(value, list) else value


def main() -> None:
    made = {}
    for name, make in CASES.items():
        print(name, flush=True)
        made[name] = shortened(make())
    STORED.parent.mkdir(parents=True, exist_ok=True)
    STORED.write_text(json.dumps({"made_by": "python -m benchmarks.doctor_cases", "cases": made}, indent=1) + "\n")


if __name__ == "__main__":
    main()
