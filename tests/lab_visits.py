"""A visit to a lab without a browser."""

from __future__ import annotations

from pathlib import Path

from app_bench import HOME, TINY
from streamlit.testing.v1 import AppTest


def open_lab(file: str, **address: str) -> AppTest:
    """A new visitor opens the lab in pages/`file` at an address; tiny weights, a sample."""
    test = AppTest.from_file(HOME, default_timeout=90)
    test.query_params["weights"] = TINY
    test.run()
    test.switch_page(str(Path("..") / "pages" / file))
    for name, value in {"weights": TINY, "sample": "streets-1", **address}.items():
        test.query_params[name] = value
    return settled(test.run())


def settled(test: AppTest) -> AppTest:
    """The visit, when its last run raised nothing."""
    assert not test.exception, [problem.value for problem in test.exception]
    return test
