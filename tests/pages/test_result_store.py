"""The store of finished segmentations: bounded in bytes, computed once, shared."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from app.bench.result_store import ResultStore, result_bytes
from fcn_core.labels import CAMVID
from fcn_core.progress import Progress
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import FullScores


def made(side: int = 16) -> SegmentationResult:
    logits = np.zeros((11, side, side), np.float32)
    scores = FullScores(np.zeros((side, side), np.uint8), logits)
    return SegmentationResult(np.zeros((side, side, 3), np.uint8), CAMVID, {8: scores})


def test_a_result_is_computed_once() -> None:
    store, calls = ResultStore(10**9), []
    first = store.job("a", lambda progress: calls.append(1) or made()).answer()
    again = store.job("a", lambda progress: calls.append(2) or made())
    assert again.finished.is_set() and again.answer() is first and calls == [1]


def test_the_least_recently_used_goes_first() -> None:
    store = ResultStore(2 * result_bytes(made()))
    for key in "abac":
        store.job(key, lambda progress: made()).answer()
    assert "a" in store and "c" in store and "b" not in store


def test_one_result_larger_than_the_bound_is_kept_alone() -> None:
    store = ResultStore(10)
    store.job("a", lambda progress: made()).answer()
    store.job("b", lambda progress: made(64)).answer()
    assert "b" in store and "a" not in store


def test_the_estimate_covers_what_the_arrays_take_when_all_is_asked_for() -> None:
    result = made(64)
    scores = result.scores[8]
    asked = [result.image, scores.label_map, scores.logits, scores.probabilities, scores.confidence, scores.entropy]
    assert result_bytes(result) >= sum(array.nbytes for array in asked)


def test_visitors_who_ask_at_once_share_one_pass_and_its_progress() -> None:
    store, calls, go = ResultStore(10**9), [], threading.Event()

    def slow(progress: Progress) -> SegmentationResult:
        calls.append(1)
        progress(3, 8)
        go.wait(10)
        return made()

    jobs = [store.job("a", slow) for _ in range(8)]
    assert not jobs[0].finished.wait(0.05)
    assert (jobs[7].done, jobs[7].total) == (3, 8)
    go.set()
    assert len({id(job.answer()) for job in jobs}) == 1 and len(calls) == 1


def test_a_failure_is_told_and_not_kept() -> None:
    store = ResultStore(10**9)

    def broken(progress: Progress) -> SegmentationResult:
        raise ValueError("too large")

    for _ in range(2):
        with pytest.raises(ValueError, match="too large"):
            store.job("a", broken).answer()
    assert store.job("a", lambda progress: made()).answer()
