"""The app as a server of its own and a real browser to visit it, for tests."""

from __future__ import annotations

import io
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from app_bench import HOME, make_home

BROWSER = next(
    (path for name in ("chromium", "chromium-browser", "google-chrome") if (path := shutil.which(name))), None
)
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
PATIENCE = 60_000  # milliseconds; the machine may be busy


def need_browser() -> None:
    """Skips the test where there is no browser, but in continuous integration (CI is set) that is a failure."""
    if BROWSER is None:
        if os.environ.get("CI"):
            pytest.fail("no Chromium on this machine, and in CI the browser tests must run: apt install chromium")
        pytest.skip("no Chromium on this machine: install it to run the browser tests")


@contextmanager
def serve(folder: Path, **environment: str) -> Iterator[str]:
    """The app, started in another folder with a tiny network in its weights folder; gives its address."""
    need_browser()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    home = {"FCN_LAB_HOME": str(make_home(folder / "home")), "FCN_LAB_RUNS": str(folder / "runs")}
    command = [sys.executable, "-m", "streamlit", "run", str(HOME), "--server.port", str(port)]
    with (folder / "log.txt").open("w+") as log:
        server = subprocess.Popen(
            command, cwd=folder, env={**os.environ, **home, "OMP_NUM_THREADS": "1", **environment},
            stdout=log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            wait_for(f"http://127.0.0.1:{port}/_stcore/health", server, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            try:
                server.wait(60)
            except subprocess.TimeoutExpired:
                server.kill()
                raise


def wait_for(health: str, server: subprocess.Popen, log: io.TextIOBase) -> None:
    """Until the app answers; the test fails with its log when it does not."""
    for _ in range(240):
        if server.poll() is not None:
            log.seek(0)
            pytest.fail(f"the app did not start:\n{log.read()}")
        try:
            urllib.request.urlopen(health, timeout=1)
            return
        except OSError:
            time.sleep(0.25)
    pytest.fail("the app did not answer within a minute")
