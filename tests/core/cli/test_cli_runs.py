from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading

import pytest
from short_runs import tiny_config, wait_until

from fcn_core.cli.program import main
from fcn_core.training.places.launch import LaunchRequest, new_run
from fcn_core.training.places.run_state import list_runs, read_run
from fcn_core.training.places.tickets import give_back_ticket, take_ticket
from fcn_core.training.process import started
from fcn_core.training.run_folder.runs import RunFolder


@pytest.fixture
def root(tmp_path, monkeypatch):
    monkeypatch.setenv("FCN_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FCN_LAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    monkeypatch.delenv("FCN_LAB_LAUNCHED", raising=False)
    return tmp_path / "runs"


@pytest.fixture
def settings(tmp_path):
    path = tmp_path / "tiny.yaml"
    path.write_text(tiny_config(steps=4).to_yaml())
    return str(path)


def test_the_table(root, capsys):
    assert main(["runs"]) == 0 and "no runs in" in capsys.readouterr().err
    one = new_run(tiny_config(), LaunchRequest(path=root / "one", recipe="classroom"))
    one.write_status("finished", step=40, fraction=1.0, elapsed=3725.0, best_miou=0.61234)
    two = new_run(tiny_config(), LaunchRequest(path=root / "two"))
    two.write_status("queued", waiting_for="one", message="waits for one on cpu")
    new_run(tiny_config(), LaunchRequest(path=root / "broken")).config_file.write_text("{")
    assert main(["runs"]) == 0
    shown = capsys.readouterr()
    row = next(line for line in shown.out.splitlines() if line.startswith("one"))
    assert row.split() == ["one", "finished", "streets", "classroom", "40", "100", "%", "0.6123", "1:02:05"]
    assert "two waits for one on cpu" in shown.err and "broken: config.yaml cannot be used" in shown.err
    assert main(["runs", "--json"]) == 0
    data = {run["id"]: run for run in json.loads(capsys.readouterr().out)}
    assert data["one"]["best_miou"] == 0.61234 and data["two"]["waiting_for"] == "one" and len(data) == 3
    assert main(["runs", "--runs", str(root / "nowhere"), "--json"]) == 0 and json.loads(capsys.readouterr().out) == []


def test_one_run(root, capsys):
    folder = new_run(tiny_config(), LaunchRequest(path=root / "tiny-1"))
    folder.write_status("failed", step=3, message="the disk is full")
    for number in range(50):
        folder.log(f"line {number}")
    assert main(["runs", "show", "tiny"]) == 0
    shown = capsys.readouterr().out
    assert "failed" in shown and "the disk is full" in shown and "line 49" in shown
    assert main(["runs", "show", "tiny-1", "--json"]) == 0 and json.loads(capsys.readouterr().out)["step"] == 3
    assert main(["runs", "log", "tiny-1", "-n", "2"]) == 0
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()] == ["48", "49"]
    assert main(["runs", "delete", "tiny-1"]) == 2 and "--yes" in capsys.readouterr().err and folder.path.exists()
    assert main(["runs", "delete", "tiny-1", "--yes"]) == 0 and not folder.path.exists()


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["show", "nowhere"], 2, "there is no run 'nowhere'"),
        (["stop", "done"], 1, "nothing to stop: it is finished"),
        (["resume", "done"], 1, "has finished"),
        (["delete", "..", "--yes"], 2, "there is no run"),
        (["delete", "busy", "--yes"], 1, "stop it before"),
        (["--json", "show", "done"], 2, "behind the command"),
    ],
)
def test_refusals_are_sentences(root, capsys, words, code, says):
    new_run(tiny_config(), LaunchRequest(path=root / "done")).write_status("finished")
    new_run(tiny_config(), LaunchRequest(path=root / "busy")).write_status("running")
    assert main(["runs", *words]) == code
    errors = capsys.readouterr().err
    assert says in errors and "Traceback" not in errors
    assert (root / "done").exists() and (root / "busy").exists()


def test_in_the_background_and_beside_it_in_the_foreground(root, settings, capfd):
    assert main(["train", settings, "--steps", "100000", "--detach", "--json"]) == 0
    (id,) = (run["id"] for run in json.loads(capfd.readouterr().out))
    folder = RunFolder(root / id)
    wait_until(lambda: read_run(folder.path).state == "running", "it trains in the background")
    assert main(["train", "--resume", str(folder.path)]) == 1 and "at work already" in capfd.readouterr().err
    assert main(["train", settings, "--no-wait", "--run", str(root / "beside")]) == 0, "beside the one that runs"
    assert read_run(root / "beside").state == "finished" and read_run(folder.path).state == "running"
    assert main(["runs", "stop", id]) == 0
    assert f"{id} stopped after" in capfd.readouterr().out
    assert main(["runs", "resume", id]) == 0
    wait_until(lambda: read_run(folder.path).state in ("launching", "preparing", "running"), "it goes on")
    assert main(["runs", "stop", id, "--now"]) == 0 and read_run(folder.path).state == "stopped"


def test_the_foreground_takes_its_turn(root, settings, capsys):
    """Another run has the device; it ends, and the one that waited begins."""
    words = "import time; time.sleep(60)"
    holder = subprocess.Popen([sys.executable, "-c", words])
    try:
        other = new_run(tiny_config(), LaunchRequest(path=root / "other"))
        other.write_status("running", pid=holder.pid, process_started=started(holder.pid))
        take_ticket(other, ("cpu",), pid=holder.pid)
        waiting = subprocess.Popen(
            [sys.executable, "-m", "fcn_core", "train", settings, "--run", str(root / "mine")],
            stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )  # fmt: skip
        wait_until(lambda: (root / "mine").exists() and read_run(root / "mine").state == "queued", "it waits")
        assert read_run(root / "mine").waiting_for == "other"
        give_back_ticket(holder.pid)
        _, said = waiting.communicate(timeout=120)
        assert waiting.returncode == 0 and "waits for other on cpu" in said
        assert read_run(root / "mine").state == "finished"
    finally:
        holder.kill()
        holder.wait()


def test_ctrl_c_before_the_first_validation_says_that_there_are_no_weights(root, settings, capsys):
    folder = RunFolder(root / "short")

    def interrupt() -> None:
        wait_until(folder.metrics, "it trains")
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    words = ["--steps", "100000", "-s", "evaluate_every=50000", "--run", str(folder.path)]
    assert main(["train", settings, *words]) == 1
    shown = capsys.readouterr()
    assert "no weights yet" in shown.err and f"train --resume {folder.path}" in shown.err and shown.out == ""


def test_a_staged_recipe_is_three_linked_runs(root, settings, capsys, tmp_path):
    staged = ["--steps", "1", "-s", "staged=[1, 0.1, 0.1]", "-s", "model.heads=[32, 16, 8]"]
    assert main(["train", settings, *staged, "--processes", "2"]) == 2 and "--detach" in capsys.readouterr().err
    assert main(["train", settings, *staged, "--run", str(tmp_path / "staged")]) == 0
    runs = {run.name: run for run in list_runs(tmp_path / "staged")}
    assert [runs[name].state for name in ("tiny-32s", "tiny-16s", "tiny-8s")] == ["finished"] * 3
    assert runs["tiny-8s"].config.start == "run:tiny-16s" and runs["tiny-16s"].config.start == "run:tiny-32s"
    assert {run.group for run in runs.values()} == {"tiny-32s"} and runs["tiny-8s"].recipe == "tiny"
    assert "started from" in RunFolder(runs["tiny-8s"].path).log_file.read_text()


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["classroom", "--steps", "5", "--minutes", "2"], "a run has one length; leave out --steps or --minutes"),
        (["streets", "--root", "."], "drawn streets, which need no folder"),
    ],
)
def test_what_would_have_no_effect_is_refused(root, capsys, words, says):
    assert main(["train", *words, "--show"]) == 2
    shown = capsys.readouterr()
    assert says in shown.err and not shown.out
