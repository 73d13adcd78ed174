"""The Imbalance and Doctor views: every state runs, says its numbers, and odd addresses and texts give a sentence."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from visits import open_lab, settled, text

from app.labs.metrics import stored_runs
from app.labs.metrics.bars import BarRow, bar_table
from app.labs.metrics.case_file import TITLES
from app.labs.metrics.imbalance_view import asked
from app.labs.metrics.runs_panel import verdict
from app.labs.metrics.weighting import weights_of
from app.runs import kept as runs_kept
from app.settings.imbalance import CASES, SETTINGS, WEIGHT_KINDS
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.settings.config import TrainConfig

open_page = partial(open_lab, "metrics.py")


@pytest.mark.parametrize("kind", WEIGHT_KINDS)
def test_imbalance_with_every_kind_of_weights(kind: str) -> None:
    said = text(open_page(m_view="imbalance", m_w=kind))
    assert said.count("Checked against PyTorch") == 3 and "failed" not in said
    assert "Ninety-nine dogs and one cat" in said and "Two opinions" in said
    assert "99.0 %" in said and "49.5 %" in said and "Predict, then look" in said


@pytest.mark.parametrize(("cats", "found", "false"), [(50, 100, 100), (50, 0, 0), (7, 33, 1)])
def test_the_sliders_fill_the_formulas(cats: int, found: int, false: int) -> None:
    said = text(open_page(m_view="imbalance", m_cats=str(cats), m_found=str(found), m_false=str(false)))
    right = 100 * (100 - cats) - round(100 * (100 - cats) * false / 100)
    assert f"({right:,} + {round(cats * found):,}) / 10,000" in said and "failed" not in said


@pytest.mark.parametrize(("data", "bars"), [("streets", "precision"), ("camvid", "recall")])
def test_stored_runs_are_shown_side_by_side(data: str, bars: str) -> None:
    said = text(open_page(m_view="imbalance", m_set=data, m_bars=bars))
    runs = stored_runs.runs_on(data)
    assert set(runs) == {"none", "median_frequency", "enet"}
    for run in runs.values():
        assert f"{100 * run.scores.miou:.1f}" in said
    assert "In points against the run without weights" in said


def test_stored_runs_differ_in_their_weights_alone() -> None:
    for data in ("streets", "camvid"):
        runs = stored_runs.runs_on(data)
        assert len({json.dumps(run.facts, sort_keys=True) for run in runs.values()}) == 1
        assert len({run.matrix.counts.sum() for run in runs.values()}) == 1, "measured on the same pixels"
        assert runs["none"].weights is None
        for kind in ("median_frequency", "enet"):
            run = runs[kind]
            assert run.weights == pytest.approx(weights_of(run.shares, kind, run.shown_in), rel=1e-3, abs=1e-3)
            assert (run.shown_in >= run.shares).all()
    text_of_file = stored_runs.STORED.read_text()
    assert "/work" not in text_of_file and "/tmp" not in text_of_file


def test_missing_files_are_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(stored_runs, "STORED", tmp_path / "none.json")
    stored_runs.stored_runs.cache_clear()
    try:
        said = text(open_page(m_view="imbalance"))
        assert "The stored runs are missing" in said and "counted on this picture" in said
        assert len(asked()) == 2 and verdict({}) == ""
    finally:
        stored_runs.stored_runs.cache_clear()


@pytest.mark.usefixtures("no_truth")
def test_without_ground_truth_the_rest_still_works() -> None:
    said = text(open_page(m_view="imbalance"))
    assert "Ninety-nine dogs" in said and "Two opinions" in said
    assert "Traceback" not in text(open_page(m_view="doctor", m_exam="picture"))


@pytest.mark.parametrize("case", ["healthy", "summed", "palette"])
def test_stored_cases_open(case: str) -> None:
    said = text(open_page(m_view="doctor", m_case=case))
    assert ("None of the six signatures" in said) == (case == "healthy")
    assert ("Evidence" in said and "Cure" in said) == (case != "healthy")
    assert set(TITLES) == set(CASES)


def test_pasted_text_is_examined() -> None:
    test = open_page(m_view="doctor", m_exam="paste")
    assert "Paste something" in text(test)
    next(button for button in test.button if button.label == "Try an example").click()
    said = text(settled(test.run()))
    assert "Everything is predicted as one class" in said and "1/21" in said
    test.text_area[0].set_value("<b>nothing</b> of **use**")
    said = text(settled(test.run()))
    assert "Nothing in this text is known here" in said and "<b>" not in said
    test.text_area[0].set_value("IndexError: Target 255 is out of bounds.")
    assert "255 (void) is taken as a class" in text(settled(test.run()))


def test_a_run_is_examined(tmp_path: Path) -> None:
    assert "There is no training run yet" in text(open_page(m_view="doctor", m_exam="run"))
    for number, rate in enumerate((1e-10, 1e-3)):
        config = TrainConfig.from_dict({"steps": 10, "optim": {"kind": "sgd", "lr": rate}})
        folder = RunFolder.create(tmp_path / "runs" / f"run-{number}", config)
        for step in range(6):
            loss = 2.4 if number == 0 else 2.4 / (step + 1)
            folder.append({"kind": "step", "step": step + 1, "loss": loss, "loss_mean": loss, "loss_sum": 1e5 * loss})
        folder.write_status("finished", step=6)
    runs_kept.runs.clear()
    said = text(open_page(m_view="doctor", m_exam="run", run="run-0"))
    assert "Learning rate and form of the loss do not go together" in said
    assert "None of the six signatures" in text(open_page(m_view="doctor", m_exam="run", run="run-1"))


def test_the_picture_in_hand_is_examined() -> None:
    said = text(open_page(m_view="doctor", m_exam="picture"))
    assert "with the channels exchanged" in said and "PA " in said


@pytest.mark.parametrize(
    ("name", "bad"),
    [("m_cats", "0"), ("m_cats", "51"), ("m_found", "-1"), ("m_false", "101"), ("m_w", "x"), ("m_set", "voc"),
     ("m_bars", "f1"), ("m_exam", "x"), ("m_case", "flu")],
)  # fmt: skip
def test_absurd_values_are_refused(name: str, bad: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        next(setting for setting in SETTINGS if setting.name == name).read(bad)


def test_absurd_values_in_an_address_are_ignored_with_a_notice() -> None:
    said = text(open_page(m_view="doctor", m_cats="0", m_case="flu"))
    assert "`m_cats=0` in the address was ignored" in said and "`m_case=flu` in the address was ignored" in said


def test_settings_spell_their_defaults() -> None:
    for setting in SETTINGS:
        assert setting.name.startswith("m_") and setting.read(setting.write(setting.default)) == setting.default


def test_bars_keep_their_numbers_and_escape_names() -> None:
    html = bar_table(("a", "b", "c"), ("x", "y"), [BarRow("<i>", "", ("1",), (0.25, float("nan")))])
    assert "width:25.0%" in html and ">25.0<" in html and "–" in html and "&lt;i&gt;" in html
