"""The Live and the Runs page say what the run folders hold, and do what their buttons promise."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import visits
from run_folders import eval_record, make_run, remove, write_state
from streamlit.testing.v1 import AppTest
from visits import control, settled

from app import page_list
from app.bench import kept as bench_kept
from app.runs import kept as runs_kept
from fcn_core.training.places import launch
from fcn_core.training.run_folder.runs import RunFolder


@pytest.fixture(autouse=True)
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of runs; whoever comes may start and stop some."""
    monkeypatch.delenv("FCN_LAB_READONLY", raising=False)
    return tmp_path / "runs"


def look_again() -> None:
    """What is kept for a few seconds of the folder of runs is read again at the next visit."""
    for kept in (runs_kept.runs, runs_kept.run_log, bench_kept.weight_records):
        kept.clear()


def open_page(file: str, **address: str) -> AppTest:
    """A new visitor opens a page at an address."""
    look_again()
    return visits.open_page(file, address)


def again(test: AppTest) -> AppTest:
    look_again()
    return settled(test.run())


def text(test: AppTest) -> str:
    """What the page says, the log included."""
    return "\n".join([visits.text(test), *(block.value for block in test.code)])


def html(test: AppTest) -> str:
    return "\n".join(element.proto.body for element in test.get("html"))


def button(test: AppTest, key: str):
    """The button with this key; None if there is none."""
    return next((each for each in test.button if each.key == key), None)


def figures(test: AppTest) -> list[str]:
    """Keys of the pieces that run in the browser."""
    return [element.proto.id for element in test.get("bidi_component")]


@pytest.mark.parametrize("file", ["live.py", "runs.py"])
def test_without_runs_the_way_to_one_is_shown(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "No run yet" in text(open_page(file))
    monkeypatch.setenv("FCN_LAB_READONLY", "1")
    words = text(open_page(file))
    assert "No run yet" in words and "read-only" in words


# Live.


def test_live_shows_a_finished_run(root: Path) -> None:
    make_run(root, "first", steps=30)
    test = open_page("live.py")
    words = text(test)
    assert "| 8s | 50.0" in words, "the scores of the test"
    assert "the log ends here" in words and "IoU of each class" in words
    assert "<b>1.23\u00a0k</b>" in html(test), "parameters"
    assert test.get("progress")[0].proto.value == 100
    assert button(test, "live-use") is not None and button(test, "live-stop") is None
    button(test, "live-use").click().run()
    settled(test)
    assert test.title[0].value == "Segment" and test.query_params["weights"] in ("run:first", ["run:first"])


def test_live_prefers_the_run_of_the_address_then_one_that_goes_on(root: Path) -> None:
    make_run(root, "goes-on", state="running", alive=True)
    make_run(root, "later", steps=10)
    assert control(open_page("live.py"), "control-run").value == "goes-on"
    assert control(open_page("live.py", run="later"), "control-run").value == "later"
    test = open_page("live.py", run="gone")
    assert control(test, "control-run").value == "goes-on" and "There is no run `gone`" in text(test)
    control(test, "control-run").set_value("later").run()
    assert settled(test).query_params["run"] in ("later", ["later"])


def test_a_running_run_can_be_stopped(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []
    monkeypatch.setattr(
        launch, "request_stop", lambda folder: (asked.append(("stop", folder.path.name)), folder.ask_to_stop())
    )
    monkeypatch.setattr(launch, "kill", lambda folder: asked.append(("kill", folder.path.name)))
    make_run(root, "busy", state="running", alive=True, weights=False)
    test = open_page("live.py")
    assert button(test, "live-resume") is None
    button(test, "live-stop").click().run()
    settled(test)
    assert asked == [("stop", "busy")]
    assert button(test, "live-stop").disabled and button(test, "live-stop").label == "Stopping …"
    button(test, "live-kill-now").click().run()
    assert asked[-1] == ("kill", "busy")


def test_a_crashed_run_says_what_happened_and_can_go_on(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    resumed: list[str] = []

    def resume(folder: RunFolder) -> None:
        if resumed:
            raise ValueError("The checkpoint of this run is damaged.")
        resumed.append(folder.path.name)

    monkeypatch.setattr(launch, "resume_run", resume)
    make_run(root, "gone", state="running")
    test = open_page("live.py")
    words = text(test)
    assert "What happened" in words and "killed from outside" in words and "the log ends here" in words
    button(test, "live-resume").click().run()
    assert resumed == ["gone"]
    button(settled(test), "live-resume").click().run()
    assert "The checkpoint of this run is damaged." in text(settled(test))


def test_a_queued_run_says_for_whom_it_waits(root: Path) -> None:
    folder = make_run(root, "patient", steps=0, state="queued", alive=True, weights=False)
    write_state(folder, "queued", alive=True, step=0, waiting_for="other-run")
    test = open_page("live.py")
    assert "Waits for other-run" in text(test)
    assert "appears here after the first step" in text(test)


def test_live_follows_a_run_that_ends(root: Path) -> None:
    folder = make_run(root, "ends", state="running", alive=True)
    test = open_page("live.py")
    assert button(test, "live-stop") is not None
    folder.append({**eval_record(20, "test")})
    write_state(folder, "finished", alive=True)
    again(test)
    assert button(test, "live-stop") is None and "| 8s | 40.0" in text(test)


@pytest.mark.parametrize("file", ["live.py", "runs.py"])
def test_damaged_runs_are_named_and_harm_no_other(root: Path, file: str) -> None:
    make_run(root, "good")
    for name in ("config.yaml", "status.json", "facts.json", "metrics.jsonl"):
        folder = make_run(root, f"bad-{name.split('.')[0]}")
        (folder.path / name).write_text("{ this is [ not")
    make_run(root, "bad-weights").best.write_bytes(b"nothing")
    shown = {run: text(test) for run, test in opened(file, [path.name for path in root.iterdir()])}
    named = {run for run, words in shown.items() if "Damaged files of this run" in words}
    assert named == {"bad-config", "bad-status", "bad-metrics"} and len(shown) == 6


def opened(file: str, runs: list[str]) -> Iterator[tuple[str, AppTest]]:
    """The page with each of the runs in turn."""
    test = open_page(file)
    for run in runs:
        test.query_params["run" if file == "live.py" else "runs"] = run
        yield run, settled(test.run())


# Runs.


def table(test: AppTest):
    return test.dataframe[0].value


def test_the_table_lists_all_runs(root: Path) -> None:
    make_run(root, "one", steps=20)
    make_run(root, "two", state="running", weights=False)
    folder = make_run(root, "three", weights=False)
    folder.config_file.write_text("steps: many")
    frame = table(open_page("runs.py")).set_index("run")
    assert set(frame.index) == {"one", "two", "three"}
    assert frame.loc["one", "state"] == "finished" and frame.loc["two", "state"] == "crashed"
    assert frame.loc["one", "best mIoU"] == pytest.approx(40) and frame.loc["one", "duration"] == "10 s"
    assert frame.loc["one", "data"] == "streets" and "Segment" in frame.loc["one", "use"]
    assert "config.yaml" in frame.loc["three", "remark"]


def test_chosen_runs_are_compared(root: Path) -> None:
    for number in range(3):
        make_run(root, f"run-{number}", seed=number, optim={"lr": 0.25 if number == 2 else 0.5})
    test = open_page("runs.py", runs="run-0,run-1,run-2")
    page = html(test)
    assert "Compare 3 runs" in text(test) and "optim.lr" in page and "seed" in page
    assert "<mark>0.25</mark>" in page and "<mark>0.5</mark>" not in page
    assert "batch_size" not in page, "only what differs"


def test_at_most_eight_are_compared(root: Path) -> None:
    for number in range(10):
        make_run(root, f"run-{number}", steps=1, weights=False)
    test = open_page("runs.py", runs=",".join(f"run-{number}" for number in range(10)))
    assert "Compare 8 runs" in text(test)


def test_notes_are_kept(root: Path) -> None:
    folder = make_run(root, "one")
    test = open_page("runs.py", runs="one")
    notes = test.text_area[0]
    notes.set_value("A *first* try.\nZweite Zeile: ü").run()
    settled(test)
    assert folder.notes() == "A *first* try.\nZweite Zeile: ü"
    assert open_page("runs.py", runs="one").text_area[0].value == "A *first* try.\nZweite Zeile: ü"


def test_metrics_weights_and_settings_can_be_downloaded(root: Path) -> None:
    make_run(root, "one")
    make_run(root, "bare", weights=False)
    names = [element.label for element in open_page("runs.py", runs="one").get("download_button")]
    assert [name.split(" ")[0] for name in names] == ["Metrics", "Weights", "Settings"]
    names = [element.label for element in open_page("runs.py", runs="bare").get("download_button")]
    assert [name.split(" ")[0] for name in names] == ["Metrics", "Settings"]


def test_a_clone_is_handed_to_the_train_page(root: Path) -> None:
    folder = make_run(root, "one", seed=77)
    test = open_page("runs.py", runs="one")
    button(test, "runs-one-clone").click().run()
    settled(test)
    assert test.title[0].value == page_list.find("train.py").title
    assert folder.config().seed == 77


def test_delete_asks_first(root: Path) -> None:
    make_run(root, "one")
    make_run(root, "two")
    test = open_page("runs.py", runs="one", weights="run:one")
    button(test, "runs-one-delete").click().run()
    settled(test)
    assert (root / "one").is_dir(), "nothing is deleted before the answer"
    button(test, "delete-now").click().run()
    settled(test)
    assert not (root / "one").exists() and (root / "two").is_dir()
    again(test)
    assert list(table(test)["run"]) == ["two"]


def test_a_living_run_cannot_be_deleted(root: Path) -> None:
    make_run(root, "busy", state="running", alive=True)
    assert button(open_page("runs.py", runs="busy"), "runs-busy-delete").disabled


# Read only, and weights of runs on the bench.


def test_read_only_hides_what_starts_stops_or_deletes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FCN_LAB_READONLY", "1")
    make_run(root, "busy", state="running", alive=True, weights=False)
    make_run(root, "gone", state="running")
    folder = make_run(root, "done")
    folder.write_notes("seen by all")
    runs = open_page("runs.py", runs="busy,gone,done")
    pages = (open_page("live.py", run="busy"), open_page("live.py", run="gone"), runs)
    keys = {str(each.key) for page in pages for each in page.button}
    assert not [key for key in keys if key.endswith(("stop", "kill", "kill-now", "resume", "delete", "clone"))]
    assert not runs.text_area and "read-only" in text(runs)
    assert "seen by all" in [element.value for element in runs.get("text")]
    assert button(runs, "runs-done-use") is not None, "looking and using stay"


def test_the_address_opens_the_weights_of_a_run(root: Path) -> None:
    folder = make_run(root, "mine")
    test = open_page("segment.py", weights="run:mine", sample="streets-1")
    picker = next(box for box in test.selectbox if box.key == "control-weights")
    assert picker.value == "run:mine" and "This model knows" in text(test)
    home = open_page("home.py", weights="run:mine")
    remove(folder)
    assert "There are no weights `run:mine` any more" in text(again(home))
    assert "weights" not in home.query_params
    assert "weights=run:mine" in text(open_page("segment.py", weights="run:mine")), "named as an unknown address"


def test_new_weights_of_a_run_are_read_again(root: Path) -> None:
    folder = make_run(root, "mine")
    look_again()
    record = bench_kept.weight_records()["run:mine"]
    before = bench_kept.segmenter(record)
    assert bench_kept.segmenter(record) is before and before.loaded.record.name == "run:mine"
    os.utime(folder.best, (1, 1))
    look_again()
    assert bench_kept.segmenter(bench_kept.weight_records()["run:mine"]) is not before
