"""The Alignment page: every view and network, changed and broken chains, odd addresses, weights of other kinds."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import pytest
from segmenters import tiny_model
from streamlit.testing.v1 import AppTest
from torch import nn
from visits import change, open_lab, settled, text

from app.labs.alignment.chain_view import HEADS
from app.labs.alignment.figures import slip_chart
from app.labs.alignment.pixel_view import picture_data
from app.labs.alignment.questions import asked
from app.labs.alignment.words import formula
from app.settings.alignment import NETS, VIEWS
from app.visitor.settings import SETTINGS
from fcn_core.analysis.aligning.chain import changed, looks_at, walk
from fcn_core.analysis.aligning.networks import chain_of, published_network
from fcn_core.analysis.aligning.shift import Slip

open_page = partial(open_lab, "alignment.py")


def chain_rows(test: AppTest) -> dict[str, list[str]]:
    """The table that the browser gets: layer -> cells."""
    for element in test.get("bidi_component"):
        data = json.loads(element.proto.json) if element.proto.json else {}
        if "heads" in data and "rows" in data:
            return {row["name"]: row["cells"] for row in data["rows"]}
    raise AssertionError("the page has no chain")


@pytest.mark.parametrize("view", VIEWS)
def test_every_view_runs_and_checks_itself(view: str) -> None:
    test = open_page(a_view=view)
    said = text(test)
    assert "Checked against PyTorch" in said and "failed" not in said
    assert "CVPR 2015" in said and "Predict, then look" in said and len(test.radio) == 3


@pytest.mark.parametrize("net", NETS)
def test_the_views_of_layers_take_every_network(net: str) -> None:
    kind = "centered" if net == "caffenet" else "reference"
    test = open_page(a_net=net, a_kind=kind, head="16s", a_w="333", a_h="77")
    for view in ("chain", "pixel", "offsets"):
        said = change(test, a_view=view)
        assert "failed" not in said and "Checked against PyTorch" in said


def test_the_chain_lists_the_real_layers() -> None:
    rows = chain_rows(open_page())
    assert len(HEADS) == len(rows["conv1_1"])
    assert rows["conv1_1"][1:5] == ["3", "1", "100", ""] and rows["conv1_1"][5] == "698×698"
    assert rows["pool5"][5] == "22×22" and rows["fc6"][5] == "16×16" and rows["score_fr"][7] == "12.5"
    assert rows["upscore8"][4] == "31" and rows["score_pool4"][4] == "5" and rows["score_pool3"][4] == "9"
    assert rows["label map"][5:] == ["500×500", "1 px", "0"]


def test_sliders_change_a_layer_and_the_crops_can_be_derived_anew() -> None:
    test = open_page(a_layer="conv1_1")
    slider = next(s for s in test.slider if s.key == "alignment-padding")
    assert slider.value == 100
    settled(slider.set_value(90).run())
    assert test.query_params["a_set"] in ("conv1_1:p90", ["conv1_1:p90"])
    assert "i + 10" in text(test) and "10 px too far right and below" in text(test)
    settled(next(b for b in test.button if b.key == "alignment-derive").click().run())
    assert "at pixel i, its own" in text(test) and chain_rows(test)["upscore8"][4] == "21"
    settled(next(b for b in test.button if b.key == "alignment-reset").click().run())
    assert "a_set" not in test.query_params and chain_rows(test)["conv1_1"][3] == "100"


def test_teacher_mode_holds_the_chain() -> None:
    test = open_page(teacher="lock", a_set="conv1_1:p90")
    assert all(slider.disabled for slider in test.slider if (slider.key or "").startswith("alignment-"))
    assert all(button.disabled for button in test.button if button.key in ("alignment-derive", "alignment-reset"))
    assert "i + 10" in text(test)
    hidden = open_page(teacher="hide", a_set="conv1_1:p90")
    assert not [slider for slider in hidden.slider if (slider.key or "").startswith("alignment-")]
    assert chain_rows(hidden)["conv1_1"][3] == "90" and "i + 10" in text(hidden)


def test_a_chain_that_breaks_off_says_where() -> None:
    test = open_page(a_set="conv1_1:p1")
    for said in (text(test), change(test, a_view="pixel")):
        assert "breaks off at" in said and "missing" in said
    said = change(test, a_view="chain", a_set="pool5:s1")
    assert "No crop puts these layers in place" in said and "drift apart" in said
    assert "drift apart" in change(test, a_view="offsets", a_off="upscore32")
    assert "half a cell" in change(test, a_off="upscore8", a_set="upscore8:k15")
    assert "Not measured" in change(test, a_view="chain", a_set="upscore8:k3")


def test_odd_changes_in_an_address_are_left_out() -> None:
    test = open_page(a_set="conv1_1:p999", a_layer="fuse_pool4")
    said = text(test)
    assert "changes in the address were ignored" in said and "**conv1_1**" in said
    said = change(test, a_set="conv9_9:p1.conv1_2:c4")
    assert "wait for a chain" in said and "conv9" in said


def test_absurd_values_are_ignored_with_a_notice() -> None:
    first = {"a_view": "x", "a_h": "0", "a_d": "17", "a_i": "-1"}
    second = {"a_off": "fc6", "a_net": "vgg", "a_set": "hello world!"}
    for bad in (first, second):  # a page tells four notices at most
        said = text(open_page(**bad))
        for name, value in bad.items():
            assert f"`{name}={value}` in the address was ignored" in said


def test_the_derivations_end_in_the_published_offsets() -> None:
    test = open_page(a_view="offsets")
    published = {"upscore32": 19, "upscore16": 27, "upscore8": 31, "score_pool4": 5, "score_pool3": 9}
    for crop, value in published.items():
        said = change(test, a_off=crop)
        assert f"crop {value}**" in said or f"is cropped by {value}**" in said


def test_a_photo_of_one_pixel() -> None:
    test = open_page(a_w="1", a_h="1")
    rows = chain_rows(test)
    assert rows["score_fr"][5] == "1×1" and rows["label map"][5] == "1×1"
    said = change(test, a_view="padding", a_net="googlenet_published")
    assert "40401 times" in said and "more than 99 %" in said and "failed" not in said
    assert "fc6" not in said, "GoogLeNet has none"


@pytest.mark.parametrize("crop", ["final", "pool4", "pool3"])
def test_shifts_are_measured_and_run_no_network(passes: list, crop: str) -> None:
    test = open_page(a_view="shift", a_crop=crop, a_d="3")
    assert len(passes) == 1
    settled(next(s for s in test.slider if s.key == "control-a_d").set_value(-5).run())
    said = text(test)
    assert "mean IoU within 5 px" in said and "down and to the right" in said and "failed" not in said
    assert "differ from those in place" in said and len(passes) == 1


@pytest.mark.usefixtures("no_truth")
def test_a_shift_without_truth_or_skips(use: Callable[..., None]) -> None:
    assert "With a ground truth, the measures" in text(open_page(a_view="shift"))
    use(tiny_model(heads=(32,)))
    said = text(open_page(a_view="shift", a_crop="pool4"))
    assert "differ from those in place" in said, "a head without skips has the last crop only"
    assert "All labels slide" in said


@pytest.mark.parametrize(
    "settings", [{"heads": (32,)}, {"heads": (16, 8)}, {"backbone": "alexnet", "alignment": "reference"},
                 {"learned_deconvs": "all"}]
)  # fmt: skip
def test_weights_of_other_shapes(use: Callable[..., None], settings: dict) -> None:
    use(tiny_model(**settings))
    test = open_page(a_net="own")
    for view in VIEWS:
        said = change(test, a_view=view)
        assert "failed" not in said and "Checked against PyTorch" in said


def test_a_network_of_one_stream_and_tiles(use: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    class Other(nn.Module):
        heads = (8,)

        def __init__(self) -> None:
            super().__init__()
            self.first = nn.Conv2d(3, 11, 8, stride=8)

    use(tiny_model(), memory_limit=20_000_000)
    assert "was cut into tiles" in text(open_page(a_view="shift"))
    assert "mean IoU, 32 px border" in text(open_page(a_view="padding"))
    monkeypatch.setattr("app.labs.alignment.hand.FCN", Other)
    assert "VGG16 is shown" in text(open_page(a_net="own"))


def test_the_question_about_the_crop_has_the_right_answer() -> None:
    for head in (32, 16, 8):
        question = asked(head)[1]
        assert question.answers[question.right] == "by 1 pixel" and f"FCN-{head}s" in question.text


def test_the_picture_gets_the_chain() -> None:
    chain = chain_of(published_network("vgg16", "reference"), 8)
    data = picture_data(chain, walk(chain, (500, 500)))
    assert [row["name"] for row in data["rows"]] == [
        "label map", "fuse_pool3", "score_pool3", "fuse_pool4", "score_pool4", "score_fr", "photo",
    ]  # fmt: skip
    rows = {row["name"]: row for row in data["rows"]}
    assert (rows["score_fr"]["scale"], rows["score_fr"]["offset"]) == (32, 12.5)
    assert (rows["score_pool4"]["scale"], rows["score_pool4"]["offset"]) == (16, -91.5)
    assert {step["name"]: step["crop"] for step in data["way"]} == {
        "upscore8": 31, "score_pool3": 9, "upscore_pool4": 0, "score_pool4": 5, "upscore2": 0,
    }  # fmt: skip
    assert [ray["name"] for ray in data["rays"]] == ["fc7", "pool4", "pool3"]
    wrong = changed(chain, {"upscore8": {"crop": 30}})
    assert {formula(where) for where in looks_at(wrong).values()} == {"i − 1"}


def test_the_chart_draws_every_measure() -> None:
    points = [Slip(d, 0.9 - abs(d) / 100, 0.6, float("nan") if d == 0 else 0.5) for d in range(-2, 3)]
    svg = slip_chart(points, 1, "pixels", 40)
    assert svg.count("<path") == 3 and svg.count("<circle") == 3 and "nan" not in svg


def test_settings_of_the_lab_have_its_prefix() -> None:
    own = [name for name in SETTINGS if name.startswith("a_")]
    assert own[0] == "a_view" and len(own) == 12
    for name in own:
        assert SETTINGS[name].read(SETTINGS[name].write(SETTINGS[name].default) or "conv1_1:p1") is not None
