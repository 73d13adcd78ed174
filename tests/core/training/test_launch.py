from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest
from short_runs import tiny_config, wait_until

from fcn_core.training.places import local
from fcn_core.training.places.launch import (
    LaunchRequest,
    delete_run,
    kill,
    launch,
    new_run,
    request_stop,
    resume_run,
)
from fcn_core.training.places.run_state import list_runs, read_run
from fcn_core.training.places.tickets import queue_folder
from fcn_core.training.process import started
from fcn_core.training.run_folder.runs import RunFolder, read_json
from fcn_core.training.settings.config import TrainConfig

ROOT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A runs folder and a queue of the test's own; whatever still works at the end is killed."""
    monkeypatch.setenv("FCN_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FCN_LAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield tmp_path / "runs"
    for run in list_runs(tmp_path / "runs"):
        if run.living and RunFolder(run.path).launched().pid:
            kill(RunFolder(run.path))


@pytest.fixture
def sleepers(monkeypatch):
    """Runs whose process only sleeps, with a child of its own; their command lines and options."""
    seen: list[tuple[list[str], dict]] = []
    popen = subprocess.Popen

    def instead(command, **options):
        seen.append((command, options))
        words = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(60)'])"
        return popen([sys.executable, "-c", words], **options)

    monkeypatch.setattr(local.subprocess, "Popen", instead)
    return seen


def launch_one(config: TrainConfig, **request) -> RunFolder:
    (folder,) = launch((config,), LaunchRequest(**request))
    return folder


def steps(folder: RunFolder) -> list[int]:
    return [record["step"] for record in folder.metrics() if record["kind"] == "step"]


def test_a_run_is_launched_stopped_resumed_killed_and_deleted(root):
    folder = launch_one(tiny_config(steps=100_000), recipe="classroom")
    launched = folder.launched()
    assert read_run(folder.path).state in ("launching", "preparing")
    assert os.getsid(launched.pid) == launched.pid != os.getsid(0), "a session of its own"
    with pytest.raises(ValueError, match="at work"):
        delete_run(folder)
    wait_until(lambda: len(steps(folder)) > 5, "it trains")
    info = read_run(folder.path)
    assert (info.state, info.recipe, info.where, info.data) == ("running", "classroom", "local", "streets")
    with pytest.raises(ValueError, match=r"at work already \(running\)"):
        resume_run(folder)

    request_stop(folder)
    wait_until(lambda: not read_run(folder.path).living, "it stops")
    info = read_run(folder.path)
    state = folder.load_state()
    assert info.state == "stopped" and state is not None and state["step"] == info.step == steps(folder)[-1]
    with pytest.raises(ValueError, match="nothing to stop: it is stopped"):
        request_stop(folder)

    resume_run(folder)  # at once: the old process may still be ending
    wait_until(lambda: steps(folder)[-1] > info.step + 3, "it goes on")
    assert steps(folder) == list(range(1, steps(folder)[-1] + 1))
    os.kill(folder.status().pid, signal.SIGKILL)
    wait_until(lambda: read_run(folder.path).state == "crashed", "it reads crashed", seconds=15)
    wait_until(lambda: "SIGKILL" in folder.log_tail(), "the log says what ended it")
    assert "killed from outside" in read_run(folder.path).log_tail and read_run(folder.path).resumable
    delete_run(folder)
    assert list(root.iterdir()) == []


def test_several_processes_stop_gently_together(root):
    folder = launch_one(tiny_config(steps=100_000), processes=2)
    wait_until(lambda: len(steps(folder)) > 2, "both train", seconds=120)
    leader = folder.launched().pid
    workers = psutil.Process(leader).children(recursive=True)
    assert folder.status().pid != leader and folder.status().pid in {worker.pid for worker in workers}
    assert folder.facts()["processes"] == 2
    request_stop(folder)
    wait_until(lambda: not read_run(folder.path).living, "they stop")
    assert read_run(folder.path).state == "stopped"
    wait_until(lambda: not psutil.pid_exists(leader), "torchrun ends")
    assert not any(worker.is_running() and worker.status() != psutil.STATUS_ZOMBIE for worker in workers)
    assert "Traceback" not in folder.log_file.read_text() and "ChildFailed" not in folder.log_file.read_text()


def test_how_the_process_is_started(root, sleepers, monkeypatch):
    monkeypatch.setenv("RANK", "1")  # the launcher itself may be one of torchrun's
    folder = launch_one(tiny_config(), path=root / "mine", processes=2)
    (command, options), launched = sleepers[0], folder.launched()
    assert folder.path == root / "mine"
    assert command[1:] == ["-m", "fcn_core", "train", "--resume", str(root / "mine"), "--processes", "2"]
    assert options["start_new_session"] and options["stdin"] == subprocess.DEVNULL and "RANK" not in options["env"]
    assert options["env"]["PYTHONPATH"].split(os.pathsep)[0] == str(ROOT) and options["cwd"] == os.getcwd()
    assert launched.command == command and launched.process_started == started(launched.pid)
    assert (launched.where, launched.processes, launched.nodes, launched.job_id) == ("local", 2, 1, None)
    ticket = read_json(queue_folder() / f"{launched.pid}.json")
    assert ticket["run"] == str(folder.path) and ticket["devices"] == ["cpu"] and ticket["has_turn"]
    with pytest.raises(ValueError, match="already holds a run"):
        launch_one(tiny_config(), path=root / "mine")


def test_names_are_safe_and_never_the_same(root, sleepers):
    name = "../größe 1/α?"
    together, ids = threading.Barrier(4), []

    def go() -> None:
        together.wait()
        ids.append(new_run(tiny_config(name=name)).id)

    threads = [threading.Thread(target=go) for _ in range(4)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert len(set(ids)) == 4 and {path.name for path in root.iterdir()} == set(ids)
    assert all(id.isascii() and not set(id) & set("/\\ ?:") and not id.startswith(".") for id in ids)
    assert read_run(root / ids[0]).name == name and not sleepers


def test_stages_are_linked(root, sleepers):
    configs = [tiny_config(name=f"{head}s") for head in (32, 16, 8)]
    first, second, third = launch(configs, LaunchRequest(recipe="paper"))
    assert first.config().start is None
    assert second.config().start == f"run:{first.id}" and third.config().start == f"run:{second.id}"
    assert {read_run(folder.path).group for folder in (first, second, third)} == {first.id}
    assert read_run(third.path).recipe == "paper" and len(sleepers) == 3
    tickets = [read_json(queue_folder() / f"{folder.launched().pid}.json") for folder in (first, second, third)]
    assert [ticket["has_turn"] for ticket in tickets] == [True, False, False]
    assert [ticket["after"] for ticket in tickets] == ["", str(first.path), str(second.path)]
    with pytest.raises(ValueError, match="no such run"):
        launch_one(tiny_config(start="run:nowhere"))


def test_stopped_before_it_began(root, sleepers):
    folder = launch_one(tiny_config())
    request_stop(folder)
    wait_until(lambda: not read_run(folder.path).living, "it ends", seconds=10)
    assert read_run(folder.path).state == "stopped" and read_run(folder.path).resumable
    resume_run(folder)
    assert not folder.stop_asked() and read_run(folder.path).state == "launching"


def test_kill_ends_all_its_processes(root, sleepers):
    folder = launch_one(tiny_config())
    process = psutil.Process(folder.launched().pid)
    wait_until(lambda: process.children(), "it has a child")
    (child,) = process.children()
    kill(folder)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
    assert read_run(folder.path).state == "stopped"
    with pytest.raises(ValueError, match="not at work"):
        kill(folder)


def test_a_process_that_ends_at_once_reads_crashed(root, monkeypatch):
    popen = subprocess.Popen
    monkeypatch.setattr(
        local.subprocess,
        "Popen",
        lambda command, **options: popen([sys.executable, "-c", "print('no luck'); raise SystemExit(3)"], **options),
    )
    folder = launch_one(tiny_config())
    wait_until(lambda: read_run(folder.path).state == "crashed", "it reads crashed", seconds=10)
    assert "no luck" in read_run(folder.path).log_tail


def test_what_is_refused(root, sleepers, tmp_path):
    folder = new_run(tiny_config(), LaunchRequest(path=root / "done"))
    folder.write_status("finished")
    with pytest.raises(ValueError, match="has finished; there is nothing to resume"):
        resume_run(folder)
    folder.write_status("stopped")
    folder.config_file.write_text("steps: 3\nspeed: 9\n")
    with pytest.raises(ValueError, match="speed"):
        resume_run(folder)
    (tmp_path / "photos").mkdir()
    with pytest.raises(ValueError, match="holds no run; nothing was deleted"):
        delete_run(RunFolder(tmp_path / "photos"))
    (tmp_path / "link").symlink_to(folder.path)
    with pytest.raises(ValueError, match="nothing was deleted"):
        delete_run(RunFolder(tmp_path / "link"))
    folder.write_status("running", host="another-machine", pid=1)
    with pytest.raises(ValueError, match="works on another-machine"):
        kill(folder)
    request_stop(folder)
    assert folder.stop_asked(), "the wish reaches it there"
    assert not sleepers
