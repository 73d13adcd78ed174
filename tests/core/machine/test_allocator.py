"""The allocator setting takes hold where glibc is, and is harmless elsewhere."""

from __future__ import annotations

import subprocess
import sys

import pytest

from fcn_core.machine import allocator

PROGRAM = """
import resource, sys
import numpy as np
from fcn_core.machine.allocator import keep_freed_memory
if sys.argv[1] == "keep":
    assert keep_freed_memory() and keep_freed_memory()
def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(3):
    np.ones(8_000_000)
before = faults()
for _ in range(10):
    np.ones(8_000_000)
print(faults() - before)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc only")
def test_freed_memory_is_used_again_without_page_faults() -> None:
    def faults(mode: str) -> int:
        run = subprocess.run([sys.executable, "-c", PROGRAM, mode], capture_output=True, text=True, check=True)
        return int(run.stdout)

    if allocator.platform.libc_ver()[0] != "glibc":
        pytest.skip("not glibc")
    assert faults("keep") < 200


@pytest.mark.parametrize(("system", "library"), [("win32", "glibc"), ("darwin", ""), ("linux", "musl")])
def test_nothing_happens_elsewhere(system: str, library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allocator.sys, "platform", system)
    monkeypatch.setattr(allocator.platform, "libc_ver", lambda: (library, ""))
    assert allocator.keep_freed_memory() is False
