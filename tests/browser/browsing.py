"""What tests in a real browser share: waiting for what shall happen, for a page at rest, looking on a phone."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from app_server import PATIENCE

playwright = pytest.importorskip("playwright.sync_api")
expect, PlaywrightTimeout = playwright.expect, playwright.TimeoutError
expect.set_options(timeout=PATIENCE)


def wait_until(page, condition: Callable[[], object], *, seconds: float = PATIENCE / 1000) -> None:
    """Until something is true that the page's own waiting cannot see: an address, a file, a measured box."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"it did not happen in time; the address is {page.url}"
        page.wait_for_timeout(50)


def rest(page) -> None:
    """Until no script of the page runs and all is drawn: a click on what is about to be drawn anew goes nowhere."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_attached()
    expect(page.get_by_test_id("stSkeleton")).to_have_count(0)


def still_box(page, part) -> dict[str, float]:
    """Where a part of the page lies, once the page above it has stopped growing."""
    seen: list[dict[str, float]] = []

    def still() -> bool:
        seen.append(part.bounding_box())
        return seen[-1] is not None and len(seen) > 8 and all(box == seen[-1] for box in seen[-8:])

    wait_until(page, still)
    return seen[-1]


def fits_a_phone(page) -> None:
    """Nothing sticks out sideways on a phone."""
    page.set_viewport_size({"width": 390, "height": 844})
    rest(page)
    wait_until(page, lambda: page.evaluate("document.documentElement.scrollWidth") <= 390)


def no_traceback(page) -> None:
    """The page shows no exception."""
    assert page.locator("[data-testid=stException]").count() == 0
    assert "Traceback" not in page.locator("body").inner_text()
