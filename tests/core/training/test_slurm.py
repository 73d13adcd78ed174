"""Runs on a real Slurm where one answers (`.ci/slurm start` sets one up on this machine), and what needs none."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from fcn_core.cli.program import main
from fcn_core.machine.home import PROJECT_ROOT
from fcn_core.training.loop.engine import train
from fcn_core.training.places import slurm_queue
from fcn_core.training.places.launch import LaunchRequest, kill, launch, new_run, request_stop, resume_run
from fcn_core.training.places.run_state import read_run
from fcn_core.training.places.slurm import state_with_job
from fcn_core.training.places.slurm_queue import JobState
from fcn_core.training.places.slurm_settings import SlurmSettings
from fcn_core.training.places.table import PLACES
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.run_folder.status import RunStatus
from fcn_core.training.settings.config import TrainConfig

HERE = slurm_queue.is_here()
real = pytest.mark.skipif(not HERE, reason="no Slurm answers here; `.ci/slurm start` sets one up on this machine")
two_nodes = pytest.mark.skipif(
    not {"debug", "urgent"} <= set(slurm_queue.partitions()),
    reason="needs the partitions and nodes of `.ci/slurm start`",
)


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Twelve small pictures of three classes."""
    root, rng = tmp_path_factory.mktemp("data"), np.random.default_rng(0)
    palette = np.array([[200, 40, 40], [40, 200, 40], [40, 40, 200]])
    for split, count in (("train", 12), ("val", 3)):
        for kind in ("images", "masks"):
            (root / kind / split).mkdir(parents=True)
        for number in range(count):
            mask = rng.integers(0, 3, (3, 3)).repeat(16, 0).repeat(16, 1).astype(np.uint8)
            image = np.clip(palette[mask] + rng.normal(0, 12, (48, 48, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(image).save(root / f"images/{split}/{split}{number}.png")
            Image.fromarray(mask).save(root / f"masks/{split}/{split}{number}.png")
    (root / "classes.txt").write_text("red\ngreen\nblue\n")
    return root


def settings(root: Path, steps: int) -> TrainConfig:
    return TrainConfig.from_dict({
        "name": "tiny", "model": {"backbone": "vgg16_bn", "width": 1 / 16, "fc_channels": 16},
        "train": [{"kind": "folder", "root": str(root), "split": "train"}],
        "val": {"kind": "folder", "root": str(root), "split": "val"},
        "augment": {"crop": [32, 32], "scale": [0.8, 1.25]},
        "optim": {"lr": 3e-3, "ema": 0.9}, "schedule": {"kind": "fixed"},
        "batch_size": 4, "steps": steps, "evaluate_every": 1000.0, "workers": 0, "device": "cpu",
    })  # fmt: skip


def job_of(folder: RunFolder) -> str:
    return str(folder.launched().job_id)


def wait_until(what, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "took too long"
        time.sleep(0.1)


def begun(folder: RunFolder, step: int = 2) -> bool:
    assert state(folder) not in ("failed", "crashed"), folder.log_tail()
    return folder.status().step >= step or len(folder.metrics()) >= step


def ended(folder: RunFolder) -> bool:
    return not slurm_queue.job_state(job_of(folder)).alive


def state(folder: RunFolder) -> str:
    return state_with_job(folder.status(), slurm_queue.job_state(job_of(folder)))[0]


def losses(folder: RunFolder) -> list[float]:
    records = [r for r in folder.metrics() if r["kind"] == "step"]
    assert [r["step"] for r in records] == list(range(1, len(records) + 1))  # none lost, none doubled
    return [r["loss"] for r in records]


def start(path: Path, config: TrainConfig, **asked) -> RunFolder:
    wanted = SlurmSettings(cpus_per_process=1, minutes=30, **asked)
    return launch((config,), LaunchRequest(path=path, slurm=wanted))[0]


def log_files(folder: RunFolder) -> list[Path]:
    """What the processes of its job printed, by rank."""
    return sorted((folder.path / "slurm").glob(f"{job_of(folder)}_*_log.out"))


# Without a Slurm.


def test_settings_say_what_is_wrong():
    assert SlurmSettings(nodes=2, gpus_per_node=4, processes_per_node=4).processes == 8
    assert all(len(field.description) > 20 for field in SlurmSettings.model_fields.values())
    for values, said in (
        ({"nodes": 0}, "nodes: "),
        ({"node": 1}, "node: "),
        ({"gpus_per_node": 4}, r"processes_per_node \(1\) must equal gpus_per_node \(4\)"),
        ({"extra": {"--bad": "1"}}, "long option of sbatch"),
        ({"extra": {"comment": "a\n#SBATCH --uid=0"}}, "on one line"),
    ):
        with pytest.raises(ValueError, match=said):
            SlurmSettings.from_dict(values)


@pytest.mark.parametrize(
    ("said", "word", "expected"),
    [
        ("queued", "PENDING", "queued"),
        ("running", "PENDING", "queued"),  # requeued by Slurm itself after a node failed
        ("queued", "COMPLETING", "queued"),
        ("queued", "RUNNING", "launching"),
        ("preparing", "RUNNING", "preparing"),
        ("running", "RUNNING", "running"),
        ("running", "NODE_FAIL", "crashed"),
        ("running", "UNKNOWN", "crashed"),
        ("running", "CANCELLED", "crashed"),
        ("queued", "CANCELLED", "stopped"),
        ("queued", "FAILED", "crashed"),
        ("stopped", "COMPLETED", "stopped"),
        ("failed", "FAILED", "failed"),
        ("finished", "UNKNOWN", "finished"),
        ("", "UNKNOWN", "crashed"),
    ],
)
def test_state_of_a_run_from_its_own_words_and_the_job(said, word, expected):
    assert state_with_job(RunStatus(state=said), JobState("7", word))[0] == expected


def test_sentences():
    assert JobState("7", "PENDING", "Resources").sentence == "Slurm job 7 waits: no free nodes"
    assert JobState("7", "PENDING", "QOSMaxJobsPerUserLimit").sentence.endswith(
        "Slurm's reason: QOSMaxJobsPerUserLimit"
    )
    assert JobState("7", "PENDING", "None").sentence == "Slurm job 7 waits"
    assert JobState("7", "RUNNING", nodes="n[1-2]").sentence == "Slurm job 7 runs on n[1-2]"
    assert "more memory" in JobState("7", "OUT_OF_MEMORY").sentence
    with pytest.raises(ValueError, match="a Slurm job has a number"):
        slurm_queue.job_state("7; rm")


def test_without_a_slurm_submitting_says_so(data, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not slurm_queue.is_here() and slurm_queue.partitions() == () and slurm_queue.job_state("7").word == "UNKNOWN"
    with pytest.raises(ValueError, match="there is no Slurm here"):
        start(tmp_path / "run", settings(data, 1))
    assert not (tmp_path / "run").exists(), "no folder is left behind"
    request = LaunchRequest(path=tmp_path / "linked", slurm=SlurmSettings())
    with pytest.raises(ValueError, match="there is no Slurm here"):
        launch((settings(data, 1), settings(data, 1)), request)
    assert list((tmp_path / "linked").iterdir()) == []
    folder = new_run(settings(data, 1), LaunchRequest(path=tmp_path / "new", slurm=SlurmSettings()))
    with pytest.raises(ValueError, match="names no job"):
        request_stop(folder)


# With one.


@real
@two_nodes
def test_two_processes_make_the_run_of_one_and_linked_runs_wait(data, tmp_path):
    config = settings(data, 12)
    nodes = start(tmp_path / "two nodes", config, nodes=2)
    asked = SlurmSettings(cpus_per_process=1, processes_per_node=2)
    first, second = launch((config, settings(data, 2)), LaunchRequest(path=tmp_path, recipe="two", slurm=asked))
    assert slurm_queue.job_state(job_of(second)).reason == "Dependency" and read_run(second.path).state == "queued"
    assert read_run(first.path).group == read_run(second.path).group == first.id
    train(config, tmp_path / "one")
    for run in (nodes, first, second):
        wait_until(lambda run=run: ended(run))
        assert read_run(run.path).state == "finished", run.log_tail()
        assert len(log_files(run)) == 2
    for run in (nodes, first):
        assert losses(run) == pytest.approx(losses(RunFolder(tmp_path / "one")), rel=1e-4)
    assert nodes.launched().processes == 2 and nodes.launched().nodes == 2
    assert f"started from run {first.id}" in second.log_file.read_text() and len(losses(second)) == 2


@real
@two_nodes
def test_runs_that_were_preempted_stopped_or_cancelled_go_on_exactly(data, tmp_path):
    config = settings(data, 20_000)
    told = start(tmp_path / "told", config, extra={"nodelist": "a"})
    pushed = start(tmp_path / "pushed", config, extra={"nodelist": "b"})
    with pytest.raises(ValueError, match="at work already"):
        resume_run(told)
    with pytest.raises(ValueError, match="in Slurm's hands already"):
        PLACES["slurm"].submit(told, after=None)
    # One makes way for a job of higher priority; the other is told by USR2, as before the end of its minutes.
    wait_until(lambda: begun(pushed))
    urgent = ["sbatch", "-p", "urgent", "-w", "b", "-c", "2", "-o", "/dev/null", "--wrap", "sleep 1"]
    subprocess.run(urgent, check=True, cwd=tmp_path, stdout=subprocess.DEVNULL)
    wait_until(lambda: begun(told))
    subprocess.run(["scancel", "--signal=USR2", job_of(told)], check=True)
    left = {}
    for run in (told, pushed):
        wait_until(lambda run=run: slurm_queue.job_state(job_of(run)).waits)
        assert state(run) == "queued"
        left[run.id] = run.status().step
    for run in (told, pushed):
        wait_until(lambda run=run: state(run) == "running" and begun(run, left[run.id] + 5))

    # One is stopped as the pages do it; the other is cancelled by another process. Both save.
    request_stop(told)
    subprocess.run(
        [sys.executable, "-m", "fcn_core", "runs", "stop", str(pushed.path), "--now"], check=True, cwd=PROJECT_ROOT
    )
    for run in (told, pushed):
        wait_until(lambda run=run: ended(run))
        assert state(run) == "stopped" and f"resumed at step {left[run.id]}\n" in run.log_file.read_text()
        assert len(losses(run)) == run.status().step >= left[run.id] + 5
    assert slurm_queue.job_state(job_of(pushed)).word == "CANCELLED"

    step = told.status().step
    resume_run(told)  # with what it asked for the first time
    assert state(told) in ("queued", "launching") and not told.stop_asked()
    wait_until(lambda: begun(told, step + 5))
    kill(told)
    wait_until(lambda: ended(told))
    assert f"resumed at step {step}\n" in told.log_file.read_text() and len(losses(told)) == told.status().step

    train(settings(data, max(left.values()) + 5), tmp_path / "whole")
    for name, run in (("told", told), ("pushed", pushed)):
        upto = left[name] + 5
        assert losses(run)[:upto] == pytest.approx(losses(RunFolder(tmp_path / "whole"))[:upto], rel=1e-5)


@real
def test_failures_and_refusals_are_told(data, tmp_path, capsys):
    (tmp_path / "tiny.yaml").write_text(settings(data, 1).to_yaml())
    words = ["train-on-slurm", str(tmp_path / "tiny.yaml"), "--run", str(tmp_path / "refused")]
    assert main([*words, "--partition", "nowhere"]) == 1
    assert "Error: Slurm refused the job: " in capsys.readouterr().err and not (tmp_path / "refused").exists()
    nowhere = LaunchRequest(path=tmp_path / "refused", slurm=SlurmSettings(partition="nowhere"))
    refused = new_run(settings(data, 1), nowhere)
    refused.write_status("stopped", step=7)
    with pytest.raises(ValueError, match="Slurm refused the job: .*artition"):
        resume_run(refused)
    assert refused.status().state == "stopped" and refused.status().step == 7

    missing = start(tmp_path / "missing", settings(tmp_path / "gone", 1))
    waiting = start(tmp_path / "waiting", settings(data, 1), extra={"begin": "now+1hour"})
    wait_until(lambda: slurm_queue.job_state(job_of(waiting)).reason == "BeginTime")
    assert state(waiting) == "queued"
    request_stop(waiting)  # before it began: out of the queue
    wait_until(lambda: ended(waiting))
    assert state(waiting) == "stopped" and waiting.status().message == "taken out of Slurm's queue"

    wait_until(lambda: ended(missing))
    assert state(missing) == "failed" and "gone" in missing.status().message
    assert "Traceback" in missing.log_file.read_text() and "Traceback" in log_files(missing)[0].read_text()
