from __future__ import annotations

import os
import signal
import threading

import pytest

from fcn_core.training.process import hear_signals, leads_the_others, spread_threads, stop_signals


def test_stop_signals_are_heard_and_given_back():
    before = signal.getsignal(signal.SIGTERM)
    with stop_signals() as stop:
        assert not stop.is_set()
        os.kill(os.getpid(), signal.SIGTERM)
        assert stop.wait(5)
    assert signal.getsignal(signal.SIGTERM) is before


def test_a_signal_that_the_parent_ignored_is_heard_again():
    before = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        hear_signals()
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_no_signals_outside_the_main_thread():
    seen = []

    def work():
        with stop_signals() as stop:
            seen.append(stop.is_set())

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [False]


@pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2, reason="needs Linux and two processors"
)
def test_threads_are_parted():
    all_processors = os.sched_getaffinity(0)
    ready, end, other = threading.Event(), threading.Event(), []

    def work():
        other.append(threading.get_native_id())
        ready.set()
        end.wait(10)

    thread = threading.Thread(target=work)
    thread.start()
    ready.wait(5)
    try:
        assert spread_threads()
        mine, theirs = os.sched_getaffinity(0), os.sched_getaffinity(other[0])
        assert len(mine) == 1 and theirs == all_processors - mine
    finally:
        for task in os.listdir("/proc/self/task"):
            os.sched_setaffinity(int(task), all_processors)
        end.set()
        thread.join()


def test_only_the_first_process_leads(monkeypatch):
    assert leads_the_others()
    monkeypatch.setenv("RANK", "1")
    assert not leads_the_others()
