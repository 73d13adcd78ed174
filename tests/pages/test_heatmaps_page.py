"""The Heatmaps page: every view runs, what needs no pass starts none, addresses carry the state."""

from __future__ import annotations

import base64
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from app_bench import TINY
from hypothesis import given, settings
from hypothesis import strategies as st
from segmenters import tiny_model, tiny_weights
from streamlit.testing.v1 import AppTest
from visits import control, open_lab, text

from app.bench import kept as bench_kept
from app.labs.heatmaps.patches import OUTSIDE, crop
from app.labs.shared.packing import pack, pack_grid, pack_indices, unpack
from app.labs.shared.wall import ticks
from app.parts.words import number
from app.settings.heatmaps import VIEWS
from app.visitor.address import Names, read, write
from app.visitor.settings import SETTINGS
from fcn_core.analysis.fields.receptive_field import Box
from fcn_core.weights import save_checkpoint, write_card

open_page = partial(open_lab, "heatmaps.py")


def param(test: AppTest, name: str) -> str:
    value = test.query_params[name]
    return value if isinstance(value, str) else value[0]


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ({}, ("torch.softmax", "F.conv_transpose2d", "F.interpolate")),
        ({"h_show": "one", "h_map": "coarse", "h_values": "logit", "x": "9", "y": "9"}, ("no temperature", "x 9, y 9")),
        ({"h_show": "heads", "h_temp": "-7", "h_range": "own", "head": "32s"}, ("32s upsampled",)),
        ({"h_view": "layers", "h_layer": "trunk.features.2", "x": "30", "y": "40"}, ("relu1_1", "in a row")),
        ({"h_view": "layers", "h_layer": "head.upscore8", "h_sort": "max"}, ("Page 1 of 1",)),
        ({"h_view": "classifier", "h_scale": "1", "x": "100", "y": "90"}, ("no ImageNet classifier", "Cell ")),
    ],
)
def test_every_view_runs_and_checks_itself(address: dict[str, str], says: tuple[str, ...]) -> None:
    test = open_page(**address)
    said = text(test)
    assert "**failed**" not in said and not test.error
    assert all(part in said for part in says), said
    assert any(element.value == "Predict, then look" for element in test.subheader)
    assert all(
        param(test, name) == value
        for name, value in address.items()
        if name not in SETTINGS or SETTINGS[name].read(value) != SETTINGS[name].default
    )


def test_class_head_and_temperature_need_no_pass(passes: list[int]) -> None:
    test = open_page(h_show="one", x="200", y="150")
    assert len(passes) == 1
    control(test, "control-cls-heat").set_value("tree").run()
    assert param(test, "cls") == "tree"
    control(test, "control-head-heat").set_value(32).run()
    control(test, "control-h_values").set_value("logit").run()
    control(test, "control-h_show").set_value("all").run()
    assert param(test, "head") == "32s" and param(test, "h_values") == "logit"
    assert len(passes) == 1 and not test.exception


def test_evidence_of_a_small_picture() -> None:
    test = open_page(h_view="evidence", h_side="240", x="200", y="150", cls="road")
    said = text(test)
    assert "finite differences" in said and "this pixel's logit" in said and "**failed**" not in said
    control(test, "control-h_method").set_value("occlusion").run()
    control(test, "control-h_window").set_value(120).run()
    control(test, "control-h_step").set_value(120).run()
    button = control(test, "h-compute")
    assert button.label == "Compute (4 passes)"
    button.click().run(timeout=120)
    assert not test.exception
    said = text(test)
    assert "window by window" in said and "**failed**" not in said


def test_one_head_and_absurd_settings(own_home: Path) -> None:
    loaded = tiny_weights(tiny_model(heads=(32,)))
    path = own_home / "imported" / "one.safetensors"
    save_checkpoint(path, loaded.model, labels=loaded.labels, preprocessing=loaded.record.preprocessing)
    write_card(
        replace(loaded.record, name="one", source="imported", filename=path.name, folder=path.parent), path.parent
    )
    test = open_page(weights="one", h_show="heads", h_layer="nowhere.9")
    assert not any(w.key == "control-head-heat" for w in test.get("button_group"))
    control(test, "control-h_view").set_value("layers").run()
    assert "no layer `nowhere.9`" in text(test) and not test.exception


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_a_state_survives_its_address(data: st.DataObject) -> None:
    chosen = {}
    for name in [name for name in SETTINGS if name.startswith("h_")]:
        setting = SETTINGS[name]
        if setting.options:
            chosen[name] = data.draw(st.sampled_from(setting.options))
        elif setting.limits:
            chosen[name] = data.draw(st.integers(*setting.limits))
        else:
            chosen[name] = data.draw(st.sampled_from(["", "trunk.features.3", "backbone.layer1.0.relu:2"]))
    reading = read(write({}, chosen), Names())
    assert not reading.notices
    assert {**{name: SETTINGS[name].default for name in chosen}, **reading.settings} == chosen
    assert VIEWS == SETTINGS["h_view"].options


def test_values_survive_the_way_to_the_browser() -> None:
    values = np.random.default_rng(0).normal(0, 20, (7, 9)).astype(np.float32)
    low, high = float(values.min()), float(values.max())
    np.testing.assert_allclose(unpack(pack(values, low, high), low, high), values, atol=(high - low) / 65535)
    np.testing.assert_allclose(unpack(pack(values, low, high, fine=False), low, high), values, atol=(high - low) / 500)
    np.testing.assert_array_equal(unpack(pack_indices(np.array([[0, 999, 65535]])), 0, 65535), [[0, 999, 65535]])
    flat = np.full((2, 2), 3.0, np.float32)
    np.testing.assert_array_equal(unpack(pack(flat, 3.0, 3.0), 3.0, 3.0), flat)
    text, low, high = pack_grid(values[None])
    numbers = np.frombuffer(base64.b64decode(text), "<u2").reshape(1, 7, 9)
    np.testing.assert_allclose(low + (high - low) / 65535 * numbers, values[None], atol=(high - low) / 65535)


def test_crops_are_grey_beyond_the_picture() -> None:
    image = np.zeros((10, 10, 3), np.uint8)
    image[0, 0] = 255
    cut = crop(image, Box(-100, -100, 100, 100, (0, 0, 10, 10), (10, 10)))
    assert cut.shape == (200, 200, 3)
    assert tuple(cut[0, 0]) == OUTSIDE and tuple(cut[100, 100]) == (255, 255, 255) and tuple(cut[105, 105]) == (0, 0, 0)


def test_numbers_read_well() -> None:
    assert number(-0.001) == "0.00" and number(-1.5, 1) == "\u22121.5"
    assert ticks(-1, 1, 1) == ("\u22121.0", "\u22120.5", "0.0", "0.5", "1.0")


def test_the_shared_network_is_as_it_was() -> None:
    open_page(h_view="layers", x="30", y="40")
    model = bench_kept.segmenter(bench_kept.weight_records()[TINY]).loaded.model
    assert all(not module._forward_hooks for module in model.modules())
    assert any(getattr(module, "inplace", False) for module in model.modules())
    assert all(parameter.grad is None for parameter in model.parameters())
    assert not model.training and not torch.is_inference_mode_enabled()
