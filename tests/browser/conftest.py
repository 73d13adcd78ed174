"""What browser tests share: the app as a server and a Chromium, both for the whole folder; a page for each test.

Files whose tests start or delete runs have a server of their own: `own_address`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from app_server import BROWSER, FLAGS, PATIENCE, need_browser, serve

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All tests of this folder are browser tests; one that a busy machine has starved gets a second try."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.browser)
            item.add_marker(pytest.mark.flaky(reruns=1))


@pytest.fixture(scope="package")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The app's address."""
    with serve(tmp_path_factory.mktemp("served")) as served:
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


@pytest.fixture(scope="package")
def browser() -> Iterator[object]:
    """Chromium. For this folder only: playwright's event loop would be in the way of other tests."""
    need_browser()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser) -> Iterator[object]:
    """A fresh visitor at a desk, in whose browser no script may fail."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE)
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("console", lambda said: problems.append(said.text) if "BidiComponent Error" in said.text else None)
    yield opened
    context.close()
    assert not problems
