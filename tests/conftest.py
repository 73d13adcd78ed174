"""What browser tests share: the app as a server for each test file, one Chromium for it, a page for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from app_server import BROWSER, FLAGS, PATIENCE, serve


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the served app keeps its weights and runs."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def address(folder: Path) -> Iterator[str]:
    """The app's address."""
    with serve(folder) as served:
        yield served


@pytest.fixture(scope="module")
def browser(address: str) -> Iterator[object]:
    """Chromium. Not longer than a file: playwright's event loop would be in the way of other tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser) -> Iterator[object]:
    """A fresh visitor at a desk."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    yield context.new_page()
    context.close()
