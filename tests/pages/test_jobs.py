"""Jobs beside the pages: computed once, shared, bounded, one at a time where wanted, to be stopped."""

from __future__ import annotations

import threading

import numpy as np
import pytest

from app.bench.result_bytes import array_bytes, result_bytes
from app.parts.jobs import Job, Jobs
from fcn_core.labels import CAMVID
from fcn_core.segmenting.result import SegmentationResult
from fcn_core.segmenting.scores import FullScores


def made(side: int = 16) -> SegmentationResult:
    logits = np.zeros((11, side, side), np.float32)
    scores = FullScores(np.zeros((side, side), np.uint8), logits)
    return SegmentationResult(np.zeros((side, side, 3), np.uint8), CAMVID, {8: scores})


def test_an_answer_is_computed_once() -> None:
    jobs, calls = Jobs(10), []
    assert jobs.answered("a") is None
    first = jobs.ask("a", lambda job: calls.append(1) or made()).answer()
    again = jobs.ask("a", lambda job: calls.append(2) or made())
    assert not again.running and again.answer() is first is jobs.answered("a") and calls == [1]


def test_the_least_recently_used_goes_first() -> None:
    jobs = Jobs(2 * result_bytes(made()), size=result_bytes)
    for key in "abac":
        jobs.ask(key, lambda job: made()).answer()
    assert jobs.answered("a") and jobs.answered("c") and jobs.of("b") is None


def test_one_answer_larger_than_the_bound_is_kept_alone() -> None:
    jobs = Jobs(10, size=result_bytes)
    jobs.ask("a", lambda job: made()).answer()
    jobs.ask("b", lambda job: made(64)).answer()
    assert jobs.answered("b") and jobs.of("a") is None


def test_what_goes_on_is_never_forgotten() -> None:
    jobs, go = Jobs(1), threading.Event()
    slow = jobs.ask("slow", lambda job: go.wait(10))
    for key in "abc":
        jobs.ask(key, lambda job: 1).answer()
    assert jobs.of("slow") is slow
    go.set()
    assert slow.answer() and jobs.of("c") is None


def test_the_estimates_cover_what_the_arrays_take_when_all_is_asked_for() -> None:
    result = made(64)
    scores = result.scores[8]
    asked = [result.image, scores.label_map, scores.logits, scores.probabilities, scores.confidence, scores.entropy]
    assert result_bytes(result) >= sum(array.nbytes for array in asked)
    assert array_bytes(scores) >= scores.logits.nbytes


def test_visitors_who_ask_at_once_share_one_computation_and_its_progress() -> None:
    jobs, calls, go, begun = Jobs(10), [], threading.Event(), threading.Event()

    def slow(job: Job) -> SegmentationResult:
        calls.append(1)
        job.progress(3, 8)
        begun.set()
        go.wait(10)
        return made()

    asked = [jobs.ask("a", slow) for _ in range(8)]
    assert begun.wait(10) and asked[0].running and jobs.answered("a") is None
    assert (asked[7].done, asked[7].total) == (3, 8)
    go.set()
    assert len({id(job.answer()) for job in asked}) == 1 and len(calls) == 1


def broken(job: Job) -> None:
    raise ValueError("too large")


def test_a_failure_is_told_to_those_who_wait_and_not_kept() -> None:
    jobs = Jobs(10)
    for _ in range(2):
        with pytest.raises(ValueError, match="too large"):
            jobs.ask("a", broken).answer()
    assert jobs.ask("a", lambda job: made()).answer()


def test_a_failure_beside_the_page_stays_until_it_is_begun_again() -> None:
    jobs = Jobs(1, size=result_bytes)
    failed = jobs.start("a", broken)
    assert failed.finished.wait(10) and failed.problem == "too large" and jobs.of("a") is failed
    assert jobs.start("a", lambda job: made()).answer() and not jobs.of("a").problem  # type: ignore[union-attr]


def test_memory_errors_have_words() -> None:
    def greedy(job: Job) -> None:
        raise MemoryError

    failed = Jobs(1).start("a", greedy)
    assert failed.finished.wait(10) and "memory" in failed.problem


def test_what_is_stopped_keeps_what_was_counted() -> None:
    jobs, begun = Jobs(10), threading.Event()

    def count(job: Job) -> int:
        for done in range(1000):
            job.progress(done, 1000)
            begun.set()
            if job.stopping.wait(0.01):
                return done
        return 1000

    job = jobs.start("a", count, title="a set")
    assert begun.wait(10) and jobs.start("a", count) is job, "one that goes on is not begun twice"
    job.cancel()
    assert job.answer() < 1000 and jobs.answered("a") == job.answer() and job.title == "a set"
    again = jobs.start("a", lambda job: 7)
    assert again is not job and again.answer() == 7


def test_one_at_a_time() -> None:
    jobs, go, running, most = Jobs(10, one_at_a_time=True), threading.Event(), [], []

    def measure(job: Job) -> bool:
        running.append(job)
        most.append(len(running))
        go.wait(10)
        running.remove(job)
        return True

    both = [jobs.start(key, measure) for key in "ab"]
    assert all(job.running for job in both)
    go.set()
    assert all(job.answer() for job in both) and max(most) == 1
