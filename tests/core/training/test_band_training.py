"""From files of eight bands to a label map: a class that no RGB band shows is learned, measured and predicted."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image
from typer.testing import CliRunner

from fcn_core.cli.program import app
from fcn_core.data.datasets import open_dataset
from fcn_core.pictures.bands import show_bands
from fcn_core.training.loop.engine import train
from fcn_core.training.settings.config import TrainConfig
from fcn_core.weights.checkpoint import read_checkpoint

SHOWS_IT = 6


def picture(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """48×64×8 uint16, of three classes: 0 and 1 look alike in every band but one; 2 is brighter everywhere."""
    rng = np.random.default_rng(seed)
    mask = rng.integers(0, 3, (3, 4)).repeat(16, 0).repeat(16, 1).astype(np.uint8)
    image = rng.normal(3000, 150, (48, 64, 8))
    image[mask == 2] += 1200
    image[..., SHOWS_IT][mask == 1] += 1500
    return np.clip(image, 0, 65535).astype(np.uint16), mask


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("bands")
    for folder in ("images", "masks"):
        (root / folder).mkdir()
    for seed in range(20):
        image, mask = picture(seed)
        if seed % 2:
            np.save(root / "images" / f"p{seed}.npy", image)
        else:
            tifffile.imwrite(root / "images" / f"p{seed}.tif", image.transpose(2, 0, 1), photometric="minisblack")
        Image.fromarray(mask).save(root / "masks" / f"p{seed}.png")
    (root / "classes.txt").write_text("meadow\nhidden\nroof\n")
    return root


@pytest.fixture(scope="module")
def weights(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = tmp_path_factory.mktemp("run")
    data = {"kind": "folder", "root": str(root)}
    config = {
        "model": {"backbone": "vgg16_bn", "width": 1 / 16, "fc_channels": 16, "dropout": 0.0},
        "train": [{**data, "split": "train"}], "val": {**data, "split": "val"},
        "augment": {"crop": [48, 64], "scale": [1, 1], "noise": 3.0},
        "optim": {"lr": 3e-3, "ema": 0.0}, "schedule": {"kind": "cosine", "warmup_steps": 3},
        "batch_size": 4, "steps": 60, "evaluate_every": 20.0, "workers": 0, "device": "cpu",
    }  # fmt: skip
    train(TrainConfig.from_dict({"name": "bands", **config}), run)
    return run / "checkpoints" / "final.safetensors"


def test_the_class_that_rgb_does_not_show_is_learned(root, weights, tmp_path):
    about = read_checkpoint(weights)
    assert about.spec is not None and about.spec.in_channels == 8 and about.preprocessing.values == "raw"
    assert about.preprocessing.channels == 8 and 3000 < about.preprocessing.mean[SHOWS_IT] < 5000
    report = tmp_path / "scores.json"
    command = [
        "evaluate",
        "--weights",
        weights,
        "--dataset",
        "folder",
        "--root",
        root,
        "--split",
        "val",
        "--head",
        "8s",
    ]
    command += ["--json", report, "--predictions", tmp_path / "seen", "--format", "overlay"]
    result = CliRunner().invoke(app, [str(word) for word in command])
    assert result.exit_code == 0, result.output
    scores = json.loads(report.read_text())["heads"]["8s"]
    assert scores["iou"]["hidden"] > 0.7 and scores["miou"] > 0.7
    assert len(list((tmp_path / "seen").glob("*.8s.overlay.png"))) == len(
        open_dataset("folder", root=root, split="val")
    )


def test_files_of_bands_are_segmented_and_others_refused_in_words(root, weights, tmp_path):
    image, mask = picture(1000)
    photos = tmp_path / "new"
    photos.mkdir()
    np.save(photos / "a.npy", image)
    tifffile.imwrite(photos / "b.tif", image, photometric="minisblack", planarconfig="contig")
    np.save(photos / "five.npy", image[..., :5])
    out = tmp_path / "out"
    words = ["segment", photos, "--weights", weights, "--out", out, "--head", "8s", "--opacity", "0"]
    result = CliRunner().invoke(app, [str(word) for word in words])
    assert result.exit_code == 1
    assert "read 8 channels: expected an image H×W×8, but five.npy has 5" in " ".join(result.stderr.split())
    for name in ("a.npy", "b.tif"):
        label_map = np.array(Image.open(out / f"{name}.8s.index.png"))
        assert label_map.shape == mask.shape and (label_map == mask).mean() > 0.75
        assert (label_map[mask == 1] == 1).mean() > 0.6
        overlay = np.array(Image.open(out / f"{name}.8s.overlay.png").convert("RGB"))
        assert np.array_equal(overlay, show_bands(image))
    result = CliRunner().invoke(app, ["segment", str(photos / "b.tif"), "--weights", "streets", "--out", str(out)])
    assert result.exit_code == 1
    assert "read photos (3 channels, RGB), but b.tif has 8 channels" in " ".join(result.stderr.split())
