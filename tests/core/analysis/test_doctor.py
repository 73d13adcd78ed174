"""Every signature on a case in which the fault was really committed, and none of them on sound scores."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.nn import functional as F

from app.bench.sample_files import list_samples
from app.labs.metrics.case_file import MADE, STORED, TITLES, stored_cases
from app.labs.metrics.picture_exam import label_file_values, picture_symptoms
from app.settings.imbalance import CASES
from fcn_core.analysis.diagnosing.doctor import SIGNATURES, diagnose
from fcn_core.analysis.diagnosing.symptoms import MetricLine, Symptoms, from_run, from_text
from fcn_core.labels import CAMVID, VOC, VOID
from fcn_core.metrics import ConfusionMatrix, Scores
from fcn_core.segmenting.segmenter import Segmenter
from fcn_core.training.loop.engine import train
from fcn_core.training.loop.results import RunFailed
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig
from fcn_core.weights import load

EXPECTED = {
    "healthy": set(),
    "background": {"background"},
    "summed": {"summed"},
    "tiny-rate": {"summed"},
    "void-class": {"void"},
    "palette": {"palette"},
    "bgr": {"bgr"},
    "per-batch": {"per-batch"},
}
SEEDS = st.integers(0, 2**32 - 1)
KEYS = "kind loss lr heads iou miou 8s swapped loss_sum loss_mean label_values error".split()
JSON = st.recursive(
    st.none() | st.floats() | st.text(max_size=5) | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5),
    max_leaves=12,
)


def codes(symptoms: Symptoms) -> set[str]:
    return {diagnosis.code for diagnosis in diagnose(symptoms)}


def line(scores: Scores, digits: int = 4) -> str:
    """A line of scores as scripts print it."""
    return (
        f"pixel accuracy {scores.pa:.{digits}f} mean accuracy {scores.mpa:.{digits}f} "
        f"mean IoU {scores.miou:.{digits}f} fwIU {scores.fwiou:.{digits}f}"
    )


@pytest.mark.parametrize("name", CASES)
def test_stored_cases_are_named(name: str) -> None:
    case = stored_cases()[name]
    assert codes(case.symptoms) == EXPECTED[name]
    assert name in TITLES and name in MADE and len(case.text) > 20
    assert diagnose(from_text(case.text)) == diagnose(case.symptoms)  # the text that is shown says all of it
    for diagnosis in diagnose(case.symptoms):
        assert diagnosis.code in SIGNATURES and diagnosis.evidence and diagnosis.cure


def test_stored_cases_tell_nothing_of_the_machine_that_made_them() -> None:
    text = STORED.read_text()
    assert "/work" not in text and "/tmp" not in text and "/home" not in text
    assert set(json.loads(text)["cases"]) == set(CASES)


@given(SEEDS, st.integers(2, 40), st.integers(3, 4))
@settings(max_examples=60, deadline=None)
def test_one_class_everywhere_is_seen_from_a_printed_line(seed: int, classes: int, digits: int) -> None:
    rng = np.random.default_rng(seed)
    truth = rng.choice(classes, 5000, p=rng.dirichlet(np.full(classes, 2.0)))
    truth[:classes] = np.arange(classes)  # every class occurs
    matrix = ConfusionMatrix(classes)
    matrix.update(truth, np.full_like(truth, int(rng.integers(classes))))
    scores = matrix.scores()
    names = tuple(f"class {i}" for i in range(classes))
    assert "background" in codes(from_text(line(scores, digits)))
    if classes > 2:
        assert "background" in codes(from_text(json.dumps(scores.as_dict(names))))


@given(SEEDS, st.integers(3, 21), st.floats(0.4, 0.95))
@settings(max_examples=60, deadline=None)
def test_sound_scores_have_no_diagnosis(seed: int, classes: int, right: float) -> None:
    """Whatever comes from one confusion matrix, of a network that knows something of every class."""
    rng = np.random.default_rng(seed)
    truth = rng.choice(classes, 4000, p=rng.dirichlet(np.full(classes, 1.0)))
    said = np.where(rng.random(4000) < right, truth, rng.integers(0, classes, 4000))
    matrix = ConfusionMatrix(classes)
    matrix.update(truth, said)
    scores = matrix.scores()
    names = tuple(f"class {i}" for i in range(classes))
    assert codes(from_run([{"kind": "eval", **scores.as_dict(names)}])) == set()
    assert codes(from_text(line(scores))) == set()


def test_a_line_of_several_heads_gives_the_finest() -> None:
    text = "step 30, epoch 5.0: loss 0.2876, val mIoU 32s 0.1856, 16s 0.1956, 8s 0.2056 (best)"
    assert from_text(text).scores == MetricLine(miou=0.2056)


def test_a_table_of_classes_with_bars_between_is_read_and_a_log_is_none() -> None:
    assert from_text("| road | 93.1 |\n| sky | 0.5 |").scores.iou == {"road": pytest.approx(0.931), "sky": 0.005}
    assert from_text("epoch: 12\ntime: 0\ngpu: 0\nloss: 2.3").scores.is_empty


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 60_000, '{"miou": 1' + "0" * 400 + "}", "PA 1.5e400"])
def test_what_cannot_be_a_number_or_a_record_is_explained(text: str) -> None:
    with pytest.raises(ValueError, match="nothing in this text is known"):
        from_text(text)


@pytest.mark.parametrize(
    "printed",
    ["PA 90.3 MPA 75.9 mIoU 62.7 FWIoU 83.2", "83.0 % is nothing: pixel acc. 83.0 mean acc. 59.7 mean IU 45.4"],
)
def test_the_papers_own_lines_are_sound(printed: str) -> None:
    assert codes(from_text(printed)) == set()


def test_torch_names_255_when_nobody_ignores_it() -> None:
    with pytest.raises((IndexError, RuntimeError)) as problem:
        F.cross_entropy(torch.zeros(1, 11, 2, 2), torch.full((1, 2, 2), VOID))
    assert codes(from_text(f"IndexError: {problem.value}")) == {"void"}


def test_void_scored_as_a_class_is_seen_by_its_name_and_by_the_count() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 12, (40, 40))
    matrix = ConfusionMatrix(12)
    matrix.update(truth, np.minimum(truth, 10))
    found = diagnose(from_text(json.dumps(matrix.scores().as_dict((*CAMVID.classes, "void")))))
    assert [(one.code, one.certain) for one in found] == [("void", True)]


def test_the_metrics_own_sentence_on_strange_indices_is_not_taken_for_void() -> None:
    with pytest.raises(ValueError) as problem:
        ConfusionMatrix(21).update(np.array([[113]]), np.array([[0]]))
    assert codes(from_text(str(problem.value))) == {"palette"}


@pytest.mark.parametrize("labels", [VOC, CAMVID], ids=lambda labels: labels.name)
def test_a_palette_file_read_as_grey_or_as_colour(tmp_path: Path, labels) -> None:
    mask = np.kron(np.arange(len(labels), dtype=np.uint8)[None], np.ones((4, 4), np.uint8))
    picture = Image.fromarray(mask, mode="P")
    picture.putpalette([channel for colour in labels.palette for channel in colour])

    def values(image: Image.Image) -> tuple[int, ...]:
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        return label_file_values(buffer.getvalue(), "mask.png")[0]

    assert values(picture) == tuple(range(len(labels)))
    assert codes(Symptoms(label_values=values(picture))) == set()
    assert codes(Symptoms(label_values=values(picture.convert("L")))) == {"palette"}
    assert codes(from_text(f"np.unique -> {list(values(picture.convert('L')))}")) == {"palette"}
    if labels is VOC:
        assert codes(Symptoms(label_values=values(picture.convert("RGB")))) == {"palette"}


def test_files_that_are_no_label_maps_are_explained() -> None:
    with pytest.raises(ValueError, match="x.png"):
        label_file_values(b"no picture", "x.png")
    buffer = io.BytesIO()
    Image.fromarray(np.random.default_rng(0).integers(0, 11, (64, 64), np.uint8)).save(buffer, "PNG")
    whole = buffer.getvalue()
    for broken in (whole[: len(whole) // 2], whole.replace(b"IDAT", b"\xf1DAT")):
        with pytest.raises(ValueError, match="cut.png"):
            label_file_values(broken, "cut.png")
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((4, 4), np.uint16)).save(buffer, "PNG")
    with pytest.raises(ValueError, match="8-bit"):
        label_file_values(buffer.getvalue(), "deep.png")


def test_weights_fed_with_bgr_are_seen_on_a_picture_and_rightly_fed_ones_are_not() -> None:
    sample = list_samples()["streets-1"]
    assert sample.truth is not None
    image, truth = np.array(Image.open(sample.picture)), np.array(Image.open(sample.truth))
    segmenter = Segmenter(load("streets"))
    for fed, expected in ((image[..., ::-1], {"bgr"}), (image, set())):
        result = segmenter.segment(np.ascontiguousarray(fed), (8,))
        symptoms, _ = picture_symptoms(result, 8, truth, segmenter)
        assert codes(symptoms) == expected


def test_a_summed_loss_with_the_rate_of_a_mean_bursts_and_is_named(tmp_path: Path) -> None:
    """A real run of the engine, on two tiny scenes."""
    data = {"kind": "streets", "count": 2, "size": (48, 64)}
    config = TrainConfig.from_dict(
        {
            "model": {"width": 0.125, "fc_channels": 16, "fc_norm": True, "dropout": 0.0},
            "train": [data], "augment": {"crop": (32, 32)}, "batch_size": 2, "steps": 60, "previews": 0, "workers": 0,
            "loss": {"reduction": "sum", "head_weights": {8: 1.0}}, "threads": 1,
            "optim": {"kind": "sgd", "lr": 1.0, "momentum": 0.99}, "schedule": {"kind": "fixed"},
        }
    )  # fmt: skip
    with pytest.raises(RunFailed):
        train(config, tmp_path / "run")
    folder = RunFolder(tmp_path / "run")
    found = diagnose(from_run(folder.metrics(), config.model_dump(mode="json"), folder.log_tail()))
    assert [(one.code, one.certain) for one in found] == [("summed", True)]
    assert any("sum over" in sentence for sentence in found[0].evidence)


def test_rates_and_losses_as_text() -> None:
    assert codes(from_text("reduction: mean\nlr: 1e-10\nloss 3.04\nloss 3.05\nloss 3.04\nloss 3.04")) == {"summed"}
    assert codes(from_text("lr: 1e-10\nloss 571000\nloss 402000\nloss 350000\nloss 300000")) == set()
    assert codes(from_text("lr 0.001\nloss 3.04\nloss 2.1\nloss 1.5\nloss 1.2")) == set()
    assert codes(from_text("Iteration 40, loss = 87.3365")) == {"summed"}


def test_the_effective_rate_of_the_reference_is_the_papers() -> None:
    symptoms = Symptoms(losses=(5.7e5, float("nan")), lr=1e-10, momentum=0.99, pixels=500 * 375, loss_is_sum=True)
    said = " ".join(diagnose(symptoms)[0].evidence)
    assert "1.9e-05 on their mean" in said and "0.0019 in the long run" in said


@given(SEEDS)
@settings(max_examples=30, deadline=None)
def test_averages_over_pictures_are_seen_when_the_pictures_are_listed(seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole, each = ConfusionMatrix(5), []
    for _ in range(6):
        truth = rng.choice(rng.choice(5, 3, replace=False), 300)
        said = np.where(rng.random(300) < 0.7, truth, rng.integers(0, 5, 300))
        one = ConfusionMatrix(5)
        one.update(truth, said)
        whole.merge(one)
        each.append(one.scores().miou)
    listed = "\n".join(f"batch {i} mIoU {value:.4f}" for i, value in enumerate(each))
    assert "per-batch" in codes(from_text(f"{listed}\nmIoU {np.mean(each):.4f}"))


def test_an_impossible_order_of_scores_is_an_average() -> None:
    found = diagnose(Symptoms(scores=MetricLine(pa=0.8, mpa=0.61, miou=0.66, fwiou=0.7)))
    assert [(one.code, one.certain) for one in found] == [("per-batch", True)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (">>> overall accuracy 0.7324\n>>> mean accuracy 0.0476\n>>> mean IU 0.0349\n>>> fwavacc 0.5364",
         (0.7324, 0.0476, 0.0349, 0.5364)),
        ("PA 90.3 MPA 75.9 mIoU 62.7 FWIoU 83.2", (0.903, 0.759, 0.627, 0.832)),
        ("pa=0.9 mpa=0.8 miou=0.7 fwiou=0.85", (0.9, 0.8, 0.7, 0.85)),
        ('{"pa": 0.9, "mpa": null, "miou": 0.7, "fwiou": 0.85, "iou": {"a": null}}', (0.9, None, 0.7, 0.85)),
        ("pixel acc. 83.0 % | mean acc. 59.7 % | mean IU 45.4 % | f.w. IU 72.0 %", (0.83, 0.597, 0.454, 0.72)),
    ],
)  # fmt: skip
def test_lines_of_scores_are_read(text: str, expected: tuple[float | None, ...]) -> None:
    read = from_text(text).scores
    for value, wanted in zip((read.pa, read.mpa, read.miou, read.fwiou), expected, strict=True):
        assert value == (None if wanted is None else pytest.approx(wanted))


def test_tables_of_classes_are_read() -> None:
    read = from_text("sky: 90.1\nroad: 80\nfence = 12.5\nmean IU 56.8\nlr: 0.001").scores
    assert read.iou == pytest.approx({"sky": 0.901, "road": 0.8, "fence": 0.125})


@pytest.mark.parametrize("text", ["hello", "", "{}", "[1, 2]", "miou is good", "\x00\x00", "{" * 500])
def test_unknown_text_is_refused_with_what_is_known(text: str) -> None:
    with pytest.raises(ValueError, match="metrics.jsonl"):
        from_text(text)


@given(st.text(max_size=300))
@settings(max_examples=150, deadline=None)
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        symptoms = from_text(text)
    except ValueError:
        return
    diagnose(symptoms)


@given(JSON)
@settings(max_examples=100, deadline=None)
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        symptoms = from_text(json.dumps(value))
    except ValueError:
        return
    diagnose(symptoms)
