from __future__ import annotations

import errno
import json
import os
import tempfile
import threading
import time

import numpy as np
import pytest
import torch

from fcn_core.machine.disk import DiskFull
from fcn_core.training.loop.heartbeat import heartbeat
from fcn_core.training.run_folder.metrics_file import Portion
from fcn_core.training.run_folder.runs import RunFolder
from fcn_core.training.run_folder.status import LaunchRecord, RunStatus
from fcn_core.training.settings.config import TrainConfig


@pytest.fixture
def folder(tmp_path) -> RunFolder:
    return RunFolder.create(tmp_path / "run", TrainConfig(steps=3))


def test_create_and_open(folder):
    assert RunFolder.open(folder.path).config() == TrainConfig(steps=3)
    with pytest.raises(ValueError, match="already holds a run"):
        RunFolder.create(folder.path, TrainConfig(steps=3))
    with pytest.raises(ValueError, match="holds no run"):
        RunFolder.open(folder.path / "checkpoints")
    folder.config_file.write_text("steps: [")
    with pytest.raises(ValueError, match="config.yaml"):
        folder.config()


def test_interrupted_checkpoint_leaves_the_old_one(folder, monkeypatch):
    folder.save_state({"step": 1, "weights": torch.arange(3)})

    def breaks_off(state, file):
        file.write(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", breaks_off)
    with pytest.raises(DiskFull, match="the disk is full.*then resume"):
        folder.save_state({"step": 2})
    monkeypatch.undo()
    assert folder.load_state()["step"] == 1
    assert [p.name for p in folder.last.parent.iterdir()] == ["last.pt"]


def truncate(path):
    path.write_bytes(path.read_bytes()[:100])


def flip_a_bit(path):
    data = bytearray(path.read_bytes())
    place = data.index(np.arange(1000, dtype=np.float32).tobytes()) + 400
    data[place] ^= 1
    path.write_bytes(data)


def garbage(path):
    path.write_bytes(b"not a checkpoint")


@pytest.mark.parametrize("damage", [truncate, flip_a_bit, garbage])
def test_a_damaged_checkpoint_is_named_and_the_one_before_serves(folder, damage):
    assert folder.load_state() is None, "before the first checkpoint a run begins at its beginning"
    for step in (1, 2, 3):
        folder.save_state({"step": step, "weights": torch.arange(1000, dtype=torch.float32)})
    assert folder.load_state()["step"] == 3
    damage(folder.last)
    assert folder.load_state()["step"] == 2
    assert "last.pt is damaged" in folder.log_tail() and "going on from previous.pt" in folder.log_tail()
    damage(folder.previous)
    with pytest.raises(ValueError, match=r"last.pt is damaged.*previous.pt is damaged.*to begin again at step 0"):
        folder.load_state()


def test_killed_between_the_two_moves_of_a_checkpoint(folder):
    folder.save_state({"step": 1})
    folder.last.rename(folder.previous)
    assert folder.load_state()["step"] == 1


def test_rewinding_to_a_checkpoint_drops_what_it_does_not_know_of(folder):
    folder.append({"kind": "step", "step": 4})
    folder.save_state({"step": 4})
    saved = folder.load_state()
    folder.append({"kind": "eval", "step": 4})
    folder.rewind(4)
    assert [r["kind"] for r in folder.metrics()] == ["step", "eval"]
    folder.rewind(4, saved)
    assert [r["kind"] for r in folder.metrics()] == ["step"], "the validation will be made and written again"
    folder.metrics_file.write_text('{"kind":"step","step":4,"edited":"by hand"}\n{"kind":"step","step":5}\n')
    folder.rewind(4, saved)
    assert [r["step"] for r in folder.metrics()] == [4]


def test_metrics_survive_a_torn_line_and_rewind(folder):
    for step in range(1, 5):
        folder.append({"kind": "step", "step": step, "loss": float("nan") if step == 2 else 0.5})
    with folder.metrics_file.open("a") as file:
        file.write('{"kind": "step", "st')
    assert [r["step"] for r in folder.metrics()] == [1, 2, 3, 4] and folder.metrics()[1]["loss"] is None
    folder.rewind(3)
    lines = folder.metrics_file.read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [1, 2, 3]


def test_status_is_whole_or_empty(folder):
    assert folder.status() == RunStatus()
    folder.write_status("running", step=4, loss=float("inf"))
    status = folder.status()
    assert status.state == "running" and status.step == 4 and status.loss is None and status.pid == os.getpid()
    folder.status_file.write_text("{")
    assert folder.status() == RunStatus()


def test_how_far_a_run_had_come_stays_in_its_status(folder):
    folder.write_status("running", step=4, loss=0.5, message="at work")
    folder.write_status("queued", waiting_for="other", pid=None)
    status = folder.status()
    assert (status.state, status.step, status.loss, status.waiting_for) == ("queued", 4, 0.5, "other")
    assert status.pid is None and status.message == "" and status.host


def test_metrics_are_read_on_from_where_one_was(folder):
    assert folder.records.since(0).records == [] and folder.records.edition() == ""
    folder.append({"kind": "step", "step": 1})
    first = folder.records.since(0)
    offset = first.offset
    with folder.metrics_file.open("a") as file:
        file.write('{"kind": "step", "st')
    assert folder.records.since(offset) == Portion([], offset, 0, ()), "half a line waits for its other half"
    with folder.metrics_file.open("a") as file:
        file.write('ep": 2}\n{"kind": oh}\n[3]\n{"kind": "step", "step": 3}\n')
    edition = folder.records.edition()
    portion = folder.records.since(offset)
    assert [r["step"] for r in (*first.records, *portion.records)] == [1, 2, 3] and portion.damaged == (2, 3)
    assert portion.offset == folder.metrics_file.stat().st_size
    folder.rewind(3)
    assert folder.records.edition() == edition, "nothing was cut"
    folder.rewind(2)
    assert folder.records.edition() != edition and [r["step"] for r in folder.metrics()] == [1, 2]
    folder.rewind(0)
    assert folder.metrics() == []


def test_a_record_that_does_not_fit_leaves_no_part_of_itself(folder, monkeypatch):
    folder.append({"kind": "step", "step": 1})
    whole, write = folder.metrics_file.read_bytes(), os.write
    monkeypatch.setattr(os, "write", lambda handle, data: write(handle, data[: len(data) // 2]))
    with pytest.raises(DiskFull):
        folder.append({"kind": "step", "step": 2})
    assert folder.metrics_file.read_bytes() == whole


def test_a_full_disk_cannot_hide_that_a_run_failed(folder, monkeypatch):
    folder.write_status("running", step=4, message="a long message that takes more room than the next one" * 3)

    def full(*arguments, **options):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(tempfile, "mkstemp", full)
    folder.write_status("failed", message="the disk is full")
    assert folder.status().state == "failed" and folder.status().step == 4
    with pytest.raises(DiskFull):
        folder.write_facts({"classes": []})


def test_words(folder):
    assert folder.log_tail() == folder.notes() == ""
    for number in range(50):
        folder.log(f"line {number}")
    assert [line.split()[-1] for line in folder.log_tail(3).splitlines()] == ["47", "48", "49"]
    folder.write_notes("klein, aber fein: größer ist besser")
    assert folder.notes().endswith("größer ist besser")
    folder.write_facts({"classes": ["red"]})
    folder.write_launch(LaunchRecord(recipe="modern"))
    assert folder.facts() == {"classes": ["red"]} and folder.launched() == LaunchRecord(recipe="modern")


def test_heartbeat_shows_life_and_hears_the_wish_to_stop(folder):
    folder.write_status("running")
    os.utime(folder.status_file, (1.0, 1.0))
    stop = threading.Event()
    with heartbeat(folder, stop, every=0.02):
        time.sleep(0.1)
        assert time.time() - folder.status_file.stat().st_mtime < 60 and not stop.is_set()
        folder.ask_to_stop()
        assert stop.wait(5)
    folder.forget_stop()
    folder.forget_stop()
    assert not folder.stop_asked()
