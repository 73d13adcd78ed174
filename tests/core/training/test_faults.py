"""What a run survives: kill -9 at any moment, a full disk, damaged files, the end of whoever launched it."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
import types
from pathlib import Path

import pytest
from short_runs import tiny_config, wait_until

from fcn_core.machine.disk import DiskFull
from fcn_core.training.loop.engine import resume
from fcn_core.training.places.launch import kill
from fcn_core.training.places.run_state import list_runs, read_run
from fcn_core.training.run_folder.runs import RunFolder

ROOT = Path(__file__).parents[3]
LINUX = sys.platform.startswith("linux")


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A runs folder and a queue of the test's own; whatever still works at the end is killed."""
    monkeypatch.setenv("FCN_LAB_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("FCN_LAB_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    yield tmp_path / "runs"
    for run in list_runs(tmp_path / "runs"):
        if run.living and RunFolder(run.path).launched().pid:
            kill(RunFolder(run.path))


def steps(folder: RunFolder) -> list[dict]:
    return [record for record in folder.metrics() if record["kind"] == "step"]


@pytest.fixture(scope="module")
def forks():
    """Starts processes that have torch imported already: each costs milliseconds instead of seconds.

    A new process runs its parent's main module first; tests of pages leave a page there, so an empty one stands in.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["fcn_core.training.loop.engine"])
    first = context.Process(target=time.sleep, args=(0,))  # it waits for the imports, so that no test has to
    first.start()
    first.join()
    yield context
    sys.modules["__main__"] = main


@pytest.mark.skipif(not LINUX, reason="needs fork and SIGKILL")
def test_killed_at_twenty_random_moments_nothing_is_lost_doubled_or_broken(tmp_path, forks):
    config = tiny_config(steps=30, save_every_minutes=0.001)
    whole = RunFolder.create(tmp_path / "whole", config)
    unbroken = forks.Process(target=resume, args=(whole.path,))
    began = time.monotonic()
    unbroken.start()
    unbroken.join()
    took = time.monotonic() - began
    assert unbroken.exitcode == 0 and len(steps(whole)) == 30

    folder, chance, reached = RunFolder.create(tmp_path / "killed", config), random.Random(0), set()
    kills = runs = 0
    while kills < 20:
        process = forks.Process(target=resume, args=(folder.path,))
        process.start()
        if kills % 4 == 0:
            time.sleep(chance.uniform(0.02, 0.4 * took))  # often before the first step
        else:  # some steps behind the checkpoint, however slow the machine is just now
            goal = (max(reached) if runs == 0 and reached else 0) + chance.randrange(1, 5)
            while process.is_alive() and len(steps(folder)) < goal:
                time.sleep(0.002)
            time.sleep(chance.uniform(0, 0.03))
        process.kill()
        process.join()
        if process.exitcode == 0:  # it was quicker than the kill: begin a new one and go on killing
            assert read_run(folder.path).state == "finished"
            same_course(folder, whole)
            runs += 1
            folder = RunFolder.create(tmp_path / f"killed-{runs}", config)
            continue
        kills += 1
        info = read_run(folder.path)
        assert info.state == ("crashed" if folder.status_file.exists() else "stopped") and not info.problem
        state = folder.load_state()
        assert (state is None) == (not folder.last.exists())
        written = [record["step"] for record in steps(folder)]
        assert written == list(range(1, len(written) + 1)), "every line is there once, up to the kill"
        if state is not None:
            assert state["step"] <= len(written)
            reached.add(state["step"])
    final = forks.Process(target=resume, args=(folder.path,))
    final.start()
    final.join()
    assert final.exitcode == 0 and len(reached) > 2, "the kills came at different places"
    same_course(folder, whole)


def same_course(folder: RunFolder, whole: RunFolder) -> None:
    """Each step once, with the losses of the run that was never stopped; and the same validations."""
    for kind, value in (("step", lambda r: r["loss"]), ("eval", lambda r: r["heads"]["8s"]["miou"])):
        one, other = ([r for r in f.metrics() if r["kind"] == kind] for f in (folder, whole))
        assert [r["step"] for r in one] == [r["step"] for r in other]
        assert [value(r) for r in one] == pytest.approx([value(r) for r in other], rel=1e-5)
    assert json.loads(folder.metrics_file.read_text().splitlines()[0])["step"] == 1


# The launcher's end.


LAUNCHER = """
    import signal, sys, threading, time
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background job ignores it, and so its children
    sys.path.insert(0, TESTS)
    from short_runs import tiny_config
    from fcn_core.training.places.launch import LaunchRequest, launch
    together = threading.Barrier(2)
    def go(name):
        together.wait()
        print(launch((tiny_config(name=name, steps=100),), LaunchRequest())[0].id, flush=True)
    threads = [threading.Thread(target=go, args=(name,)) for name in ("one", "two")]
    [t.start() for t in threads]
    [t.join() for t in threads]
    time.sleep(600)
"""


@pytest.mark.skipif(not LINUX, reason="needs POSIX signals")
def test_two_launches_at_one_instant_and_ctrl_c_on_their_launcher(place, request):
    script = textwrap.dedent(LAUNCHER).replace("TESTS", repr(str(ROOT / "tests")))
    launcher = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, process_group=0
    )
    request.addfinalizer(launcher.kill)
    assert launcher.stdout is not None
    ids = [launcher.stdout.readline().strip() for _ in range(2)]
    wait_until(
        lambda: {run.state for run in list_runs(place)} == {"queued", "running"},
        "one runs, the other waits",
        seconds=180,
    )
    os.killpg(launcher.pid, signal.SIGINT)  # as a terminal does
    assert launcher.wait(20) != 0
    by_state = {run.state: run for run in list_runs(place)}
    first, second = by_state["running"], by_state["queued"]
    assert second.waiting_for == first.id and f"waits for {first.id} on cpu" in second.message
    assert {first.id, second.id} == set(ids)

    def working() -> list[str]:
        return [run.id for run in list_runs(place) if run.state in ("preparing", "running")]

    def over() -> bool:
        assert len(working()) <= 1, "one run a device at a time"
        return all(run.state == "finished" for run in list_runs(place))

    wait_until(over, "both finish without their launcher", seconds=180)
    ended, begun = RunFolder(place / first.id), RunFolder(place / second.id)
    assert len(steps(ended)) == len(steps(begun)) == 100
    assert begun.status_file.stat().st_mtime >= ended.status_file.stat().st_mtime


# A full disk.


@pytest.fixture
def small_disk(tmp_path):
    """A disk of 80 megabytes that the test fills to the brim."""
    if not LINUX or os.geteuid() != 0:
        pytest.skip("only root may mount a small tmpfs; a full disk is also played in test_runs.py")
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=80m", "tmpfs", str(disk)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.skip(f"mounting a tmpfs is not allowed here: {done.stderr.strip()}")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def fill(disk: Path, left: int) -> Path:
    """Write a file that leaves this many bytes free."""
    ballast = disk / "ballast"
    free = os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize
    ballast.write_bytes(b"\0" * max(0, free - left))
    return ballast


@pytest.mark.parametrize("left", [0, 60 * 4096])
def test_a_full_disk_stops_the_run_with_a_sentence_and_a_whole_checkpoint(small_disk, left):
    folder = RunFolder.create(small_disk / "run", tiny_config(steps=20, save_every_minutes=0.0001))

    def fill_up(now) -> None:
        if now.step == 10 and not (small_disk / "ballast").exists():
            fill(small_disk, left)

    with pytest.raises(DiskFull, match="the disk is full"):
        resume(folder.path, progress=fill_up)
    info = read_run(folder.path)
    assert info.state == "failed" and "the disk is full" in info.message and "resume" in info.message
    assert not info.problem
    state = folder.load_state()
    assert state is not None and state["step"] >= 9, "the last good checkpoint is whole"
    assert not list(folder.path.rglob("*.tmp")), "nothing half written stays"
    (small_disk / "ballast").unlink()
    assert resume(folder.path).state == "finished"
    assert [record["step"] for record in steps(folder)] == list(range(1, 21))


# Damaged files.


def test_a_damaged_run_is_named_and_the_others_are_unharmed(tmp_path):
    for name in ("whole", "settings", "status", "metrics", "checkpoint", "torn"):
        folder = RunFolder.create(tmp_path / name, tiny_config(name=name))
        for step in (1, 2, 3):
            folder.append({"kind": "step", "step": step, "loss": 1.0})
        folder.save_state({"step": 3})
        folder.write_status("stopped", name=name, step=3)
    (tmp_path / "settings" / "config.yaml").write_text("steps: [40")
    (tmp_path / "status" / "status.json").write_bytes(b'{"state": "stop')
    lines = (tmp_path / "metrics" / "metrics.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "metrics" / "metrics.jsonl").write_bytes(lines[0] + b"\xff\x00damage\n" + lines[2])
    (tmp_path / "checkpoint" / "checkpoints" / "last.pt").write_bytes(b"PK damage")
    (tmp_path / "torn" / "metrics.jsonl").write_bytes(b"".join(lines)[:-9])

    runs = {run.id: run for run in list_runs(tmp_path)}
    assert len(runs) == 6 and runs["whole"].problem == ""
    assert "config.yaml cannot be used" in runs["settings"].problem and runs["settings"].config is None
    assert not runs["settings"].resumable
    assert "status.json is damaged" in runs["status"].problem
    assert "metrics.jsonl: damaged and left out: line 2" in runs["metrics"].problem
    assert "checkpoints/last.pt is damaged" in runs["checkpoint"].problem
    assert "its last line is torn" in runs["torn"].problem
    assert [r["step"] for r in RunFolder(tmp_path / "metrics").metrics()] == [1, 3]
    with pytest.raises(ValueError, match="last.pt is damaged"):
        resume(tmp_path / "checkpoint")
    with pytest.raises(ValueError, match="config.yaml"):
        resume(tmp_path / "settings")
