"""The store of finished segmentations: bounded in bytes, computed once, shared."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from app.result_store import ResultStore, result_bytes
from fcn_core.labels import CAMVID
from fcn_core.result import SegmentationResult
from fcn_core.scores import FullScores


def made(side: int = 16) -> SegmentationResult:
    logits = np.zeros((11, side, side), np.float32)
    scores = FullScores(np.zeros((side, side), np.uint8), logits)
    return SegmentationResult(np.zeros((side, side, 3), np.uint8), CAMVID, {8: scores})


def test_a_result_is_computed_once() -> None:
    store, calls = ResultStore(10**9), []
    first = store.get("a", lambda: calls.append(1) or made())
    assert store.get("a", lambda: calls.append(2) or made()) is first and calls == [1]


def test_the_least_recently_used_goes_first() -> None:
    store = ResultStore(2 * result_bytes(made()))
    for key in "ab":
        store.get(key, made)
    store.peek("a")
    store.get("c", made)
    assert store.peek("a") and store.peek("c") and store.peek("b") is None


def test_one_result_larger_than_the_bound_is_kept_alone() -> None:
    store = ResultStore(10)
    store.get("a", made)
    large = store.get("b", lambda: made(64))
    assert store.peek("b") is large and store.peek("a") is None


def test_the_estimate_covers_what_the_arrays_take_when_all_is_asked_for() -> None:
    result = made(64)
    scores = result.scores[8]
    asked = [result.image, scores.label_map, scores.logits, scores.probabilities, scores.confidence, scores.entropy]
    assert result_bytes(result) >= sum(array.nbytes for array in asked)


def test_visitors_who_ask_at_once_share_one_pass() -> None:
    store, calls = ResultStore(10**9), []

    def slow() -> SegmentationResult:
        calls.append(1)
        time.sleep(0.1)
        return made()

    threads = [threading.Thread(target=store.get, args=("a", slow)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


def test_a_failure_is_told_and_not_kept() -> None:
    store = ResultStore(10**9)

    def broken() -> SegmentationResult:
        raise ValueError("too large")

    for _ in range(2):
        with pytest.raises(ValueError, match="too large"):
            store.get("a", broken)
    assert store.get("a", made)
