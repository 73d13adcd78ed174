from __future__ import annotations

import pytest

from fcn_core.training.settings.config import Settings, TrainConfig
from fcn_core.training.settings.presets import PRESETS, preset_config


def fields(model: type[Settings], path: str = ""):
    for name, field in model.model_fields.items():
        yield f"{path}{name}", field
        if isinstance(field.annotation, type) and issubclass(field.annotation, Settings):
            yield from fields(field.annotation, f"{path}{name}.")


def test_every_setting_says_what_it_does():
    seen = dict(fields(TrainConfig))
    assert "optim.lr" in seen and len(seen) > 50
    assert [name for name, field in seen.items() if not (field.description or "").endswith(".")] == []


@pytest.mark.parametrize("name", PRESETS)
def test_presets_survive_yaml(name):
    config = preset_config(name, root="/photos/CamVid")
    assert TrainConfig.from_yaml(config.to_yaml()) == config
    assert len(config.model.spec(11).heads) == 3


def test_preset_with_changes():
    config = preset_config("camvid", root="/x", minutes=30, optim={"lr": 1e-3}, train=[{"kind": "streets"}])
    assert (config.minutes, config.epochs, config.optim.lr) == (30, None, 1e-3)
    assert config.optim.ema == preset_config("camvid", root="/x").optim.ema
    assert config.train[0].kind == "streets" and str(config.val.root) == "/x"
    with pytest.raises(ValueError, match="give its folder"):
        preset_config("camvid")
    with pytest.raises(ValueError, match="there are classroom, staged, .*, camvid"):
        preset_config("cityscapes")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("steps: 3\nlearning_rate: 1", "learning_rate: There is no setting"),
        ("steps: 3\nepochs: 2", "exactly one of epochs, steps and minutes"),
        ("name: x", "exactly one of epochs"),
        ("steps: 3\noptim: {lr: -1}", "optim.lr"),
        ("steps: 3\ntrain: [{kind: camvid}]", "A camvid data set needs root"),
        ("steps: 3\nmodel: {heads: [32]}\nloss: {head_weights: {8: 1}}", "names heads"),
        ("steps: 3\naugment: {scale: [2, 1]}", "smallest, largest"),
        ("steps: 3\naugment: {rare_crops: 0.5}", "rare_crops needs rare_classes"),
        ("- a list", "must be a YAML mapping"),
        ("steps: [", "not readable as YAML"),
    ],
)
def test_wrong_settings_are_named(text, said):
    with pytest.raises(ValueError, match=said):
        TrainConfig.from_yaml(text)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"optim": {"lrr": 1}}, "optim.lrr: There is no setting 'lrr' here; 'lr' may be meant."),
        ({"train": [{"sizes": [4, 4]}]}, "train.0.sizes: There is no setting 'sizes' here; 'size' may be meant."),
        ({"val": {"xyz": 1}}, "val.xyz: There is no setting 'xyz' here; there are kind, root, "),
        (
            {"optim": {"lr": "fast"}},
            "optim.lr: It should be a valid number, ",
        ),
        ({"optim": {"lr": float("inf")}}, "optim.lr: It should be a finite number, got inf"),
        ({"epochs": float("inf")}, "epochs: It should be a finite number, got inf"),
        ({"loss": {"head_weights": {8: -1}}}, "loss.head_weights.8: It should be greater than or equal to 0, got -1"),
        ({"model": {"heads": [8, 7]}}, "model: heads must be some of 32, 16, 8 and 4, each once"),
        ({"early_stop": 3}, "early_stop counts validations"),
    ],
)
def test_what_is_wrong_is_said_once_in_a_sentence(change, said):
    with pytest.raises(ValueError) as refused:
        TrainConfig.from_dict({"epochs": 1.0, **change})
    first, *lines = str(refused.value).splitlines()
    assert len(lines) == 1 and lines[0].strip().startswith(said)
