"""What browser tests share: the app as one server, a Chromium for each test file, a page for each test.

Files whose tests start or delete runs have a server of their own: `own_address`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from app_server import BROWSER, FLAGS, PATIENCE, need_browser, serve


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the served app keeps its weights and runs."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="session")
def address(folder: Path) -> Iterator[str]:
    """The app's address."""
    with serve(folder) as served:
        yield served


@pytest.fixture(scope="module")
def own_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the app of one file keeps its weights and runs."""
    return tmp_path_factory.mktemp("own")


@pytest.fixture(scope="module")
def own_address(own_folder: Path) -> Iterator[str]:
    """The address of an app for one file alone."""
    with serve(own_folder) as served:
        yield served


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    """Chromium. Not longer than a file: playwright's event loop would be in the way of other tests."""
    need_browser()
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
