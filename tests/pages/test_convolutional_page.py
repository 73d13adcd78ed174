"""The Convolutionalize page: its first two views, odd addresses, photos and weights."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np
import pytest
from segmenters import tiny_model
from visits import open_lab, settled, text

from app.bench import kept as bench_kept
from app.bench.held import HeldPicture
from app.labs.convolutionalize import grid_race, patches_view
from app.labs.convolutionalize import kept as convolutional_kept
from app.labs.convolutionalize.layer_table import layer_table
from app.labs.convolutionalize.questions import classifier_questions, patch_questions
from app.parts.words import figures, relative
from app.visitor.settings import SETTINGS
from fcn_core.analysis.dense.pass_cost import GridCost

open_page = partial(open_lab, "convolutionalize.py")


def test_the_classifier_view_checks_itself() -> None:
    said = text(open_page(x="100", y="90"))
    assert said.count("Checked against PyTorch") == 1 and "failed" not in said
    assert "reads a window of **224×224** pixels" in said and "**14×9 answers**, one every 32 pixels" in said
    assert "This is no error: the layers pad with zeros" in said
    assert "CVPR 2015: sections 3.1, 3.2, 3.4 and 4.3" in said


def test_the_patch_classifier_agrees_everywhere() -> None:
    said = text(open_page(c_net="patch", c_scale="1.5", x="100", y="90"))
    assert said.count("Checked against PyTorch") == 2 and "failed" not in said
    assert "takes the whole 960×720 photo" in said and "**116×86 answers**, one every 8 pixels" in said


def test_the_table_names_both_shapes() -> None:
    table = layer_table(convolutional_kept.patch_pair(33), (105, 113))
    assert "| 192 → 96 | 18,528 | 2×2 × 48 → 96 | 11×10 × 96 |" in table
    assert "| 96 → 11 | 1,067 | 1×1 × 96 → 11 | 11×10 × 11 |" in table
    assert "3 layers before" in table


@pytest.mark.parametrize("settings", [{"backbone": "googlenet"}, {"backbone": "alexnet"}])
def test_weights_without_a_vgg_are_explained(use: Callable[..., None], settings: dict) -> None:
    use(tiny_model(**settings))
    said = text(open_page())
    assert "These weights have no fully connected layers to go back to" in said and "33×33 patch classifier" in said
    assert "failed" not in said


def test_published_padding(use: Callable[..., None]) -> None:
    use(tiny_model(alignment="reference"))
    said = text(open_page())
    assert "**14×9 answers**" in said and "failed" not in said


def show_photo(monkeypatch: pytest.MonkeyPatch, height: int, width: int) -> None:
    """The sample becomes a grey photo of this size, without ground truth."""
    photo = HeldPicture("grey.png", "grey", f"grey {width}×{height}", np.full((height, width, 3), 90, np.uint8))
    monkeypatch.setattr(bench_kept, "sample_picture", lambda name: photo)
    monkeypatch.setattr(bench_kept, "sample_truth", lambda name: None)


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize(("size", "net"), [((9, 300), "own"), ((1, 1), "patch")])
def test_small_photos_are_enlarged(monkeypatch: pytest.MonkeyPatch, size: tuple[int, int], net: str) -> None:
    show_photo(monkeypatch, *size)
    said = text(open_page(c_net=net))
    assert "failed" not in said and "Checked against PyTorch" in said


@pytest.mark.usefixtures("forgotten")
def test_photos_that_fit_no_window_are_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    show_photo(monkeypatch, 2, 600)
    assert "This photo of 600×2 pixels is too narrow" in text(open_page())
    said = text(open_page(c_view="patches", c_side="15", c_race="patch"))
    assert "smaller than a patch of 15×15" in said and "not measured yet" in said


def test_numbers_are_never_powers_of_ten() -> None:
    assert [figures(value) for value in (0.01234, 1.5, 172.9, 4225, 999.6)] == [
        "0.0123",
        "1.5",
        "173",
        "4,220",
        "1,000",
    ]
    assert (figures(153, 2), relative(1.72), relative(1e-7)) == ("150", "170\u00a0%", "nothing")


@pytest.mark.parametrize("side", ["15", "65"])
def test_patches_give_the_labels_of_one_pass(side: str) -> None:
    said = text(open_page(c_view="patches", c_side=side, c_race="patch", c_n="6"))
    assert "Checked against PyTorch" in said and "failed" not in said
    assert "The same 2,700 answers" in said and f"classifier of {side}×{side} patches" in said
    assert "not measured yet" in said and "6×6 answers from a picture of **73×73** pixels" in said
    assert "1.2 ms" in said and "22 ms" in said and "one by one a crop took 5.4 ms" in said


@pytest.mark.usefixtures("forgotten")
def test_many_patches_wait_to_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    test = open_page(c_view="patches", c_side="15", c_step="2", c_race="patch")
    assert "**43,200 patches** of 15×15 pixels" in text(test) and "Checked against PyTorch" not in text(test)
    monkeypatch.setattr(patches_view, "MOST_SIDE", 48)
    monkeypatch.setattr(patches_view, "MANY", 100)
    settled(test.run())
    next(button for button in test.button if button.key == "convolutional-many").click()
    said = text(settled(test.run()))
    assert "The same 432 answers" in said and "Checked against PyTorch" in said and "failed" not in said
    assert "The same 432 answers" in text(settled(test.run())), "they are kept"


@pytest.mark.usefixtures("forgotten")
def test_the_race_is_measured_here_and_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grid_race, "GRID_SIDES", (1, 2, 3))
    test = open_page(c_view="patches", c_side="15", c_race="patch", c_n="3")
    next(button for button in test.button if button.key == "convolutional-race").click()
    said = text(settled(test.run()))
    assert "not measured yet" not in said and "One pass is **" in said and "as fast** as one by one" in said
    (costs,) = [kept["times"] for kept in (convolutional_kept.grid_costs(convolutional_kept.patch_pair(33)),)]
    assert [cost.n for cost in costs] == [1, 2, 3]
    said = text(open_page(c_view="patches", c_side="15", c_race="patch", c_n="2"))
    assert "One pass is **" in said, "all visitors see it"


def test_the_table_says_what_was_multiplied_up() -> None:
    pair = convolutional_kept.patch_pair(33)
    window, whole = (convolutional_kept.pass_counts(pair, "full" if s == 33 else "whole", (s, s)) for s in (33, 105))
    found = GridCost(10, 2.0, 1.0, 0.1, 16, (50, 100))
    table = grid_race._table(10, window, whole, found)
    assert "≈ 2\u00a0s" in table and "| 1\u00a0s |" in table and "50 and 100 of the 100 windows were timed" in table
    assert "**20 times as fast**" in table and "10 times as fast as in batches of 16" in table


def test_an_address_brings_the_same_page_back() -> None:
    address = {"c_view": "patches", "c_side": "15", "c_step": "4", "c_race": "patch", "c_n": "2"}
    test = open_page(**address)
    for name, value in address.items():
        assert test.query_params[name] in (value, [value])
    assert "10,800 answers" in text(test)


@pytest.mark.parametrize(("name", "value", "then"), [("c_step", "7", "4"), ("c_n", "9", "8"), ("c_n", "7", "6")])
def test_numbers_between_two_steps_take_the_lower(name: str, value: str, then: str) -> None:
    test = open_page(c_view="patches", c_side="15", c_race="patch", **{name: value})
    assert SETTINGS[name].read(then) == test.session_state[f"control-{name}"]


@pytest.mark.parametrize(("name", "bad"), [("c_view", "x"), ("c_net", "vgg"), ("c_n", "11"), ("c_side", "16")])
def test_absurd_values_are_ignored_with_a_notice(name: str, bad: str) -> None:
    assert f"`{name}={bad}` in the address was ignored" in text(open_page(**{name: bad}))


def test_questions_have_different_answers_for_any_size() -> None:
    pairs = [convolutional_kept.patch_pair(side) for side in (15, 33, 65)]
    for pair in pairs:
        for cells in (1, 2, 3, 40):
            side = pair.picture_side(cells)
            asked = classifier_questions(pair, (side, side))
            assert asked[1].answers[asked[1].right] == str(cells + 2)
    for side in (15, 65):
        for step in (1, 8):
            assert len(patch_questions(side, step, (1, 1))) == 3
