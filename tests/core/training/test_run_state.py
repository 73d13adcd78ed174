from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from fcn_core.training.places import run_state
from fcn_core.training.places.run_state import find_run, list_runs, read_run, runs_root
from fcn_core.training.process import lives, started
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.run_folder.status import LaunchRecord
from fcn_core.training.settings.config import TrainConfig

ELSEWHERE = {"host": "another-machine", "pid": 1, "process_started": 1.0}


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return RunFolder.create(tmp_path / "first", TrainConfig(name="first", steps=10))


@pytest.fixture
def sleeper():
    """A process that is not ours to judge by its name."""
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    yield process
    process.kill()
    process.wait()


def test_who_is_the_process(sleeper):
    began = started(sleeper.pid)
    assert lives(sleeper.pid, began) and not lives(sleeper.pid, began - 10), "another program got the number"
    assert not lives(None, None) and not lives("1", 1.0) and not lives(-1, 1.0) and started(2**22 + 7) is None
    sleeper.kill()
    while psutil.Process(sleeper.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)
    assert started(sleeper.pid) == began and not lives(sleeper.pid, began), "a zombie does not work any more"


def test_a_run_whose_process_is_gone_has_crashed_at_once(folder, sleeper):
    began = started(sleeper.pid)
    folder.log("the last line")
    folder.write_status("running", step=7, fraction=0.7, eta=3.5, pid=sleeper.pid, process_started=began)
    info = read_run(folder.path)
    assert (info.state, info.step, info.eta, info.living, info.log_tail) == ("running", 7, 3.5, True, "")
    sleeper.kill()
    sleeper.wait()
    info = read_run(folder.path)
    assert info.state == "crashed" and not info.living and info.resumable and info.step == 7 and info.eta is None
    assert "ended without a word" in info.message and "the last line" in info.log_tail


def test_a_number_that_another_program_got_is_not_the_run(folder, sleeper):
    folder.write_launch(LaunchRecord(where="local", pid=sleeper.pid, process_started=started(sleeper.pid) - 500))
    for state in ("launching", "queued", "preparing", "running"):
        facts = {"pid": sleeper.pid, "process_started": started(sleeper.pid) - 500}
        folder.write_status(state, **facts)
        assert read_run(folder.path).state == "crashed", state


@pytest.mark.parametrize("state", ["finished", "stopped", "failed"])
def test_the_last_word_of_a_run_counts(folder, state):
    folder.write_status(state, message="so it is", best_miou=0.5, pid=None)
    info = read_run(folder.path)
    assert (info.state, info.message, info.best_miou) == (state, "so it is", 0.5)
    assert info.resumable == (state != "finished")


def test_launching(folder, sleeper):
    folder.write_launch(LaunchRecord(where="local", pid=None))
    folder.write_status("launching", pid=None, process_started=None)
    assert read_run(folder.path).state == "launching", "its process may appear any moment"
    folder.write_status("launching", pid=None, process_started=None, updated=time.time() - 61)
    assert read_run(folder.path).state == "crashed" and "did not start" in read_run(folder.path).message
    folder.write_launch(LaunchRecord(where="local", pid=sleeper.pid, process_started=started(sleeper.pid)))
    assert read_run(folder.path).state == "launching"
    sleeper.kill()
    assert read_run(folder.path).state in ("launching", "crashed")
    sleeper.wait()
    assert read_run(folder.path).state == "crashed", "no need to wait for a minute"


def test_one_of_several_processes(folder, sleeper):
    """torchrun is started; status.json names the first of its children once that works."""
    folder.write_launch(LaunchRecord(pid=sleeper.pid, process_started=started(sleeper.pid), processes=2))
    folder.write_status("preparing", pid=None)
    assert read_run(folder.path).state == "preparing"
    folder.write_status("running", pid=2**22 + 7, process_started=1.0)
    assert read_run(folder.path).state == "crashed"


def test_asked_to_stop_and_gone(folder):
    folder.write_status("preparing", pid=2**22 + 7, process_started=1.0)
    folder.ask_to_stop()
    assert read_run(folder.path).state == "stopped" and "last checkpoint" in read_run(folder.path).message


def test_on_another_machine_the_sign_of_life_counts(folder):
    folder.write_status("running", **ELSEWHERE)
    assert read_run(folder.path).state == "running"
    os.utime(folder.status_file, (time.time() - 61,) * 2)
    assert read_run(folder.path).state == "crashed"


def test_what_a_run_is_about(tmp_path):
    data = [{"kind": "streets"}, {"kind": "streets", "seed": 3}, {"kind": "camvid", "root": str(tmp_path)}]
    folder = RunFolder.create(tmp_path / "mix", TrainConfig.from_dict({"name": "mix", "steps": 5, "train": data}))
    folder.write_launch(LaunchRecord(where="local", launched=12.5, recipe="modern", group="g", device="cuda:0"))
    folder.write_status("queued", waiting_for="other", message="waits for other on cuda:0")
    info = read_run(folder.path)
    assert (info.id, info.name, info.data, info.recipe, info.group) == ("mix", "mix", "streets + camvid", "modern", "g")
    assert (info.launched, info.device, info.waiting_for) == (12.5, "cuda:0", "other") and info.config.steps == 5
    folder.write_facts({"device": "cpu"})
    folder.write_status("running", waiting_for="other")
    assert read_run(folder.path).device == "cpu" and read_run(folder.path).waiting_for == ""


def test_nonsense_in_the_files_is_survived(folder):
    folder.status_file.write_text(
        '{"state": 7, "step": "many", "fraction": 1e99, "eta": true, "elapsed": [], "pid": {}}'
    )
    folder.launch_file.write_text("[1, 2]")
    info = read_run(folder.path)
    assert (info.state, info.step, info.fraction, info.elapsed) == ("crashed", 0, 1.0, 0.0)
    folder.status_file.unlink()
    folder.launch_file.unlink()
    assert read_run(folder.path).state == "stopped" and "never started" in read_run(folder.path).message
    folder.status_file.write_text("")
    folder.final.write_bytes(b"")
    info = read_run(folder.path)
    assert info.state == "finished" and "status.json is damaged" in info.problem
    folder.config_file.unlink()
    assert "config.yaml is missing" in read_run(folder.path).problem and read_run(folder.path).name == "first"


def test_files_of_older_runs_are_understood(folder):
    """As written before the records had fields for everything, and with a field that is not known any more."""
    folder.launch_file.write_text(
        '{"where": "local", "host": "elsewhere", "pid": 7, "process_started": 5, "command": ["a", "b"], "processes": 2,'
        ' "nodes": 1, "job_id": null, "launched": 12, "cwd": "/", "device": "cpu", "recipe": "paper", "group": "g"}'
    )
    folder.status_file.write_text(
        '{"name": "first", "step": 3, "fraction": 1, "state": "stopped", "updated": 20.5, "host": "elsewhere",'
        ' "pid": null, "process_started": null, "mood": "fine"}'
    )
    info, record = read_run(folder.path), folder.launched()
    assert (info.state, info.step, info.fraction, info.recipe, info.group) == ("stopped", 3, 1.0, "paper", "g")
    assert (info.launched, info.updated, info.device, info.job_id) == (12, 20.5, "cpu", "")
    assert (record.command, record.processes, record.slurm) == (["a", "b"], 2, {})


def test_damage_that_comes_later_is_seen(folder):
    folder.write_status("stopped")
    for step in (1, 2):
        folder.append({"kind": "step", "step": step})
    assert read_run(folder.path).problem == ""
    with folder.metrics_file.open("a") as file:
        file.write("{oh\n")
    assert read_run(folder.path).problem.endswith("line 3")
    folder.append({"kind": "step", "step": 3})
    assert read_run(folder.path).problem.endswith("line 3")
    folder.rewind(2)
    assert read_run(folder.path).problem.endswith("line 3")
    folder.rewind(1)
    assert read_run(folder.path).problem == ""
    with folder.metrics_file.open("rb+") as file:
        file.write(b"?")
    assert read_run(folder.path).problem.endswith("line 1"), "damaged in place"


def test_all_runs(tmp_path, monkeypatch):
    monkeypatch.setenv(run_state.RUNS_VARIABLE, str(tmp_path / "runs"))
    assert runs_root() == tmp_path / "runs" and list_runs() == []
    with pytest.raises(ValueError, match="there are: none"):
        find_run("a")
    for launched, name in ((3, "tiny-b"), (9, "tiny-a"), (5, "other")):
        folder = RunFolder.create(runs_root() / name, TrainConfig(steps=1))
        folder.write_launch(LaunchRecord(launched=launched))
    (runs_root() / "notes").mkdir()
    (runs_root() / ".deleted-tiny").mkdir()
    (runs_root() / ".deleted-tiny" / "config.yaml").write_text("")
    (runs_root() / "file.txt").write_text("")
    assert [run.id for run in list_runs()] == ["tiny-a", "other", "tiny-b"]
    assert find_run("tiny-a").id == "tiny-a" and find_run("oth").id == "other"
    assert find_run(str(runs_root() / "other")).id == "other"
    with pytest.raises(ValueError, match="may mean tiny-a, tiny-b"):
        find_run("tiny")
    for word in ("", "no", "..", "../runs", str(Path(tmp_path))):
        with pytest.raises(ValueError, match="there is no run"):
            find_run(word)


def test_reading_many_runs_stays_quick(folder):
    """A page reads all runs every second or two; lines once read are not read again."""
    with folder.metrics_file.open("w") as file:
        file.writelines(f'{{"kind":"step","step":{step},"loss":0.5}}\n' for step in range(1, 20_001))
    folder.write_status("stopped")
    read_run(folder.path)
    began = time.perf_counter()
    for _ in range(20):
        assert read_run(folder.path).problem == ""
    assert time.perf_counter() - began < 1.0
