"""The Train and Data pages: settings survive, mistakes get sentences, Start starts once, strangers start nothing."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import streamlit
import visits
from PIL import Image
from streamlit.testing.v1 import AppTest
from visits import control, settled, text

from app.data import kept as data_kept
from app.data import places
from app.data.found import STREETS_COUNTS
from app.parts.jobs import Jobs
from app.train import cost, cost_panel, launching
from app.train import kept as train_kept
from app.train.draft import Draft
from app.visitor import permission
from fcn_core.models.architectures import build
from fcn_core.training.places.launch import LaunchRequest, new_run
from fcn_core.training.settings.config import TrainConfig

TINY = """name: tiny
steps: 2
batch_size: 1
model: {width: 0.03, fc_channels: 8}
train: [{kind: streets, count: 2, size: [48, 64]}]
augment: {crop: [48, 64]}
workers: 0
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server that only this machine reaches; data sets in a folder of the test's own."""
    for name in (permission.READ_ONLY, permission.ALLOW, places.VARIABLE):
        monkeypatch.delenv(name, raising=False)
    listen(monkeypatch, "127.0.0.1")
    monkeypatch.setattr("fcn_core.training.places.slurm_queue.is_here", lambda: False)
    for kept in (data_kept.data_found, train_kept.slurm_is_here):
        kept.clear()
    return tmp_path


def listen(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    usual = streamlit.get_option
    answer = lambda name: address if name == "server.address" else usual(name)  # noqa: E731
    monkeypatch.setattr("app.visitor.permission.st.get_option", answer)


def open_page(file: str = "train.py", **state: object) -> AppTest:
    return visits.open_page(file, {}, state=state)


def button(test: AppTest, label: str):
    return next((b for b in test.button if b.label == label), None)


def draft(test: AppTest) -> Draft:
    return test.session_state["draft"]


def small_folder(root: Path, *, wrong: bool = False) -> Path:
    """A folder data set of three photos in three classes."""
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (root / part).mkdir(parents=True)
    for name in ("a", "b", "c"):
        Image.fromarray(rng.integers(0, 255, (24, 32, 3), np.uint8)).save(root / "images" / f"{name}.png")
        mask = rng.integers(0, 3, (24, 32), np.uint8)
        mask[0, 0] = 9 if wrong else 0
        Image.fromarray(mask).save(root / "masks" / f"{name}.png")
    (root / "classes.txt").write_text("earth\nwater\nair\n")
    (root / "train.txt").write_text("a\nb\n")
    (root / "val.txt").write_text("c\n")
    return root


def test_another_architecture_shows_its_own_fields_and_starts() -> None:
    test = open_page()
    control(test, "set-model.architecture").set_value("unet")
    test = settled(test.run())
    control(test, "set-model.backbone").set_value("resnet18")
    test = settled(test.run())
    shown = {widget.key for kind in visits.CONTROLS for widget in test.get(kind)}
    assert "set-model.heads" not in shown
    config = draft(test).config
    assert config is not None and config.model.architecture == "unet"
    assert build(config.model.spec(in_channels=3, num_classes=11)).heads == (2,)


def test_a_small_rate_keeps_its_value_from_page_to_page() -> None:
    test = open_page()
    control(test, "set-optim.lr").set_value("1e-14").run()
    test.switch_page("../pages/data.py").run()
    test.switch_page("../pages/train.py")
    settled(test.run())
    assert control(test, "set-optim.lr").value == "1e-14"
    assert draft(test).config.optim.lr == 1e-14
    control(test, "undo-optim.lr").click().run()
    assert draft(test).config.optim.lr != 1e-14 and button(test, "Start").disabled is False


@pytest.mark.parametrize(
    ("key", "value", "sentence"),
    [
        ("set-optim.lr", "fast", "Expected a number such as 0.002"),
        ("set-optim.lr", "-1", "greater than 0"),
        ("set-augment.crop", "256", "missing"),
        ("set-name", "", "a run needs a name"),
        ("set-name", "../up", "without /"),
        ("length-number", "soon", "Expected a number"),
    ],
)
def test_a_wrong_value_gets_a_sentence_and_no_start(key: str, value: str, sentence: str) -> None:
    test = open_page()
    settled(control(test, key).set_value(value).run())
    assert sentence in text(test)
    assert button(test, "Start").disabled is True
    assert control(test, key).value == value, "what was typed stays to be mended"


def test_every_group_of_settings_opens() -> None:
    from app.train.titles import GROUPS

    keys = {f"group-{group.title.lower().replace(' ', '-')}": True for group in GROUPS}
    test = open_page(**keys, **{"group-data": True, "group-yaml": True})
    for path in ("model.heads", "loss.head_weights.8", "optim.momentum", "schedule.kind", "precision", "train.0.count"):
        control(test, f"set-{path}")
    control(test, "set-model.heads").set_value([8]).run()
    control(test, "set-early_stop").set_value(3).run()
    control(test, "set-train.0.count").set_value(9).run()
    settled(test)
    config = draft(test).config
    assert config.model.heads == (8,) and set(config.loss.head_weights) == {8}
    assert config.early_stop == 3 and config.train[0].count == 9


def test_a_recipe_can_be_changed_for_another_and_back() -> None:
    test = open_page()
    control(test, "set-optim.lr").set_value("0.5").run()
    control(test, "preset").set_value("streets").run()
    assert draft(test).preset == "streets" and draft(test).config.optim.lr != 0.5
    next(b for b in test.button if b.label.startswith("Bring back")).click().run()
    assert draft(settled(test)).config.optim.lr == 0.5


def test_a_clone_opens_in_the_form_and_a_damaged_one_says_so() -> None:
    test = open_page(clone=TINY)
    assert control(test, "set-name").value == "tiny" and control(test, "set-model.width").value == "0.03"
    assert "settings of an earlier run" in text(test) and control(test, "preset").value is None
    assert "valid integer" in text(open_page(clone="batch_size: none\nepochs: 1"))


def test_pasted_settings_are_read_or_refused() -> None:
    test = open_page(**{"group-yaml": True})
    test.text_area[0].set_value("nonsense: 1")
    button(test, "Read the pasted settings").click().run()
    assert "Nothing was changed" in text(test) and "nonsense" in text(test)
    test.text_area[0].set_value(TINY)
    button(test, "Read the pasted settings").click().run()
    assert draft(settled(test)).config == TrainConfig.from_yaml(TINY)


def test_two_clicks_on_start_launch_one_run(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    started = []

    def launch(configs: Sequence[TrainConfig], request: LaunchRequest):
        started.extend(config.name for config in configs)
        return [new_run(config, request) for config in configs]

    monkeypatch.setattr(launching, "launch", launch)
    test = open_page(clone=TINY)
    button(test, "Start").click().run()
    assert started == ["tiny"] and test.session_state["settings"]["run"].startswith("tiny-")
    test.switch_page("../pages/train.py")
    button(test.run(), "Start").click().run()
    assert started == ["tiny"], "the second click is taken for the first"
    test.switch_page("../pages/train.py")
    control(test.run(), "set-batch_size").set_value(2).run()
    button(test, "Start").click().run()
    assert started == ["tiny", "tiny"], "other settings are another run"


@pytest.mark.parametrize("how", ["read-only", "network"])
def test_strangers_see_settings_and_cost_but_start_nothing(monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    if how == "read-only":
        monkeypatch.setenv(permission.READ_ONLY, "1")
    else:
        listen(monkeypatch, "0.0.0.0")
    test = open_page()
    assert permission.why_not() in text(test)
    assert button(test, "Start") is None and not any("Measure" in b.label for b in test.button)
    assert control(test, "set-optim.lr").value and "What it costs" in text(test)
    control(test, "train-kind").set_value("camvid").run()
    assert not any(widget.key == "train-root" for widget in settled(test).text_input)
    with pytest.raises(ValueError, match="read-only mode|Other machines"):
        launching.start(Draft.of_yaml(TINY, "a file"), before=None)


def test_the_owner_can_let_others_launch(monkeypatch: pytest.MonkeyPatch) -> None:
    listen(monkeypatch, "0.0.0.0")
    monkeypatch.setenv(permission.ALLOW, "1")
    assert permission.may_launch() and not permission.may_name_folders()
    monkeypatch.setenv(permission.READ_ONLY, "1")
    assert not permission.may_launch(), "read-only goes first"


@pytest.mark.parametrize(
    ("address", "answer"),
    [("127.0.0.1", True), ("127.0.0.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("", False),
     ("192.168.1.4", False), ("::", False), ("lab.example", False)],
)  # fmt: skip
def test_loopback_addresses(address: str, answer: bool) -> None:
    assert permission.is_loopback(address) is answer


def test_over_the_network_only_offered_folders_are_read(monkeypatch: pytest.MonkeyPatch, place: Path) -> None:
    offered, secret = small_folder(place / "offered"), small_folder(place / "secret")
    monkeypatch.setenv(places.VARIABLE, str(offered))
    listen(monkeypatch, "0.0.0.0")
    assert places.may_read(offered) and not places.may_read(secret)
    assert not places.may_read(offered / ".." / "secret")
    test = open_page("data.py", roots={"folder": str(secret)})
    control(test, "data-kind").set_value("folder").run()
    assert "Found" not in text(test)
    control(test, "data-offered").set_value(str(offered)).run()
    assert "2 train and 1 val" in text(settled(test))
    values = Draft.of_yaml(TINY, "a file").values
    part = {**values["train"][0], "kind": "folder", "root": str(secret)}
    assert "not among those" in places.not_offered({**values, "train": [part]})
    assert "from the list" in places.not_offered({**values, "start": "/home/me/weights.pt"})


def test_a_typed_folder_is_looked_through_at_once(place: Path) -> None:
    test = open_page()
    control(test, "train-kind").set_value("folder").run()
    control(test, "train-root").set_value(str(place / "nowhere")).run()
    assert "nowhere is not a folder" in text(test)
    control(test, "train-root").set_value(f'"{small_folder(place / "mine")}"').run()
    assert "Found 2 train and 1 val pictures, 3 classes" in text(test)
    config = draft(settled(test)).config
    assert config.train[0].kind == "folder" and config.val is not None and config.val.split == "val"


def test_unknown_rare_classes_are_found_before_the_start(place: Path) -> None:
    test = open_page()
    control(test, "preset").set_value("camvid").run()
    control(test, "train-kind").set_value("folder").run()
    control(test, "train-root").set_value(str(small_folder(place / "mine"))).run()
    assert "the data have no class pole" in text(test) and button(test, "Start").disabled


def test_the_data_page_shows_photos_and_hands_them_to_train(place: Path) -> None:
    root = small_folder(place / "mine")
    test = open_page("data.py", roots={"folder": str(root)})
    control(test, "data-kind").set_value("folder").run()
    assert "2 pictures. Click one" in text(settled(test))
    for view in ("balance", "augment", "lint"):
        settled(control(test, "control-look").set_value(view).run())
    button(test, "Check every file").click().run()
    assert "Training can use these data" in text(settled(test))
    button(test, "Use this data in Train").click().run()
    assert draft(test).config.train[0].root == root


def test_the_linter_says_how_to_mend(place: Path) -> None:
    root = small_folder(place / "mine", wrong=True)
    test = open_page("data.py", roots={"folder": str(root)})
    control(test, "data-kind").set_value("folder").run()
    control(test, "control-look").set_value("lint").run()
    button(test, "Check every file").click().run()
    words = text(settled(test))
    assert "to fix before training" in words and "9" in words and "a.png" in words


@pytest.mark.usefixtures("forgotten")
@pytest.mark.parametrize("view", ["photos", "balance", "augment", "lint"])
def test_drawn_streets_need_no_files(view: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(STREETS_COUNTS, "train", 3)
    monkeypatch.setitem(STREETS_COUNTS, "val", 2)
    monkeypatch.setitem(STREETS_COUNTS, "test", 2)
    test = visits.open_page("data.py", {"look": view})
    assert control(test, "control-look").value == view


def test_parameters_are_counted_without_memory() -> None:
    config = TrainConfig.from_yaml(TINY)
    expected = sum(p.numel() for p in build(config.model.spec(11)).parameters())
    assert cost.count_parameters(config, 11) == expected


def test_the_page_shows_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    facts = {"memory_mb": 1234.0, "free_memory_mb": 1000.0, "seconds_a_step": 0.5, "seconds_an_epoch": 7200.0}
    more = {"seconds_total": 360000.0, "steps": 7, "disk_mb": 10.0, "free_disk_mb": 5000.0, "epoch_pictures": 367}
    measured = cost.Cost(parameters=5, trained_parameters=3, device="cpu", **facts, **more)
    store = Jobs(5)
    monkeypatch.setattr(train_kept, "measurements", lambda: store)
    monkeypatch.setattr(cost_panel, "measure_cost", lambda settings: measured)
    test = open_page(clone=TINY)
    next(b for b in test.button if b.label.startswith("Measure")).click().run()
    assert next(iter(store._kept.values())).finished.wait(30)
    test.run()
    table = "".join(part.value for part in test.get("html"))
    for words in ("1.23\u00a0GB of 1\u00a0GB free", "2.0 h (367 pictures)", "4.2 days (7 steps)", "of which 3 learn"):
        assert words in table
    assert "there is not enough memory" in text(settled(test))


def test_a_measurement_that_takes_too_long_is_ended() -> None:
    assert cost._run([sys.executable, "-c", "import time; time.sleep(60)"], 0.5) == ("", "", None)


def test_a_failed_measurement_says_what_the_child_said() -> None:
    _, complaint, code = cost._run([sys.executable, "-c", "raise SystemExit('Error: the disk is gone')"], 30)
    assert cost._reason(complaint, code) == "the disk is gone"
    assert "memory" in cost._reason("", -9)
