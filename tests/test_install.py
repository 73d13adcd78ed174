"""What a newcomer sees of the set-up: how far it is, and nothing else unless it fails."""

from __future__ import annotations

import importlib.util
import sys
from importlib import metadata
from pathlib import Path

import pytest

spec = importlib.util.spec_from_file_location("install", Path(__file__).parents[1] / ".ci/install.py")
assert spec is not None and spec.loader is not None
install = importlib.util.module_from_spec(spec)
sys.modules["install"] = install
spec.loader.exec_module(install)

LINES = """\
Looking in indexes: https://example.org/simple
WARNING: Location 'file:///nowhere' is ignored: it is neither a file nor a directory.
Collecting torch==2.15.0 (from -r requirements.txt (line 2))
  Downloading torch-2.15.0-cp311-cp311-manylinux_2_28_x86_64.whl.metadata (29 kB)
Processing /wheels/typing_extensions-4.16.0-py3-none-any.whl (from torch==2.15.0)
Collecting typing-extensions>=4.10 (from torch==2.15.0)
  Downloading https://example.org/torch-2.15.0-cp311-cp311-manylinux_2_28_x86_64.whl (873.2 MB)
Installing collected packages: typing-extensions, torch
"""


def pip_that_says(text: str, code: int = 0) -> list[str]:
    return [sys.executable, "-c", f"import sys; print({text!r}, end=''); sys.exit({code})"]


def test_the_line_follows_what_pip_says() -> None:
    standing, lines = install.Standing(), LINES.splitlines()
    for line in lines[:-1]:
        standing.hear(line)
    assert standing.found == {"torch", "typing-extensions"}
    said = standing.line(0, 75)
    assert said.startswith("Fetching") and "2 packages  1:15  torch (873.2 MB)" in said
    standing.hear(lines[-1])
    assert "[" + "#" * 14 + "." * 14 + "] 1 of 2 packages" in standing.line(1, 80)


def test_a_log_gets_one_line_a_step(capfd: pytest.CaptureFixture[str]) -> None:
    assert install.run(pip_that_says(LINES)) == 0
    out, err = capfd.readouterr()
    assert out.splitlines()[:2] == ["Fetching packages", "Installing 2 packages"] and len(out.splitlines()) == 3
    assert "WARNING" not in out and err == ""


def test_what_pip_said_is_shown_when_it_fails(capfd: pytest.CaptureFixture[str]) -> None:
    assert install.run(pip_that_says("ERROR: No matching distribution found for torch==0\n", 1)) == 1
    assert "No matching distribution found for torch==0" in capfd.readouterr().err


def test_the_scale_of_the_bar_is_about_right() -> None:
    assert 0.7 < len(list(metadata.distributions())) / install.ABOUT < 1.4
