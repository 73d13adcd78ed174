from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

import pytest
from short_runs import wait_until

from fcn_core.training.places import devices
from fcn_core.training.places import turn as turns
from fcn_core.training.places.devices import devices_for
from fcn_core.training.places.run_state import read_run
from fcn_core.training.places.tickets import Ticket, give_back_ticket, queue_folder, take_ticket
from fcn_core.training.places.turn import turn
from fcn_core.training.process import started
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.run_folder.status import LaunchRecord
from fcn_core.training.settings.config import TrainConfig

CPU = ("cpu",)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FCN_LAB_HOME", str(tmp_path / "home"))


@pytest.fixture
def processes():
    """Three processes that live until they are killed."""
    sleepers = [subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) for _ in range(3)]
    yield sleepers
    for sleeper in sleepers:
        sleeper.kill()
        sleeper.wait()


def run(tmp_path, name, launched, **changes) -> RunFolder:
    folder = RunFolder.create(tmp_path / "runs" / name, TrainConfig(name=name, steps=1, **changes))
    folder.write_launch(LaunchRecord(launched=launched))
    folder.write_status("launching", pid=None, process_started=None)
    return folder


def names(tickets: list[Ticket]) -> list[str]:
    return [ticket.id for ticket in tickets]


def test_first_come_first_served(tmp_path, processes):
    a, b, c = (run(tmp_path, name, launched) for name, launched in (("a", 1), ("b", 2), ("c", 3)))
    pid_a, pid_b, pid_c = (process.pid for process in processes)
    assert take_ticket(a, CPU, pid=pid_a) == [] == take_ticket(a, CPU, pid=pid_a)
    assert names(take_ticket(c, CPU, pid=pid_c)) == ["a"]
    assert names(take_ticket(b, CPU, pid=pid_b)) == ["a"], "launched before c, so not behind it"
    assert names(take_ticket(c, CPU, pid=pid_c)) == ["a", "b"]
    give_back_ticket(pid_a)
    assert names(take_ticket(c, CPU, pid=pid_c)) == ["b"]
    assert take_ticket(b, CPU, pid=pid_b) == []
    processes[1].kill()
    processes[1].wait()
    assert take_ticket(c, CPU, pid=pid_c) == [], "whoever was killed does not hold up the others"
    late = run(tmp_path, "late", 0)
    assert names(take_ticket(late, CPU)) == ["c"], "a turn is not taken away again"


def test_other_devices_and_those_who_do_not_wait(tmp_path, processes):
    a, b, c = (run(tmp_path, name, launched) for name, launched in (("a", 1), ("b", 2), ("c", 3)))
    pid_a, pid_b, pid_c = (process.pid for process in processes)
    assert take_ticket(a, ("cuda:0", "cuda:1"), pid=pid_a) == []
    assert take_ticket(b, CPU, pid=pid_b) == []
    assert names(take_ticket(c, ("cuda:1", "cuda:2"), pid=pid_c)) == ["a"]
    d = run(tmp_path, "d", 4)
    assert take_ticket(d, (), pid=os.getpid()) == [], "beside all others"
    give_back_ticket()
    assert names(take_ticket(b, (), pid=os.getpid())) == ["b"], "but never two processes on one run"


def test_a_linked_run_keeps_its_place_and_holds_up_nobody(tmp_path, processes):
    a, b, c = (run(tmp_path, name, launched) for name, launched in (("a", 1), ("b", 2), ("c", 3)))
    pid_a, pid_b, pid_c = (process.pid for process in processes)
    assert take_ticket(b, CPU, pid=pid_b, after=a.path) == [], "nobody is ahead, but it may not go yet"
    assert take_ticket(c, CPU, pid=pid_c) == [], "it lets others pass"
    assert names(take_ticket(a, CPU, pid=pid_a)) == ["c"]
    give_back_ticket(pid_c)
    assert take_ticket(a, CPU, pid=pid_a) == []
    assert names(take_ticket(c, CPU, pid=pid_c)) == ["a"]
    a.write_status("finished")
    give_back_ticket(pid_a)
    assert names(take_ticket(c, CPU, pid=pid_c)) == ["b"], "launched before c"
    assert take_ticket(b, CPU, pid=pid_b) == []


def test_a_ticket_of_a_reused_number_or_a_damaged_one_counts_for_nothing(tmp_path, processes):
    a, b = run(tmp_path, "a", 1), run(tmp_path, "b", 2)
    take_ticket(a, CPU, pid=processes[0].pid)
    ticket = queue_folder() / f"{processes[0].pid}.json"
    ticket.write_text(ticket.read_text().replace(str(started(processes[0].pid)), "1000.5"))
    (queue_folder() / "17.json").write_text("{")
    (queue_folder() / "18.json").write_text('{"run": "x", "devices": ["cpu"]}')
    assert take_ticket(b, CPU) == []
    assert sorted(path.name for path in queue_folder().glob("*.json")) == [f"{os.getpid()}.json"]


RACE = """
import sys, time
from fcn_core.training.places.tickets import take_ticket
from fcn_core.training.run_folder.runs import RunFolder
folder = RunFolder(sys.argv[1])
time.sleep(max(0, float(sys.argv[2]) - time.time()))
print(len(take_ticket(folder, ("cpu",))), flush=True)
sys.stdin.read()
"""


def test_of_many_that_come_at_one_instant_one_goes(tmp_path):
    folders = [run(tmp_path, f"r{number}", 1) for number in range(5)]
    start = str(time.time() + 2.5)
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", RACE, str(folder.path), start],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=os.getcwd(),
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        for folder in folders
    ]  # fmt: skip
    ahead = sorted(int(racer.stdout.readline()) for racer in racers)
    for racer in racers:
        racer.communicate("")
    assert ahead.count(0) == 1 and all(1 <= number <= 4 for number in ahead[1:])


def in_thread(folder, seen, **options) -> threading.Thread:
    def work() -> None:
        with turn(folder, folder.id, CPU, every=0.02) as may_go:
            seen.append(may_go)

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_waiting_is_told_and_ends_with_the_turn(tmp_path, processes):
    first, second = run(tmp_path, "first", 1), run(tmp_path, "second", 2)
    take_ticket(first, CPU, pid=processes[0].pid)
    seen: list[bool] = []
    thread = in_thread(second, seen)
    wait_until(lambda: read_run(second.path).state == "queued", "it waits")
    info = read_run(second.path)
    assert info.waiting_for == "first" and info.message == "waits for first on cpu" and not seen
    assert "waits for first on cpu" in second.log_tail()
    processes[0].kill()
    thread.join(20)
    assert seen == [True] and read_run(second.path).state == "preparing"
    assert not list(queue_folder().glob("*.json")), "the ticket is given back"


@pytest.mark.parametrize("how", ["wish", "signal"])
def test_asked_to_stop_while_it_waits(tmp_path, processes, how):
    first, second = run(tmp_path, "first", 1), run(tmp_path, "second", 2)
    take_ticket(first, CPU, pid=processes[0].pid)

    def ask() -> None:
        wait_until(lambda: read_run(second.path).state == "queued", "it waits")
        second.ask_to_stop() if how == "wish" else os.kill(os.getpid(), signal.SIGTERM)

    asker = threading.Thread(target=ask)
    asker.start()
    with turn(second, second.id, CPU, every=0.05) as may_go:
        assert not may_go
    asker.join()
    info = read_run(second.path)
    assert info.state == "stopped" and info.message == "stopped while it waited" and info.resumable


def test_a_start_from_another_run_waits_until_that_has_finished(tmp_path):
    first = run(tmp_path, "first", 1)
    second = run(tmp_path, "second", 2, start="run:first")
    first.write_status("running")
    seen: list[bool] = []
    thread = in_thread(second, seen)
    wait_until(lambda: read_run(second.path).waiting_for == "first", "it waits")
    assert "to finish, from whose best weights" in read_run(second.path).message
    for state, word in (("stopped", "was stopped"), ("failed", "failed")):
        first.write_status(state)
        wait_until(lambda word=word: word in read_run(second.path).message, "it says so")
        assert "resume that one, or stop this one" in read_run(second.path).message and not seen
    first.write_status("finished")
    thread.join(20)
    assert seen == [True]
    gone = run(tmp_path, "third", 3, start="run:nowhere")
    with pytest.raises(ValueError, match="starts from nowhere, but there is no such run"):
        with turn(gone, gone.id, CPU):
            raise AssertionError("it may not begin")


def test_a_second_process_on_one_run_is_refused(tmp_path, processes, monkeypatch):
    monkeypatch.setattr(turns, "TWIN_SECONDS", 0.1)
    folder = run(tmp_path, "first", 1)
    take_ticket(folder, CPU, pid=processes[0].pid)
    folder.write_status("running", pid=processes[0].pid, process_started=started(processes[0].pid))
    with pytest.raises(ValueError, match=f"trained already, by process {processes[0].pid}"):
        with turn(folder, folder.id, CPU, every=0.05):
            raise AssertionError("it may not begin")
    assert read_run(folder.path).state == "running", "the other one goes on undisturbed"


def test_waiting_costs_little(tmp_path):
    """What waits has not imported torch, which takes seconds and hundreds of megabytes."""
    words = "import sys, fcn_core.cli.train_process; print([m for m in ('torch', 'numpy') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_devices(tmp_path, monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(devices, "_torch_uses_gpus", lambda: True)
    monkeypatch.setattr(devices, "_gpu_count", lambda: 0)
    monkeypatch.setattr(devices.platform, "system", lambda: "Linux")
    assert devices_for("auto") == devices_for("cpu", 2) == ("cpu",)
    monkeypatch.setattr(devices, "_gpu_count", lambda: 4)
    assert devices_for("auto") == ("cuda:0",) and devices_for("auto", 2) == ("cuda:0", "cuda:1")
    assert devices_for("cpu") == ("cpu",)
    for chosen, names in (("2,3", ("cuda:2", "cuda:3")), ("1", ("cuda:1",)), ("-1", ("cpu",)), ("", ("cpu",)),
                          ("3,9,1", ("cuda:3",)), ("GPU-8f6e", ("cuda:GPU-8f6e",))):  # fmt: skip
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", chosen)
        assert devices_for("auto", 2) == names, chosen
    monkeypatch.setattr(devices, "_torch_uses_gpus", lambda: False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert devices_for("auto") == ("cpu",)


def test_gpus_are_counted_without_torch(tmp_path, monkeypatch):
    (tmp_path / "gpus" / "0000:01:00.0").mkdir(parents=True)
    monkeypatch.setattr(devices, "DRIVER", tmp_path / "gpus")
    devices._gpu_count.cache_clear()
    assert devices._gpu_count() == 1
    monkeypatch.setattr(devices, "DRIVER", tmp_path / "none")
    tool = tmp_path / "bin" / "nvidia-smi"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho 'GPU 0: A (UUID: GPU-1)'\necho 'GPU 1: B (UUID: GPU-2)'\n")
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tool.parent), prepend=os.pathsep)
    devices._gpu_count.cache_clear()
    assert devices._gpu_count() == 2
    devices._gpu_count.cache_clear()
    import torch

    assert devices._torch_uses_gpus() == (torch.version.cuda is not None or torch.version.hip is not None)
