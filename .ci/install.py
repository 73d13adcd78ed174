"""pip install, told in one line: what is being fetched, how many packages are in, how long it has taken.

    python .ci/install.py -r requirements.txt

Where the output is no terminal, each step is a line. What pip says is kept, and shown when it fails. Uses nothing but
the standard library: it runs before anything is installed.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

ABOUT = 150
"""Packages in all, more or less: the scale of the bar until pip has found them all."""
BAR = 28
PIP = (sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", "--no-color")
FOUND = re.compile(r"Collecting ([\w.-]+)|Processing \S*?([^\s/\\]+?)-\d")
FETCHED = re.compile(r"\s+Downloading \S*?([^\s/\\]+?)-\d\S* (\(.+\))")
TO_INSTALL = "Installing collected packages: "


@dataclass
class Standing:
    """How far pip is, from its lines. found: names so far; fetching: what comes in; total: to install, once known."""

    found: set[str] = field(default_factory=set)
    fetching: str = ""
    total: int = 0

    def hear(self, line: str) -> None:
        """Take in one line of pip's."""
        if match := FOUND.match(line):
            self.found.add((match[1] or match[2]).lower().replace("_", "-"))
        elif match := FETCHED.match(line):
            self.fetching = f"{match[1]} {match[2]}"
        elif line.startswith(TO_INSTALL):
            self.total = line.count(",") + 1

    def line(self, installed: int, seconds: float) -> str:
        """The line to show. installed: packages that are in already."""
        clock = f"{int(seconds) // 60}:{int(seconds) % 60:02}"
        if self.total:
            return f"Installing [{bar(installed, self.total)}] {installed} of {self.total} packages  {clock}"
        return f"Fetching   [{bar(len(self.found), ABOUT)}] {len(self.found)} packages  {clock}  {self.fetching}"


def bar(done: int, total: int) -> str:
    full = min(BAR, BAR * done // total)
    return "#" * full + "." * (BAR - full)


def installed() -> int:
    """Packages in this environment."""
    return sum(1 for _ in Path(sysconfig.get_path("purelib")).glob("*.dist-info"))


def run(command: Sequence[str]) -> int:
    """Run pip and show how far it is; returns its exit code."""
    standing, said, start, before = Standing(), [], time.monotonic(), installed()
    drawn, ended = sys.stdout.isatty(), threading.Event()

    def draw() -> None:
        while drawn and not ended.wait(0.2):
            width = shutil.get_terminal_size().columns - 1
            text = standing.line(installed() - before, time.monotonic() - start)
            print(f"\r{text[:width]:<{width}}", end="", flush=True)

    painter = threading.Thread(target=draw, daemon=True)
    painter.start()
    if not drawn:
        print("Fetching packages", flush=True)
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as pip:
        assert pip.stdout is not None
        for line in pip.stdout:
            said.append(line)
            standing.hear(line)
            if not drawn and line.startswith(TO_INSTALL):
                print(f"Installing {standing.total} packages", flush=True)
    ended.set()
    painter.join()
    seconds = time.monotonic() - start
    if pip.returncode:
        print("\n" * drawn + "".join(said) + "The set-up failed; pip's own words are above.", file=sys.stderr)
    else:
        closing = f"{standing.total} packages in {int(seconds) // 60} min {int(seconds) % 60} s"
        print(f"\r{closing:<{shutil.get_terminal_size().columns - 1}}" if drawn else closing, flush=True)
    return pip.returncode


if __name__ == "__main__":
    try:
        sys.exit(run((*PIP, *sys.argv[1:])))
    except KeyboardInterrupt:
        sys.exit("\nstopped; the same command starts anew")
