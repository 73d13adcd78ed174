"""The command line, run as a person runs it: arguments in, files, tables, JSON and exit codes out."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from segmenters import tiny_model
from weight_files import torchfcn_state

from fcn_core.cli.console import give_json_a_value
from fcn_core.cli.photo_files import ResultFolder, find_photos, result_names
from fcn_core.cli.program import main
from fcn_core.labels import CAMVID, VOID
from fcn_core.metrics import ConfusionMatrix
from fcn_core.models.architectures import build
from fcn_core.models.spec import FCNSpec
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.weights import IMAGENET, load, save_checkpoint

ROOT = Path(__file__).parents[3]
SIDE = (48, 64)  # height, width


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A checkpoint of an untrained network, as a path."""
    path = tmp_path_factory.mktemp("weights") / "tiny.safetensors"
    save_checkpoint(path, tiny_model(), labels=CAMVID, preprocessing=IMAGENET)
    return str(path)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setenv("FCN_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "120")
    return tmp_path / "home"


def photo(path: Path, seed: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (*SIDE, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(path)
    return path


def camvid(root: Path, split: str, count: int = 2) -> Path:
    """A data set in CamVid's layout with one split only."""
    rng = np.random.default_rng(3)
    for index in range(count):
        photo(root / split / f"{index:03d}.png", seed=index)
        labels = rng.integers(0, 12, SIDE, dtype=np.uint8)
        (root / f"{split}annot").mkdir(exist_ok=True)
        Image.fromarray(labels).save(root / f"{split}annot" / f"{index:03d}.png")
    return root


# segment


def test_each_photo_stands_for_itself(tmp_path: Path, tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Bad files get one line each and a failing exit code; a.jpg, a.png and equal names elsewhere all survive."""
    photos = [photo(tmp_path / name, seed) for seed, name in enumerate(("a.jpg", "a.png", "x/b.png", "y/b.png"))]
    (tmp_path / "text.jpg").write_text("no photo at all")
    (tmp_path / "empty.png").touch()
    bad = [tmp_path / "text.jpg", tmp_path / "empty.png", tmp_path / "absent.jpg"]
    out = tmp_path / "out"
    given = [bad[0], *photos[:2], bad[1], *photos[2:], bad[2]]
    code = main(["segment", *map(str, given), "--weights", tiny, "--head", "8s", "--out", str(out),
                 "--format", "index,palette,overlay"])  # fmt: skip
    captured = capsys.readouterr()
    assert code == 1
    complaints = [line for line in captured.err.splitlines() if line]
    assert len(complaints) == 3 and all(path.name in line for path, line in zip(bad, complaints, strict=True))
    assert "Traceback" not in captured.err
    assert len(list(out.iterdir())) == 4 * 3
    segmenter = Segmenter(load(tiny))
    names = result_names(photos)
    for path in photos:
        expected = segmenter.segment(path, heads=(8,)).label_maps[8]
        index = Image.open(out / f"{names[path]}.8s.index.png")
        palette = Image.open(out / f"{names[path]}.8s.palette.png")
        assert (index.mode, palette.mode) == ("L", "P")
        assert np.array_equal(np.array(index), expected) and np.array_equal(np.array(palette), expected)
        assert Image.open(out / f"{names[path]}.8s.overlay.png").size == (SIDE[1], SIDE[0])


def test_every_format_and_head(tmp_path: Path, tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    source, out = photo(tmp_path / "a.png"), tmp_path / "out"
    code = main(["segment", str(source), "--weights", tiny, "--head", "all", "--format", "all", "--out", str(out),
                 "--json"])  # fmt: skip
    data = json.loads(capsys.readouterr().out)
    assert code == 0 and data["failed"] == 0 and data["heads"] == ["32s", "16s", "8s"]
    (record,) = data["files"]
    assert {Path(path) for path in record["outputs"].values()} == set(out.iterdir())
    assert len(record["outputs"]) == 3 * 5 + 2, "heatmaps are of the largest class"
    assert all(sum(shares.values()) == pytest.approx(1) for shares in record["shares"].values())
    probabilities = np.load(out / "a.png.probabilities.npz")["probabilities_8s"]
    labels = np.array(Image.open(out / "a.png.8s.index.png"))
    assert probabilities.shape == (len(CAMVID), *SIDE)
    assert (probabilities.argmax(0) == labels).mean() > 0.99
    coco = json.loads((out / "a.png.8s.coco.json").read_text())
    assert sum(item["area"] for item in coco["annotations"]) == pytest.approx(SIDE[0] * SIDE[1], rel=0.01)
    assert "<html" in (out / "a.png.report.html").read_text().lower()


def test_earlier_results_stay_unless_told_otherwise(tmp_path: Path, tiny: str) -> None:
    out, first, second = tmp_path / "out", photo(tmp_path / "x" / "a.png", 1), photo(tmp_path / "y" / "a.png", 2)
    command = ["--weights", tiny, "--out", str(out), "--format", "overlay"]
    assert main(["segment", str(first), *command]) == 0
    before = (out / "a.png.8s.overlay.png").read_bytes()
    assert main(["segment", str(first), *command]) == 0
    assert len(list(out.iterdir())) == 1, "equal results need no second file"
    assert main(["segment", str(second), *command]) == 0
    assert (out / "a.png.8s.overlay.png").read_bytes() == before
    other = (out / "a.png-2.8s.overlay.png").read_bytes()
    assert other != before
    assert main(["segment", str(second), *command, "--overwrite"]) == 0
    assert (out / "a.png.8s.overlay.png").read_bytes() == other


def test_folders_and_patterns(tmp_path: Path) -> None:
    inside = [photo(tmp_path / name) for name in ("a.jpg", "deep/b.PNG", "deep/[1].png")]
    photo(tmp_path / "out" / "old.png")
    photo(tmp_path / "a.jpg.8s.overlay.png")
    photo(tmp_path / ".hidden.png")
    (tmp_path / "notes.txt").touch()
    found = find_photos([str(tmp_path)], out=tmp_path / "out")
    assert set(found.photos) == set(inside) and not found.problems
    assert find_photos([str(tmp_path / "**" / "*.PNG")]).photos == (inside[1],)
    assert find_photos([str(inside[2]), str(inside[2])]).photos == (inside[2],), "brackets in a name are no pattern"
    (tmp_path / "bare").mkdir()
    lacking = find_photos([str(tmp_path / "bare"), str(tmp_path / "*.gif")])
    assert not lacking.photos and len(lacking.problems) == 2
    assert find_photos(["~nobody.jpg"]).photos == (Path("~nobody.jpg"),), "a tilde in front may belong to the name"


def test_result_names_never_meet() -> None:
    paths = [
        Path(p) for p in ("/d/a.jpg", "/d/a.png", "/d/A.JPG", "/x/c/a.jpg", "/y/c/a.jpg", "/d/x_c_a.jpg", "/b.jpg")
    ]
    names = result_names(paths)
    assert set(names) == set(paths)
    assert len({name.casefold() for name in names.values()}) == len(paths)
    assert names[Path("/b.jpg")] == "b.jpg" and names[Path("/d/a.png")] == "a.png"
    same_folder = result_names([Path("/long/way/a.jpg"), Path("/long/way/A.JPG")])
    assert list(same_folder.values()) == ["a.jpg", "A.JPG-2"], "folders that tell nothing apart stay out of names"


def test_odd_files_get_one_line_each(tmp_path: Path, tiny: str) -> None:
    """In a process of its own, because libraries warn on its standard error behind our back."""
    Image.new("1", (10_000, 9_000)).save(tmp_path / "large.png")  # Pillow warns of a possible bomb
    named = tmp_path / os.fsdecode(b"no-text-\xff.png")
    photo(tmp_path / "plain.png").rename(named)
    command = [sys.executable, "-m", "fcn_core", "segment", str(tmp_path / "large.png"), str(named), "--weights", tiny]
    out = tmp_path / "out"
    done = subprocess.run([*command, "--format", "index,report", "--out", str(out)], cwd=ROOT, capture_output=True)
    lines = done.stderr.decode().splitlines()
    assert done.returncode == 1 and len(lines) == 1 and "large.png is 10000×9000 pixels" in lines[0]
    assert len(list(out.iterdir())) == 2


def test_photos_are_never_written_over(tmp_path: Path) -> None:
    source = photo(tmp_path / "a.png.8s.index.png")
    before = source.read_bytes()
    folder = ResultFolder(tmp_path, overwrite=True, photos=[source])
    written = folder.write("a.png", {"8s.index.png": b"new"})
    assert source.read_bytes() == before and written["8s.index.png"].read_bytes() == b"new"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--weights", "stretes"], "no weights named"),
        (["--weights", "nowhere/x.safetensors"], "there is no file"),
        (["--head", "4s"], "has the heads 8s, 16s, 32s"),
        (["--format", "index,jpeg"], "expected some of index"),
        (["--format", "heatmap", "--class", "sofa"], "expected one of sky, building"),
        (["--device", "cuda:99"], "cannot be used"),
        (["--opacity", "3"], "opacity"),
        (["--nonsense"], "nonsense"),
    ],
)
def test_a_wrong_command_line_is_code_2(
    words: list[str], says: str, tmp_path: Path, tiny: str, capsys: pytest.CaptureFixture[str]
) -> None:
    source = photo(tmp_path / "a.png")
    weights = [] if "--weights" in words else ["--weights", tiny]
    assert main(["segment", str(source), *weights, "--out", str(tmp_path / "out"), *words]) == 2
    captured = capsys.readouterr()
    assert says in captured.err and "Traceback" not in captured.err
    assert not (tmp_path / "out").exists()


def test_json_never_swallows_a_photo() -> None:
    assert give_json_a_value(["segment", "--json", "a.jpg"]) == ["segment", "--json", "-", "a.jpg"]
    assert give_json_a_value(["segment", "a.jpg", "--json", "r.json"]) == ["segment", "a.jpg", "--json", "r.json"]
    assert give_json_a_value(["evaluate", "--json", "metrics"]) == ["evaluate", "--json", "metrics"]
    assert give_json_a_value(["evaluate", "--json", "--limit", "1"]) == ["evaluate", "--json", "-", "--limit", "1"]
    assert give_json_a_value(["weights", "list", "--json"]) == ["weights", "list", "--json", "-"]
    assert give_json_a_value(["segment", "--json", "--", "--json"]) == ["segment", "--json", "-", "--", "--json"]


# evaluate


def test_evaluate_on_a_folder_with_one_split(tmp_path: Path, tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The figures are those of one confusion matrix, counted here by hand from the saved predictions."""
    root, out = camvid(tmp_path / "set", "test"), tmp_path / "out"
    file, pictures = tmp_path / "figures", out / "pictures"
    data = ["--dataset", "camvid", "--root", str(root), "--split", "test"]
    images = ["--predictions", str(pictures), "--format", "all"]
    code = main(["evaluate", "--weights", tiny, *data, "--json", str(file), "--confusion", str(out), *images])
    assert code == 0
    measured = json.loads(file.read_text())
    assert set(measured["heads"]) == {"8s", "16s", "32s"} and measured["images"] == 2
    for head, figures in measured["heads"].items():
        matrix = ConfusionMatrix(len(CAMVID))
        for name in ("000", "001"):
            truth = np.array(Image.open(root / "testannot" / f"{name}.png"))
            truth[truth == 11] = VOID
            matrix.update(truth, np.array(Image.open(pictures / f"{name}.{head}.index.png")))
        assert figures == matrix.scores().as_dict(CAMVID.classes)
        with (out / f"confusion-{head}.csv").open(newline="") as table:
            rows = list(csv.reader(table))
        assert rows[0][1:] == list(CAMVID.classes) == [row[0] for row in rows[1:]]
        assert np.array_equal(np.array([row[1:] for row in rows[1:]], dtype=int), matrix.counts)
    assert len(list(pictures.iterdir())) == 2 * 3 * 5
    table = capsys.readouterr().out
    assert "mIoU" in table and all(name in table for name in CAMVID.classes)


def test_evaluate_says_what_is_missing(tmp_path: Path, tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    root = camvid(tmp_path / "set", "test", count=1)
    command = ["evaluate", "--weights", tiny, "--dataset", "camvid"]
    assert main(command) == 2
    assert main([*command, "--root", str(root), "--split", "val"]) == 1
    assert main([*command, "--root", str(tmp_path / "absent")]) == 1
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("Error")]
    assert "--root" in lines[0] and "val" in lines[1] and "absent" in lines[2]
    assert main(["evaluate", "--weights", tiny, "--root", str(root)]) == 2, "streets would be measured unnoticed"
    assert "--dataset camvid" in capsys.readouterr().err
    assert main([*command, "--root", str(root), "--json"]) == 0, "the split that is there is taken"
    assert json.loads(capsys.readouterr().out)["dataset"] == "camvid-test"


# weights, data, export, train


def test_weights_list_and_card(tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "list", "--json"]) == 0
    records = {record["name"]: record for record in json.loads(capsys.readouterr().out)}
    assert {"fcn_resnet50", "fcn8s-heavy-pascal", "vgg16"} <= set(records)
    assert not records["fcn8s-heavy-pascal"]["here"]
    assert main(["weights", "list"]) == 0
    assert "fcn_resnet101" in capsys.readouterr().out
    assert main(["weights", "card", "fcn_resnet50"]) == 0
    assert "VOC" in capsys.readouterr().out
    assert main(["weights", "card", tiny]) == 0
    assert main(["weights", "card", "fcn_resnet5"]) == 2
    assert "did you mean" in capsys.readouterr().err


def test_import_brings_a_file_into_the_catalogue(tiny: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "import", tiny, "--name", "mine"]) == 0
    capsys.readouterr()
    assert main(["weights", "list", "--here", "--json"]) == 0
    assert "mine" in {record["name"] for record in json.loads(capsys.readouterr().out)}
    (home / "broken.pth").write_bytes(b"not a checkpoint")
    assert main(["weights", "import", str(home / "broken.pth")]) == 1
    errors = capsys.readouterr().err
    assert "broken.pth" in errors and len(errors.splitlines()) == 1


def test_import_says_what_it_took_for_granted(tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spec = FCNSpec(backbone="vgg16", width=1 / 16, fc_channels=32, heads=(8,), alignment="reference")
    state = torchfcn_state(build(spec))
    torch.save(state, tmp_path / "net.pth")
    doubts = ("at-once network cannot be told", "Preprocessing taken: BGR")
    assert main(["weights", "import", str(tmp_path / "net.pth"), "--check"]) == 0
    said = capsys.readouterr().out
    assert f"net.pth fits: all {len(state) - 3} tensors" in said and all(doubt in said for doubt in doubts)
    assert main(["weights", "import", str(tmp_path / "net.pth")]) == 0
    said = capsys.readouterr().out
    assert "Imported as net" in said and all(doubt in said for doubt in doubts)
    del state["fc6.weight"]
    state["fc9.weight"] = torch.zeros(1)
    torch.save(state, tmp_path / "net.pth")
    assert main(["weights", "import", str(tmp_path / "net.pth"), "--check"]) == 1
    assert "fits" not in capsys.readouterr().out


def test_data_lint_finds_a_lonely_photo(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = camvid(tmp_path / "set", "train")
    assert main(["data", "lint", str(root), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["pictures"] == {"train": 2}
    photo(root / "train" / "alone.png", 9)
    assert main(["data", "lint", str(root)]) == 1
    assert "alone.png" in capsys.readouterr().out
    assert main(["data", "lint", str(tmp_path / "absent")]) == 1


def test_export_writes_an_onnx_file_of_free_size(tmp_path: Path, tiny: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "net.onnx"
    assert main(["export", "--weights", tiny, "--head", "8s", "--out", str(out), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["heads"] == [8] and report["label_agreement"] > 0.999
    import onnxruntime

    session = onnxruntime.InferenceSession(str(out), providers=["CPUExecutionProvider"])
    (logits,) = session.run(None, {"image": np.zeros((1, 3, 41, 57), np.float32)})
    assert logits.shape == (1, len(CAMVID), 41, 57)
    assert main(["export", "--weights", tiny, "--out", str(out)]) == 2, "an existing file is not replaced by accident"


TRAINING = """
name: small
model: {width: 0.125, fc_channels: 16, dropout: 0.0}
train: [{kind: streets, count: 2, size: [32, 32]}]
val: {kind: streets, count: 1, seed: 1, size: [32, 32]}
augment: {crop: [32, 32]}
batch_size: 1
epochs: 1
workers: 0
device: cpu
"""


def test_train_and_evaluate_what_came_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, run = tmp_path / "small.yaml", tmp_path / "run"
    config.write_text(TRAINING)
    assert main(["train", str(config), "--steps", "2", "-s", "optim.lr=1e-3", "--run", str(run), "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["state"] == "finished" and data["steps"] == 2 and set(data["heads"]) == {"8s", "16s", "32s"}
    assert "lr: 0.001" in (run / "config.yaml").read_text()
    assert main(["evaluate", "--weights", data["weights"], "--count", "1", "--json"]) == 0
    assert main(["train", "--resume", str(run)]) == 0, "a finished run has nothing left to do"
    assert main(["train", str(config), "--run", str(run)]) == 1, "a run is never trained over"


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        ([], 2, "streets"),
        (["no-such-preset"], 2, "neither a file nor"),
        (["camvid"], 2, "--root"),
        (["streets", "-s", "optim.lr"], 2, "KEY=VALUE"),
        (["streets", "-s", "optim.rate=1"], 1, "optim.rate"),
        (["streets", "-s", "train.7.count=1"], 2, "is not a place in a list"),
        (["streets", "--steps", "0"], 1, "steps"),
        (["--resume", "nowhere"], 1, "nowhere"),
        (["streets", "--resume", "nowhere"], 2, "own settings"),
    ],
)
def test_wrong_training_settings(words: list[str], code: int, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", *words, "--show"] if "--resume" not in words else ["train", *words]) == code
    errors = capsys.readouterr().err
    assert says in errors and "Traceback" not in errors


def test_settings_can_be_shown_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "camvid", "--root", str(tmp_path), "--minutes", "3", "--show"]) == 0
    shown = capsys.readouterr().out
    assert str(tmp_path) in shown and "minutes: 3.0" in shown and "epochs: null" in shown


def test_it_runs_as_a_module_from_another_folder(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-m", "fcn_core", "--help"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0
    assert all(name in done.stdout for name in ("segment", "weights", "train", "evaluate", "data", "export"))


def test_an_estimate_says_what_a_run_would_take(capsys: pytest.CaptureFixture[str]) -> None:
    tiny = ["-s", "model.width=0.0625", "-s", "model.fc_channels=16", "-s", "train.0.count=4", "-s", "val.count=2",
            "-s", "augment.crop=[32, 48]", "--steps", "7"]  # fmt: skip
    assert main(["train", "classroom", *tiny, "--estimate", "--json"]) == 0
    cost = json.loads(capsys.readouterr().out)
    assert cost["steps"] == 7 and cost["epoch_pictures"] == 4 and cost["seconds_total"] > 7 * cost["seconds_a_step"]


@pytest.mark.parametrize(
    ("called", "name"), [("/bin/fcn-lab", "fcn-lab"), ("fcn_core/__main__.py", "python -m fcn_core")]
)
def test_the_help_names_the_program_as_it_was_called(called, name, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", [called, "--help"])
    assert main() == 0
    assert capsys.readouterr().out.lstrip().startswith(f"Usage: {name} [OPTIONS]")
