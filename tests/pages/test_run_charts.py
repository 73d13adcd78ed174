"""Curves, figures, tables and files of training runs: what is drawn is what was written."""

from __future__ import annotations

import base64
import csv
import io
import json
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from run_folders import eval_record, make_run, remove, save_weights, step_record

from app.runs import charts
from app.runs.charts import View
from app.runs.compare_charts import NamedRun, compare_losses, compare_miou
from app.runs.curves import MOST_POINTS, smooth, thin
from app.runs.previews import label_address
from app.runs.settings_compared import differences, text
from fcn_core.labels import CAMVID, LABEL_SETS
from fcn_core.training.run_folder.facts import read_facts
from fcn_core.training.run_folder.flat import flat
from fcn_core.training.run_folder.metrics_table import metrics_csv
from fcn_core.training.run_folder.preview_files import find_previews
from fcn_core.training.run_folder.run_log import RunLog
from fcn_core.training.run_folder.run_weights import run_weights
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig


def write(folder: Path, records: list[dict], mode: str = "a") -> None:
    folder.mkdir(exist_ok=True)
    with (folder / "metrics.jsonl").open(mode) as file:
        file.writelines(json.dumps(record) + "\n" for record in records)


# Curves.


def test_smoothing_is_the_debiased_exponential_average() -> None:
    values = np.array([4.0, 2.0, np.nan, 0.0])
    expected = [4.0, (4 * 0.5 + 2) / 1.5, np.nan, (4 * 0.25 + 2 * 0.5 + 0) / 1.75]
    np.testing.assert_allclose(smooth(values, 0.5), expected)
    assert smooth(values, 0) is values
    np.testing.assert_allclose(smooth(np.full(5000, 3.0), 0.9), 3.0)


def test_long_curves_look_as_smooth_as_short_ones() -> None:
    rng = np.random.default_rng(0)
    left = [np.std(smooth(rng.normal(size=n), 0.95)[n // 2 :]) for n in (1000, 20_000)]
    assert left[1] < 0.5 * left[0]


@pytest.mark.parametrize("share", [1.0, -0.1, 2.0])
def test_smoothing_refuses_shares_that_mean_nothing(share: float) -> None:
    with pytest.raises(ValueError, match="below 1"):
        smooth(np.ones(3), share)


@pytest.mark.parametrize("count", [0, 1, 3, MOST_POINTS, MOST_POINTS + 1, 20_000, 20_001])
def test_thinning_keeps_the_outline(count: int) -> None:
    values = np.random.default_rng(count).normal(size=count)
    kept = thin(values)
    assert len(kept) <= MOST_POINTS + 4 and (np.diff(kept) > 0).all()
    if count:
        assert kept[0] == 0 and kept[-1] == count - 1
        assert values[kept].min() == values.min() and values[kept].max() == values.max()
    if count <= MOST_POINTS:
        assert len(kept) == count


def test_thinning_keeps_a_single_peak_and_leaves_gaps_out() -> None:
    values = np.zeros(20_000)
    values[12_345], values[12_346] = 9, np.nan
    kept = thin(values)
    assert 12_345 in kept and 12_346 not in kept


# Reading while a run writes.


def test_only_what_is_new_is_read(tmp_path: Path) -> None:
    write(tmp_path, [step_record(1), step_record(2), eval_record(2)])
    log = RunLog(tmp_path)
    first = log.read()
    assert first.steps.step.tolist() == [1, 2] and len(first.validations) == 1
    assert log.read() is first, "nothing new, nothing done"
    with (tmp_path / "metrics.jsonl").open("a") as file:
        line = json.dumps(step_record(3))
        file.write(line[:20])
        file.flush()
        assert log.read() is first, "half a line waits"
        file.write(line[20:] + "\n")
    write(tmp_path, [eval_record(3, "test")])
    second = log.read()
    assert second.steps.step.tolist() == [1, 2, 3] and second.test is not None and second.test.step == 3
    assert first.steps.step.tolist() == [1, 2], "what was handed out never changes"


def test_a_rewound_file_is_read_anew(tmp_path: Path) -> None:
    folder = make_run(tmp_path, "again", steps=20)
    log = RunLog(folder.path)
    assert len(log.read().steps) == 20
    folder.rewind(10)
    write(folder.path, [step_record(step, loss_mean=7.0) for step in range(11, 31)])
    steps = log.read().steps
    assert steps.step.tolist() == list(range(1, 31)) and (steps.loss_mean[10:] == 7).all()


def test_older_and_damaged_records_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    write(tmp_path, [{"kind": "step", "step": 1, "loss": 3.0, "lr": 0.1}, {"kind": "step", "step": 2, "loss": None}])
    with (tmp_path / "metrics.jsonl").open("a") as file:
        file.write('{"kind": "step", "st\n[1, 2]\n{"kind": "eval", "step": 2, "heads": {"8s": null}}\n')
    write(tmp_path, [step_record(3)])
    records = RunLog(tmp_path).read()
    assert records.steps.step.tolist() == [1, 2, 3]
    np.testing.assert_array_equal(records.steps.per_pixel(), [3.0, np.nan, 2 / 3])
    assert records.steps.rates[""][0] == 0.1 and set(records.steps.rates) == {"", "kernels", "norms", "biases"}
    assert records.validations[0].heads == {} and records.heads == ()


def test_twenty_thousand_lines_are_read_once_and_drawn_quickly(tmp_path: Path) -> None:
    write(tmp_path, [step_record(step) for step in range(1, 20_001)])
    log = RunLog(tmp_path)
    log.read()
    write(tmp_path, [step_record(20_001)])
    begun = time.process_time()
    records = log.read()
    steps = records.steps
    figure = charts.loss_figure(records, View(smoothing=0.8))
    sent = len(figure.to_json())
    assert time.process_time() - begun < 1.0
    assert len(steps) == 20_001 and steps.step[-1] == 20_001
    assert sent < 150_000, "a picture of a long run stays small"


# Figures.


@pytest.fixture
def records(tmp_path: Path):
    return RunLog(make_run(tmp_path, "run", steps=40).path).read()


def test_the_loss_is_drawn_as_written(records) -> None:
    figure = charts.loss_figure(records, View(smoothing=0.0, axis="minutes"))
    (curve,) = figure.data
    np.testing.assert_allclose(curve.x, np.arange(1, 41) / 120)
    np.testing.assert_allclose(curve.y, 2 / np.arange(1, 41))
    assert figure.layout.yaxis.type == "log" and figure.layout.xaxis.title.text == "minutes of training"
    smoothed = charts.loss_figure(records, View(smoothing=0.5, log=False))
    assert len(smoothed.data) == 2 and smoothed.layout.yaxis.type == "linear"
    summed = charts.summed_loss_figure(records, View())
    assert summed.data[0].y[0] == 2000 and "summed" in summed.layout.title.text


def test_the_zoom_belongs_to_run_axis_and_scale(records) -> None:
    def kept(**changes) -> str:
        return charts.loss_figure(records, View(**changes)).layout.uirevision

    assert kept() == kept(smoothing=0.9), "smoothing keeps it"
    assert len({kept(), kept(axis="epoch"), kept(log=False), kept(kept="other")}) == 4


def test_groups_of_one_rate_share_a_line(records) -> None:
    names = [curve.name for curve in charts.rate_figure(records, View()).data]
    assert names == ["kernels, norms", "biases"]


def test_every_head_has_its_line(records) -> None:
    figure = charts.miou_figure(records, View(axis="epoch"))
    assert [curve.name for curve in figure.data] == ["32s", "16s", "8s"]
    assert list(figure.data[2].x) == [1, 2, 3, 4] and figure.data[2].y[0] == pytest.approx(0.3)
    assert len({(curve.line.color, curve.line.dash) for curve in figure.data}) == 3
    assert len({curve.line.dash for curve in figure.data}) == 3, "told apart without colour too"


def test_the_heat_map_leaves_absent_classes_empty_and_names_classes_in_their_colours(records) -> None:
    figure = charts.class_figure(records, View(), "8s", CAMVID.classes, CAMVID.palette)
    (heat,) = figure.data
    assert heat.z[CAMVID.index("sign")] == (None,) * 4 or list(heat.z[CAMVID.index("sign")]) == [None] * 4
    assert heat.z[CAMVID.index("road")][3] == pytest.approx(0.6)
    assert "rgb(128, 64, 128)" in figure.layout.yaxis.ticktext[CAMVID.index("road")]


def test_speed_waiting_and_load_are_drawn(records) -> None:
    assert charts.speed_figure(records, View()).data[0].y[0] == 8.0
    assert charts.waiting_figure(records, View()).data[0].y[0] == 0.05
    assert charts.gradient_figure(records, View()).data[0].y[0] == 1.5
    assert charts.memory_figure(records, View()).data[0].y[0] == 2.0, "gigabytes"
    (load,) = charts.load_figure(records, View()).data
    assert load.name == "processor", "no line for a GPU that is not there"


def test_eight_runs_are_told_apart(records) -> None:
    runs = [NamedRun(f"run {i}", records, charts.LINES[i], charts.DASHES[i]) for i in range(8)]
    for figure in (compare_losses(runs, View()), compare_miou(runs, View())):
        assert len({(curve.line.color, curve.line.dash) for curve in figure.data}) == 8


def test_figures_of_a_run_that_has_written_nothing(tmp_path: Path) -> None:
    nothing = RunLog(tmp_path / "none").read()
    assert len(nothing.steps) == 0 and nothing.heads == ()
    compare_losses([NamedRun("a", nothing, "#000000")], View()).to_json()
    compare_miou([NamedRun("a", nothing, "#000000")], View()).to_json()
    charts.loss_figure(nothing, View(smoothing=0.5)).to_json()


# Settings, CSV, facts, previews, weights.


def test_only_settings_that_differ_are_listed() -> None:
    one = TrainConfig.from_dict({"name": "one", "steps": 5})
    two = one.replace(name="two", seed=3, optim={"lr": 0.5}, train=[{"kind": "streets", "count": 7}] * 2)
    found = {difference.name: difference.values for difference in differences([one, two, None])}
    assert found["seed"] == ("0", "3", "–") and found["optim.lr"] == ("0.002", "0.5", "–")
    assert found["train.0.count"] == ("2000", "7", "–") and found["train.1.count"] == ("–", "7", "–")
    assert "name" not in found and "steps" not in found and "optim.momentum" not in found
    assert differences([one, one.replace(name="same")]) == () == differences([one, None])
    assert [text(value) for value in (True, None, [1, 2.5])] == ["yes", "none", "1, 2.5"]
    assert flat({"a": {"b": True}, "c": [1, 2], "d": [{"e": 3}]}) == {"a.b": True, "c": [1, 2], "d.0.e": 3}


def test_the_usual_value_is_that_of_most_runs() -> None:
    config = TrainConfig.from_dict({"steps": 5})
    (seed,) = differences([config.replace(seed=4), config, config])
    assert seed.usual == "0" and [value != seed.usual for value in seed.values] == [True, False, False]


def test_the_csv_holds_every_record(tmp_path: Path) -> None:
    folder = make_run(tmp_path, "run", steps=30)
    rows = list(csv.DictReader(io.StringIO(metrics_csv(folder.path))))
    steps = [row for row in rows if row["kind"] == "step"]
    assert [int(row["step"]) for row in steps] == list(range(1, 31)), "nothing is thinned"
    assert float(steps[3]["lr.biases"]) == pytest.approx(2 * float(steps[3]["lr.kernels"]))
    (last,) = [row for row in rows if row["kind"] == "test"]
    assert float(last["heads.8s.iou.road"]) == pytest.approx(0.5) and last["heads.8s.iou.sign"] == ""


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"classes": 3}', '{"classes": ["a"], "palette": [["x"]]}'])
def test_damaged_facts_are_no_facts(tmp_path: Path, text: str) -> None:
    (tmp_path / "facts.json").write_text(text)
    assert read_facts(tmp_path).labels is None


def test_classes_of_own_data_keep_their_colours(tmp_path: Path) -> None:
    about = {"classes": ["cat", "dog"], "palette": [[1, 2, 3], [4, 5, 6]], "labels": "pets"}
    (tmp_path / "facts.json").write_text(json.dumps(about))
    labels = read_facts(tmp_path).labels
    assert labels.palette == ((1, 2, 3), (4, 5, 6)) and len(set(labels.colour_blind_safe)) == 2
    (tmp_path / "facts.json").write_text(json.dumps({"classes": CAMVID.classes, "labels": "camvid"}))
    assert read_facts(tmp_path).labels is LABEL_SETS["camvid"]


def test_previews_are_found_and_spread(tmp_path: Path) -> None:
    folder = make_run(tmp_path, "run", steps=60, every=1)
    (folder.path / "previews" / ".step-00000099").mkdir()
    found = find_previews(folder.path, most=7)
    assert found.names == ("0-first", "1-second") and found.heads == ("32s", "16s", "8s")
    assert len(found.steps) == 7 and found.steps[0] == 1 and found.steps[-1] == 60
    assert found.prediction(60, "0-first", "8s").is_file() and found.truth("1-second").is_file()
    assert find_previews(tmp_path) is None


def test_a_label_map_keeps_its_classes_and_void(tmp_path: Path) -> None:
    path = tmp_path / "map.png"
    Image.fromarray(np.array([[0, 3, 255], [10, 1, 200]], np.uint8)).save(path)
    address = label_address(path, CAMVID.palette)
    picture = np.array(Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))).convert("RGB"))
    assert [tuple(map(int, p)) for p in picture.reshape(-1, 3)] == [
        CAMVID.palette[0], CAMVID.palette[3], (0, 0, 0), CAMVID.palette[10], CAMVID.palette[1], (0, 0, 0),
    ]  # fmt: skip
    path.write_bytes(path.read_bytes()[:40])
    assert label_address(path, CAMVID.palette) == "" == label_address(tmp_path / "none.png", CAMVID.palette)


def test_weights_of_runs_come_and_go(tmp_path: Path) -> None:
    first, second = make_run(tmp_path, "one"), make_run(tmp_path, "two", weights=False)
    assert list(run_weights(tmp_path)) == ["run:one"]
    record = run_weights(tmp_path)["run:one"]
    assert record.heads == (32, 16, 8) and "mIoU 30.0 %" in record.title and record.path == first.best.resolve()
    save_weights(second)
    assert set(run_weights(tmp_path)) == {"run:one", "run:two"}
    second.best.write_bytes(second.best.read_bytes()[:100])
    assert list(run_weights(tmp_path)) == ["run:one"], "damaged weights are left out"
    remove(first)
    assert run_weights(tmp_path) == {} == run_weights(tmp_path / "none")


def test_the_card_of_a_run_tells_its_test_scores(tmp_path: Path) -> None:
    folder = make_run(tmp_path, "one")
    card = {"name": "best", "scores": {"8s": {"miou": 0.625}}, "scored_on": "the test", "training_data": "streets"}
    folder.best.with_suffix(".json").write_text(json.dumps(card))
    record = run_weights(tmp_path)["run:one"]
    assert "mIoU 62.5 %" in record.title and record.scored_on == "the test" and record.training_data == "streets"
    assert RunFolder(folder.path).weights() == folder.best
