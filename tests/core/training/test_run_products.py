"""What a finished run leaves behind, and what it begins with: previews, test, card, starts, mirrors, early end."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image
from tiny_runs import TINY, draw_pictures, tiny_settings

from fcn_core.training.loop.engine import resume, train
from fcn_core.training.loop.start import find_start
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.weights import load


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return draw_pictures(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="module")
def finished(root, tmp_path_factory):
    """A run with a test split and two watched pictures."""
    config = tiny_settings(
        root, previews=2, test={"kind": "folder", "root": str(root), "split": "val"}, optim={"lr": 2e-2, "ema": 0.5}
    )
    return train(config, tmp_path_factory.mktemp("runs") / "first")


def test_previews_show_the_same_pictures_at_every_validation(finished):
    folder = RunFolder(finished.run_dir).previews
    assert sorted(p.name for p in folder.iterdir()) == ["photo", "step-00000008", "step-00000012", "truth"]
    names = sorted(p.stem for p in (folder / "photo").iterdir())
    assert names == ["0-val0", "1-val2"] == sorted(p.stem for p in (folder / "truth").iterdir())
    for step in ("step-00000008", "step-00000012"):
        files = sorted(p.name for p in (folder / step).iterdir())
        assert files == sorted(f"{name}-{head}s.png" for name in names for head in (32, 16, 8))
    truth = np.array(Image.open(folder / "truth/0-val0.png"))
    seen = np.array(Image.open(folder / "step-00000012/0-val0-8s.png"))
    assert truth.shape == seen.shape == (48, 48) and truth.max() <= 2 and seen.max() <= 2
    # The last picture is what the shipped network sees.
    network = load(str(RunFolder(finished.run_dir).final))
    photo = np.array(Image.open(folder / "photo/0-val0.png"))
    scores = network.model(network.record.preprocessing.apply(photo)[None]).logits[8]
    assert np.array_equal(scores[0].argmax(0).numpy(), seen)


def test_the_best_weights_are_tested_and_have_a_card(finished):
    folder = RunFolder(finished.run_dir)
    tests = [r for r in folder.metrics() if r["kind"] == "test"]
    assert len(tests) == 1 and tests[0]["split"] == "test"
    kept = json.loads((folder.test_folder / "metrics.json").read_text())
    assert kept["heads"] == tests[0]["heads"] and kept["weights"] == "best.safetensors" and kept["pictures"] == 3
    # val and test are the same pictures here, so the best validation is the test.
    best = max((r for r in folder.metrics() if r["kind"] == "eval"), key=lambda r: r["heads"]["8s"]["miou"])
    assert tests[0]["heads"]["8s"]["miou"] == pytest.approx(best["heads"]["8s"]["miou"], abs=1e-6)
    label_map = np.array(Image.open(folder.test_folder / "labels/val1.png"))
    assert label_map.shape == (48, 48) and label_map.max() <= 2
    card = json.loads((folder.path / "checkpoints/best.json").read_text())
    assert card["title"] == "tiny" and card["scores"]["8s"]["miou"] == tests[0]["heads"]["8s"]["miou"]
    assert card["training"]["steps"] == 12 and "3 pictures" in card["scored_on"]
    assert "# tiny" in (folder.path / "checkpoints/best.md").read_text()


def test_facts_and_load_are_told(finished):
    folder = RunFolder(finished.run_dir)
    facts = folder.facts()
    assert facts["classes"] == ["red", "green", "blue"] and len(facts["palette"]) == 3
    assert facts["train_pictures"] == 12 and facts["val_pictures"] == 3 and facts["total_steps"] == 12
    assert facts["epoch_steps"] == 4 and facts["parameters"] == facts["trained_parameters"] > 1000
    load_then = next(r["load"] for r in folder.metrics() if r["kind"] == "eval")
    assert load_then["memory_mb"] > 50 and 0 <= load_then["cpu_percent"] <= 100


def test_a_run_goes_on_from_another_runs_weights(root, finished):
    runs = finished.run_dir.parent
    config = tiny_settings(root, start="run:first", steps=1, model={**TINY, "heads": [32, 16]},
                           loss={"head_weights": {16: 1.0}})  # fmt: skip
    second = train(config, runs / "second")
    assert "started from run first" in RunFolder(second.run_dir).log_file.read_text()
    taken = find_start(config, runs=runs).state
    best = load(str(RunFolder(finished.run_dir).best)).model.state_dict()
    assert all(bool((taken[key] == best[key]).all()) for key in best)
    with pytest.raises(ValueError, match="the run nobody has no weights yet"):
        find_start(config.replace(start="run:nobody"), runs=runs)
    with pytest.raises(ValueError, match="no ImageNet classifier for the trunk caffenet"):
        find_start(config.replace(start="imagenet", model={"backbone": "caffenet"}), runs=runs)


def test_a_run_without_a_better_result_ends_early(root, tmp_path):
    # A rate of nearly nothing: only the statistics of the normalisation layers still move.
    config = tiny_settings(root, early_stop=2, steps=400, optim={"kind": "sgd", "lr": 1e-30}, previews=0)
    result = train(config, tmp_path / "run")
    scores = [r["heads"]["8s"]["miou"] for r in RunFolder(tmp_path / "run").metrics() if r["kind"] == "eval"]
    assert scores.index(max(scores)) == len(scores) - 3, "two validations after the best one"
    assert result.state == "finished" and result.steps == 8 * len(scores) < 400
    assert "no better result in 2 validations" in RunFolder(tmp_path / "run").status().message
    assert resume(tmp_path / "run").steps == result.steps


def test_metrics_are_mirrored_to_tensorboard(root, tmp_path):
    events = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    train(tiny_settings(root, mirrors=["tensorboard"], steps=4), tmp_path / "run")
    files = list((tmp_path / "run/mirrors").rglob("events.out*"))
    tags: set[str] = set()
    losses = []
    for file in files:
        reader = events.EventAccumulator(str(file.parent))
        reader.Reload()
        tags |= set(reader.Tags()["scalars"])
        if "loss" in reader.Tags()["scalars"]:
            losses = [point.value for point in reader.Scalars("loss")]
    assert {"loss", "lr.kernels", "val/8s/miou", "images_per_s"} <= tags
    told = [r["loss"] for r in RunFolder(tmp_path / "run").metrics() if r["kind"] == "step"]
    assert losses == pytest.approx(told, rel=1e-5)


def test_a_mirror_that_is_not_installed_is_named(root, tmp_path, monkeypatch):
    from fcn_core.training.loop import mirrors

    monkeypatch.setattr(mirrors.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="mirrors asks for mlflow, which is not installed: pip install mlflow"):
        train(tiny_settings(root, mirrors=["mlflow"]), tmp_path / "run")
