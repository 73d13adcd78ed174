"""How soon a page answers a moving slider, in a real browser: `python -m benchmarks.labs [--address URL] [--write]`.

Every slider of every lab (and two of Segment, to compare with) is moved by the keyboard, one step at a time. Of each
step three moments are taken, all from the key press: when the app begins to run, when the first new picture,
chart or number is on the screen, and when the last one is. The target is for the last.
Needs Chromium and playwright, as the browser tests do.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __package__ in (None, ""):  # run as a file: python benchmarks/labs.py
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from app.page_list import PAGES
from app.visitor.settings import SETTINGS
from benchmarks.measure import machine, table
from benchmarks.results_file import RESULTS, write_part

ROOT = Path(__file__).resolve().parent.parent
PROBE = Path(__file__).with_name("labs_probe.js")
TARGET = 150.0  # milliseconds
STEPS = 10
QUIET = 400  # milliseconds without a change after which a step counts as finished
PATIENCE = 60_000
SECTION = "Understand"
BENCH = "sample=streets-1&weights=streets&x=210&y=300"
SEGMENT = (("segment", "view=heads"), ("segment", "view=certainty"))
FLAGS = (
    "--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync"
).split()
IDLE = "[data-testid=stApp][data-test-script-state=notRunning]"
SLIDERS = "[data-testid=stMain] [role=slider], [data-testid=stMain] input[type=range]"


@dataclass(frozen=True)
class Step:
    """Milliseconds from the key press: until the app ran, and until the first and the last change were drawn."""

    began: float | None
    first: float | None
    last: float | None


@dataclass(frozen=True)
class Measured:
    """The steps of one slider of one page."""

    page: str
    slider: str
    steps: tuple[Step, ...]

    def row(self) -> list[str]:
        drawn = [step.last for step in self.steps if step.last is not None]
        if not drawn:
            return [self.page, self.slider, "–", "–", "–", "–", f"0/{len(self.steps)}", "redraws nothing"]
        median = statistics.median(drawn)
        began = [step.began for step in self.steps if step.began is not None]
        first = [step.first for step in self.steps if step.first is not None]
        return [
            self.page,
            self.slider,
            f"{statistics.median(began):.0f}" if began else "in the browser",
            f"{statistics.median(first):.0f}",
            f"{median:.0f}",
            f"{min(drawn):.0f}–{max(drawn):.0f}",
            f"{len(drawn)}/{len(self.steps)}",
            "met" if median < TARGET else "MISSED",
        ]


HEADER = ("page", "slider", "app runs", "first change", "last change", "range", "redrawn", f"< {TARGET:.0f} ms")


def views_of(address: str) -> list[tuple[str, str]]:
    """A lab at each of its views: (address, further query). A lab's settings begin with its first letter."""
    name = f"{address[0]}_view"
    views = (SETTINGS[name].options or ()) if name in SETTINGS else ()
    return [(address, f"{name}={view}") for view in views] or [(address, "")]


def browser_path() -> str:
    """Chromium on this machine; SystemExit says what to install."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    raise SystemExit("no Chromium on this machine: install it first (Debian: apt install chromium)")


@contextlib.contextmanager
def serve() -> Iterator[str]:
    """The app with the bundled weights, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app" / "Home.py"), "--server.port", str(port),
                   "--server.fileWatcherType", "none"]  # fmt: skip
        environment = {**os.environ, "FCN_LAB_HOME": folder, "FCN_LAB_RUNS": f"{folder}/runs"}
        server = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for _ in range(240):
                if server.poll() is not None:
                    raise SystemExit("the app did not start; try: streamlit run app/Home.py")
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=1)
                    break
                time.sleep(0.25)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(10)


def measure_page(page: Any, address: str, name: str, query: str, *, steps: int = STEPS) -> list[Measured]:
    """Move every visible slider of one page. page: a playwright page."""
    page.goto(f"{address}/{name}?{BENCH}{'&' if query else ''}{query}")
    page.wait_for_selector("h1")
    page.wait_for_selector(IDLE)
    page.wait_for_timeout(2 * QUIET)
    page.evaluate(PROBE.read_text(encoding="utf-8"))
    shown = f"{name} {query}".strip()
    sliders = page.locator(SLIDERS)
    found = []
    for index in range(sliders.count()):
        slider = sliders.nth(index)
        if not slider.is_visible():
            continue
        label = slider_name(slider)
        measured = [move(page, slider, step) for step in range(-1, steps)]
        found.append(Measured(shown, label, tuple(measured[1:])))  # the first one warms the page up
    return found


def slider_name(slider: Any) -> str:
    """What a slider is called on the page."""
    return slider.evaluate(
        "node => node.getAttribute('aria-label') || node.closest('[data-testid=stSlider]')?.innerText.split('\\n')[0]"
        " || node.getRootNode().host?.innerText?.split('\\n')[0] || 'slider'"
    )


def move(page: Any, slider: Any, step: int) -> Step:
    """One key press, and what it led to. Four steps go up, then four down, so that no end is reached."""
    slider.focus()
    page.evaluate("() => window.fcnProbe.start()")
    page.keyboard.press("ArrowRight" if step % 8 < 4 else "ArrowLeft")
    page.wait_for_function(f"() => window.fcnProbe.quiet({QUIET})", timeout=PATIENCE)
    page.wait_for_selector(IDLE)
    return Step(**page.evaluate("() => window.fcnProbe.answer()"))


def measure_all(address: str, pages: Sequence[tuple[str, str]], *, steps: int = STEPS) -> list[Measured]:
    """Every slider of some pages, (name, further query) each, in one browser."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser_path(), args=FLAGS)
        page = chromium.new_page(viewport={"width": 1440, "height": 900})
        page.set_default_timeout(PATIENCE)
        measured = [row for name, query in pages for row in measure_page(page, address, name, query, steps=steps)]
        chromium.close()
    return measured


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--address", help="an app that already runs; otherwise one is started")
    parser.add_argument("--pages", nargs="*", help="pages, each PAGE or PAGE?QUERY; all labs if none")
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--write", action="store_true", help="put the table into benchmarks/RESULTS.md")
    wish = parser.parse_args(arguments)
    labs = [view for page in PAGES if page.section == SECTION for view in views_of(page.address)]
    pages = [(p.partition("?")[0], p.partition("?")[2]) for p in wish.pages or ()] or [*labs, *SEGMENT]
    with contextlib.nullcontext(wish.address.rstrip("/")) if wish.address else serve() as address:
        measured = measure_all(address, pages, steps=wish.steps)
    text = (
        f"# How soon a slider answers\n\n{machine(busy=False)}. Milliseconds from the key press in Chromium without a "
        f"GPU, browser and app on this machine; medians of {wish.steps} steps, range of the last change.\n\n"
        f"{table(HEADER, [each.row() for each in measured])}\n\nMade by `python -m benchmarks.labs --write`."
    )
    print(text)
    if wish.write:
        write_part("labs", text, RESULTS)


if __name__ == "__main__":
    main()
