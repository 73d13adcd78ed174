"""The form's fields come from the settings' models; drafts keep values, know what is wrong, and have a way back."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import BaseModel

from app.train.draft import Draft, at, complete, plain
from app.train.fields import fields_of, number_text, numbers_text, read_number, read_numbers
from app.train.titles import DATA_GROUPS, GROUPS, LENGTHS, MAIN
from fcn_core.models.architectures import ARCHITECTURES
from fcn_core.models.spec import SKIPS
from fcn_core.models.trunks import TRUNKS
from fcn_core.training.settings.config import TrainConfig
from fcn_core.training.settings.groups import DataSettings
from fcn_core.training.settings.networks import NETWORKS
from fcn_core.training.settings.presets import PRESETS

NEEDS_DATA = [name for name, preset in PRESETS.items() if preset.needs_root]


def leaves(model: type[BaseModel] = TrainConfig, prefix: str = "") -> dict:
    found = {}
    for path, field in fields_of(model, prefix).items():
        if field.kind == "group" and path not in DATA_GROUPS:
            found |= leaves(field.model, path)
        else:
            found[path] = field
    return found


def test_every_setting_has_a_field_with_its_description() -> None:
    for path, field in leaves().items():
        assert field.description, f"{path} has no sentence why one would change it"
        assert field.title and field.title[0] != "_"
    assert {"optim.lr", "model.heads", "loss.head_weights", "augment.crop", "mirrors"} <= set(leaves())
    assert fields_of(DataSettings, "train.0")["train.0.count"].kind == "whole"


@pytest.mark.parametrize(
    ("path", "kind", "optional"),
    [
        ("optim.lr", "number", False),
        ("optim.clip_norm", "number", True),
        ("batch_size", "whole", False),
        ("early_stop", "whole", True),
        ("compile", "switch", False),
        ("precision", "choice", False),
        ("model.heads", "choices", False),
        ("mirrors", "choices", False),
        ("loss.head_weights", "factors", False),
        ("augment.crop", "numbers", False),
        ("augment.rare_classes", "words", False),
        ("start", "text", True),
    ],
)
def test_types_become_kinds_of_control(path: str, kind: str, optional: bool) -> None:
    field = leaves()[path]
    assert (field.kind, field.optional) == (kind, optional)


def test_groups_and_main_settings_name_fields_that_exist() -> None:
    known = leaves()
    for path in (*MAIN, *LENGTHS):
        assert path in known
    for group in GROUPS:
        for wanted in group.fields:
            assert any(path == wanted or path.startswith(f"{wanted}.") for path in known), wanted


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=300, deadline=None)
def test_a_number_keeps_its_value_through_its_text(value: float) -> None:
    again = read_number(number_text(value))
    assert again == value and math.copysign(1, again) == math.copysign(1, value)


@pytest.mark.parametrize(
    ("value", "text"), [(1e-14, "1e-14"), (1e-10, "1e-10"), (2e-3, "0.002"), (24.0, "24"), (8, "8"), (None, "")]
)
def test_numbers_are_spelled_short(value: float | None, text: str) -> None:
    assert number_text(value) == text


@pytest.mark.parametrize("text", ["abc", "", "0,5", "nan", "inf", "1e", "2 3"])
def test_what_is_no_number_gets_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match="Expected a number such as"):
        read_number(text)


def test_whole_numbers_are_whole() -> None:
    assert read_number("8", whole=True) == 8
    with pytest.raises(ValueError, match="whole number"):
        read_number("8.5", whole=True)


@pytest.mark.parametrize("text", ["256 × 320", "256x320", "256, 320", "256 320", " 256;320 "])
def test_sizes_are_read_as_people_write_them(text: str) -> None:
    assert read_numbers(text, whole=True) == [256, 320]
    assert numbers_text([256, 320], whole=True) == "256 × 320"


@pytest.mark.parametrize("name", [name for name in PRESETS if name not in NEEDS_DATA])
def test_a_preset_becomes_the_same_settings(name: str) -> None:
    draft = Draft.of_preset(name)
    assert not draft.problems
    assert draft.config == TrainConfig.from_dict(dict(PRESETS[name].settings))


@pytest.mark.parametrize("name", NEEDS_DATA)
def test_a_preset_without_its_data_only_lacks_the_folder(name: str) -> None:
    draft = Draft.of_preset(name)
    assert draft.config is None
    assert all("folder where it lies" in sentence for sentence in draft.problems.values()), draft.problems


def test_yaml_makes_the_round_trip_with_every_digit() -> None:
    draft = Draft.of_preset("streets").change("optim.lr", 1e-14).change("loss.head_weights", {8: 1.0})
    again = Draft.of_yaml(draft.to_yaml(), "a file")
    assert again.config == draft.config and again.value("optim.lr") == 1e-14
    assert again.values == draft.values


def test_a_changed_setting_has_a_way_back() -> None:
    draft = Draft.of_preset("streets")
    changed = draft.change("optim.lr", 0.5).change("train.0.count", 7)
    assert changed.is_changed("optim.lr") and changed.is_changed("train.0.count")
    assert not changed.is_changed("optim.momentum")
    assert changed.reset("optim.lr").reset("train.0.count").values == draft.values
    assert draft.value("optim.lr") != 0.5, "a draft never changes"


def test_what_does_not_fit_is_said_at_its_field() -> None:
    draft = Draft.of_preset("streets").change("batch_size", 0).change("augment.scale", [2.0, 1.0])
    assert draft.config is None
    assert "greater than or equal to 1" in draft.problems["batch_size"] and "got 0" in draft.problems["batch_size"]
    assert "smallest" in draft.problems["augment"]
    assert draft.to_yaml().startswith("name: streets"), "settings that do not fit are shown all the same"


def test_a_mistyped_number_stays_in_its_field_until_it_is_mended() -> None:
    draft = Draft.of_preset("streets").mistype("optim.lr", "fast", "Expected a number.")
    assert draft.config is None and draft.problems["optim.lr"] == "Expected a number."
    assert draft.is_changed("optim.lr")
    assert draft.change("optim.lr", 0.1).config is not None
    assert draft.reset("optim.lr").config == Draft.of_preset("streets").config


def test_a_run_has_one_length() -> None:
    draft = Draft.of_preset("streets").change("steps", 50)
    assert draft.length == "steps" and draft.config is not None
    assert draft.config.steps == 50 and draft.config.minutes is None


def test_heads_that_go_take_their_weights_along() -> None:
    draft = Draft.of_preset("streets").change("model.heads", [8])
    assert draft.value("loss.head_weights") == {8: 1.0} and draft.config is not None
    assert set(draft.change("model.heads", [32, 8]).value("loss.head_weights")) == {32, 8}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("batch_size: -3\nepochs: 1", "batch_size"),
        ("nonsense: 1\nepochs: 1", "nonsense"),
        ("[1, 2]", "mapping"),
        ("a: [", "not readable as YAML"),
    ],
)
def test_bad_yaml_gets_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        Draft.of_yaml(text, "a file")


def test_complete_fills_defaults_and_checks_nothing() -> None:
    values = complete(TrainConfig, {"batch_size": "many", "train": [{"kind": "camvid"}]})
    assert values["batch_size"] == "many" and values["train"][0]["root"] is None
    assert at(values, "model.width") == TrainConfig.model_fields["model"].default.width
    assert plain({"32": 1}) == {32: 1}


def test_the_forms_choices_are_the_registries() -> None:
    draft = Draft.of_preset("classroom")
    assert set(leaves()["model.architecture"].options) == set(ARCHITECTURES)
    assert {skip.stride for skip in SKIPS} < set(fields_of(NETWORKS["fcn"], "model")["model.heads"].options)
    for name in ("fcn", "unet", "late_fusion"):
        fields = fields_of(NETWORKS[name], "model")
        assert fields["model.backbone"].options == tuple(TRUNKS), name
    assert draft.value("model.architecture") == "fcn"


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_another_architecture_keeps_what_both_have_and_fits(name: str) -> None:
    draft = Draft.of_preset("classroom").change("model.width", 0.5).change("model.architecture", name)
    assert draft.config is not None or name == "late_fusion", draft.problems
    has_width = "width" in draft.values["model"]
    assert not has_width or draft.value("model.width") == 0.5
    assert set(draft.values["model"]) == {path.removeprefix("model.") for path in fields_of(NETWORKS[name], "model")}
    assert draft.change("model.architecture", "fcn").config is not None, "and back"
